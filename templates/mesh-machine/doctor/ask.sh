# shellcheck shell=sh disable=SC2154
# How all parts ask.

# as_proxy COMMAND...: with the user and the groups that the proxy has.
as_proxy() { setpriv --reuid="${PROXY_UID}" --regid="${PROXY_UID}" --init-groups "$@"; }
