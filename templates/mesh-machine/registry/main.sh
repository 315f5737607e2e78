# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
[ "$#" -eq 3 ] || usage
is_root || fail root
load_configuration
failure_file=$3
fetch_blob "$1" "$2"
