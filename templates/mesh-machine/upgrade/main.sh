# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
while [ "$#" -gt 0 ]; do
  case $#:${2-} in 1:* | *: | *:*[!0-9]* | *:??????*) usage ;; *) ;; esac
  case $1 in --wait) wait=$2 ;; --drain) drain=$2 ;; *) usage ;; esac
  shift 2
done
is_root || fail root
load_configuration
use_new_files
