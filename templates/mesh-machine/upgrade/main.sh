# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# What it was asked for.

trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
[ "$#" -eq 0 ] || usage
is_root || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
load_conf
upgrade
