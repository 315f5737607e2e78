# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

# Other programs take the functions above.
case $0 in *mesh-machine-*) return ;; *) ;; esac
trap finish EXIT
trap 'exit 143' TERM INT HUP
verb=${1-}
case ${verb}:$# in
  wait-identity:1 | wait-ready:1) ;;
  upgrade:*) run_program "$@" ;;
  install:1 | reserve:1 | join:1 | joined:1 | leave:1 | status:1 | redirect:[24])
    is_root || [ "${verb}" = status ] || fail root
    ;;
  *) usage ;;
esac
if [ "${verb}" = leave ] && [ ! -e "${etc}/mesh-machine.conf" ]; then
  say 'nothing to do'
  exit
fi
load_configuration
shift
"verb_$(echo "${verb}" | tr - _)" "$@"
