# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

if [ "${1-}" = --packages ]; then
  shift
  name_packages "$@"
  exit
fi
trap finish EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in :0 | --before*:2) ;; *) usage ;; esac
is_root || fail root
load_configuration
if [ "$#" -eq 0 ]; then check_redirect; fi
# Where whoever asks notes why it went no further.
failure_file=$2
report_saved || :
check_provider
refuse_made_by_hand
refuse_untracked
refuse_cleared_credentials
refuse_missing_credentials
refuse_closed_socket
try_rules
