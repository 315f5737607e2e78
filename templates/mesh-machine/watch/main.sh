# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
[ "$#" -eq 0 ] || usage
is_root || fail root
load_configuration
watch_changes
