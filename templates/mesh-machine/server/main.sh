# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in :0 | enroll:1 | leave:1) ;; *) usage ;; esac
is_root || fail root
load_configuration
case $* in
  '')
    require_authority
    bring_server
    ;;
  leave) remove_server ;;
  *) enroll ;;
esac
