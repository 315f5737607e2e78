# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
case ${1-} in up | confirm | expire | overdue) ;; *) usage ;; esac
is_root || fail root
load_configuration
"trial_$1" "${2-}"
