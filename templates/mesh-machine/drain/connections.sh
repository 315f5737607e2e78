# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# What is open through the proxy: a proxy that stops waits for it, and takes nothing new meanwhile.

# open_peers PORT: who is connected to this port of the proxy, one a line. What has only its own end left drains no longer.
open_peers() {
  ss -Htn sport = ":$1" 2>/dev/null |
    sed -n 's/\[::ffff:\([0-9.]*\)\]/\1/g;s/^\(ESTAB\|CLOSE-WAIT\) *[0-9]* *[0-9]* *[^ ]* *\([^ ]*\).*/\2/p' | sort
}

# open_connections: each as "in PEER" or "out PEER".
open_connections() {
  open_peers 4143 | sed 's/^/in /'
  open_peers 4140 | sed 's/^/out /'
}

# is_idle: whether none is open.
is_idle() { [ -z "$(open_connections)" ]; }

# dialled_port PEER: what it dialled, where the kernel shows what it tracks. Peers of the mesh dial the proxy itself.
dialled_port() {
  sed -n 's/^.* ESTABLISHED src='"${1%:*}"' dst=[^ ]* sport='"${1##*:}"' dport=\([0-9]*\) .*/\1/p' /proc/net/nf_conntrack 2>/dev/null |
    sed '1!d;s/^4143$/ of the mesh/;s/^[0-9]/ to port &/'
}

# dialler PEER: the program behind it, and what that dialled.
dialler() {
  ss -Htnp src "$1" 2>/dev/null |
    sed -n '1{s/\[::ffff:\([0-9.]*\)\]/\1/g
      s/^[^ ]* *[0-9]* *[0-9]* *[^ ]* *\([^ ]*\) *users:(("\([^"]*\)",pid=\([0-9]*\).*/\2[\3] to \1/p;}'
}

# describe_connection WAY PEER: for people; in or out.
describe_connection() {
  local from
  if [ "$1" = in ]; then
    from=$2$(dialled_port "$2" || :)
  else from=$(dialler "$2" || :); fi
  echo "$1: ${from:-$2}"
}

# list_connections: says them, of many the first; false where none is open.
list_connections() {
  local all count one words='connections are'
  all=$(open_connections)
  if [ -z "${all}" ]; then
    say 'no connection is open through the proxy'
    return 1
  fi
  count=$(printf '%s\n' "${all}" | wc -l)
  [ "${count}" -gt 1 ] || words='connection is'
  say "${count} ${words} open through the proxy:"
  printf '%s\n' "${all}" | head -n 10 | while read -r one; do
    # shellcheck disable=SC2086 # two words, neither of them a pattern of a file below /
    say "  $(one_line "$(describe_connection ${one})")"
  done
  [ "${count}" -le 10 ] || say "  and $((count - 10)) more"
}
