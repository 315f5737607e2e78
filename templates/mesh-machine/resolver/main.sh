# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

trap finish EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in apply:1 | refresh:1 | leave:1) ;; *) usage ;; esac
is_root || fail root
load_configuration
# As mesh-machine-upgrade does, which calls this while it is at work.
[ ! -e "${state}/upgrade" ] || failure_file=${state}/undone
case $1 in
  apply)
    mkdir -p "${run}" "${state}"
    # A rollback goes on whatever a resolver says.
    if grep -qsx back "${state}/upgrade"; then (apply_provider) || :; else apply_provider; fi
    ;;
  refresh) refresh_hosts ;;
  *)
    RESOLVER_PROVIDER=none
    take_others
    ;;
esac
