# shellcheck shell=sh disable=SC2046,SC2086,SC2154,SC2310,SC2312,SC3043
# Takes everything away again.

# verb_leave: the retry first, so that nothing joins behind us; then the target, whose stop takes the rules before the proxy;
# the program last, so that a leave that was cut short can be run again.
verb_leave() {
  local list file
  optional mesh-machine-drain leave
  systemctl stop mesh-machine-join.timer mesh-machine-join 2>/dev/null || :
  lock 8 60 || fail locked
  list=$(our_files '' | sed -n "s|^${units}/||p")
  end_trial
  { systemctl stop linkerd-mesh.target; systemctl -q disable ${list}; systemctl stop ${list}; } 2>/dev/null || :
  unload_all
  rm -f "${off}" $(our_files '' | grep -v '^/opt\|sbin\|machine\.conf')
  systemctl daemon-reload
  # Without a name it would be for the units of others.
  systemctl reset-failed linkerd-mesh.target ${list} 2>/dev/null || :
  for file in /opt/linkerd/[cp]* /opt/spire/[cp]*; do [ ! -e "${file}/.meshjoin" ] || rm -f "${file}"; done
  prune
  for_each_user remove_user
  ! owns_agent || rm -rf /var/lib/spire-agent /run/spire/agent
  release_ports || :
  optional mesh-machine-server leave
  optional mesh-machine-resolver leave
  rm -rf "${state}" "${run}" /run/linkerd-proxy
  rm -f /usr/local/sbin/mesh-machine* "${etc}/mesh-machine.conf"
  rmdir /opt/linkerd /opt/spire "${etc}" /etc/spire /run/spire /etc/sysusers.d 2>/dev/null || :
  [ ! -e "${JOIN_TOKEN_FILE}" ] || say "${JOIN_TOKEN_FILE} stays: you put it there"
  say 'this machine has left the mesh'
}
