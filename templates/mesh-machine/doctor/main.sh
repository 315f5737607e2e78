# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# What it was asked for.

trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in :0 | --before*:2) ;; *) usage ;; esac
is_root || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
load_conf
if [ "$#" -eq 0 ]; then check_rules; fi
# Where whoever asks notes why it went no further.
# shellcheck disable=SC2034
note=$2
check_resolver
refuse_by_hand
refuse_untracked
refuse_cleared
try_rules
