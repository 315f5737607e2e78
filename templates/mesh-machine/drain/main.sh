# shellcheck shell=sh disable=SC2046,SC2154,SC2310,SC2312
# What it was asked for.

wait=0
case ${1-}:$# in
  :0) ;;
  --wait:2) wait=$2 ;;
  # What mesh-machine leaves to this program.
  leave:1 | upgrade:1) say_order "$1" $(known_as) ;;
  *) usage ;;
esac
case ${wait} in '' | *[!0-9]* | ??????*) usage ;; *) ;; esac
is_root || fail root
if [ "${1-}" = upgrade ]; then exit; fi
if ! is_idle && [ "${wait}" -gt 0 ]; then
  list_connections || :
  say "waiting up to ${wait} s for them to end"
  within "${wait}" is_idle || :
fi
! list_connections || [ "${1-}" = leave ]
