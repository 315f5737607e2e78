# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
[ "$#" -eq 0 ] || usage
is_root || fail root
load_configuration
metrics_file=${TEXTFILE_DIRECTORY}/meshjoin.prom
keep_metrics
