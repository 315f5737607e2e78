# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Takes everything away again.

leave() {
  if [ ! -e "${etc}/mesh-machine.conf" ]; then
    say 'nothing of the mesh is here: nothing to do'
    return 0
  fi
  # The retry first, so that nothing joins behind us; then the target, whose stop takes the rules before the proxy.
  systemctl stop mesh-machine-join.timer mesh-machine-join 2>/dev/null || :
  lock 8 60 || busy
  list=$(files '' | sed -n "s|^${units}/||p")
  end_trial
  # shellcheck disable=SC2086
  { systemctl stop linkerd-mesh.target; systemctl -q disable ${list}; systemctl stop ${list}; } 2>/dev/null || :
  unload
  rm -f "${off}" $(files '' | grep -v '^/opt\|sbin\|machine\.conf')
  systemctl daemon-reload
  # Without a name it would be for the units of others.
  # shellcheck disable=SC2086
  systemctl reset-failed linkerd-mesh.target ${list} 2>/dev/null || :
  for v in /opt/linkerd/[cp]* /opt/spire/[cp]*; do [ ! -e "${v}/.meshjoin" ] || rm -f "${v}"; done
  prune
  users leave_user
  ! managed || rm -rf /var/lib/spire-agent /run/spire/agent
  unreserve || :
  rm -rf "${state}" "${run}" /run/linkerd-proxy
  # Last, so that a leave that was cut short can be run again.
  rm -f /usr/local/sbin/mesh-machine* "${etc}/mesh-machine.conf"
  rmdir /opt/linkerd /opt/spire "${etc}" /etc/spire /run/spire /etc/sysusers.d 2>/dev/null || :
  if [ -e "${JOIN_TOKEN_FILE}" ]; then say "${JOIN_TOKEN_FILE} stays: you put it there"; fi
  say 'this machine has left the mesh'
}
