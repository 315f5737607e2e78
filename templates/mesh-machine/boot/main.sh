# shellcheck shell=sh disable=SC1091,SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in :0 | refresh:1) ;; *) usage ;; esac
is_root || fail root
# Machines of the same document whose addresses it has share this program.
[ -e "${etc}/boot.env" ] || exit 0
load_configuration
. "${etc}/boot.env"
find_name
find_addresses
keep_workload "$(identity_to_be)"
if fill_files && [ "$#" -eq 1 ]; then
  # What is loaded has the address of before, and is no rules of this machine until it is loaded anew.
  rm -f "${run}/loaded"
  restart_what_runs || :
fi
