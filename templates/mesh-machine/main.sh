# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Verbs.

# The doctor and the upgrade take the functions above.
case $0 in *mesh-machine-*) return ;; *) ;; esac
trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
verb=${1-}
case ${verb}:$# in
  wait-identity:1 | wait-ready:1) ;;
  install:1 | upgrade:1 | reserve:1 | join:1 | joined:1 | leave:1 | status:1 | resolver-changed:1 | redirect:[24])
    is_root || [ "${verb}" = status ] || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
    ;;
  *) usage ;;
esac
if [ "${verb}" != leave ] || [ -e "${etc}/mesh-machine.conf" ]; then load_conf; fi
shift
"$(echo "${verb}" | tr - _)" "$@"
