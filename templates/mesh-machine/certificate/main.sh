# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

[ "$#" -eq 0 ] || usage
is_root || fail root
load_configuration
mkdir -p "${run}"
look_around
