# shellcheck shell=sh disable=SC2154,SC3043
# How all parts ask.

# as_proxy COMMAND...: with the user and the groups that the proxy has.
as_proxy() { setpriv --reuid="${PROXY_UID}" --regid="${PROXY_UID}" --init-groups "$@"; }

# dialling UID COMMAND...: as a user who may not be there yet, with no group but its own.
dialling() {
  local uid="$1"
  shift
  setpriv --reuid="${uid}" --regid="${uid}" --clear-groups "$@"
}
