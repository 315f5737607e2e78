# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Does the proxy run, and do its own ports answer?

# look_at_process: its unit, then its ports. One that does not run for other reasons shows no certificate, which is a finding of
# its own.
look_at_process() {
  local times
  if [ "$(property linkerd-proxy ExecMainStatus)" = 64 ]; then
    finding proxy-settings "${PROXY_VERSION:-of yours}" \
      "$(newest_line 'LINKERD2_PROXY_[A-Z_0-9]+=' -u linkerd-proxy); $(newest_line Invalid -u linkerd-proxy)"
    return
  fi
  times=$(property linkerd-proxy NRestarts)
  if [ "${times:-0}" -ge 2 ] && is_young; then
    finding proxy-restarts "${times}" "$(last_end)"
  elif [ "$(property linkerd-proxy SubState)" = running ]; then look_at_listeners; fi
}

# is_young: has not run for 20 s, or not at all.
is_young() {
  local since
  [ "$(property linkerd-proxy SubState)" = running ] || return 0
  since=$(property linkerd-proxy ActiveEnterTimestampMonotonic)
  [ "$(seconds)" -lt "$((${since:-0} / 1000000 + 20))" ]
}

# last_end: how it ended, in systemd's words, and its own last ones, or those of what runs around it.
last_end() {
  local said
  newest_line 'Main process exited|Control process exited' -u linkerd-proxy
  said=$(newest_line 'panicked|ERROR' "$(of_this_start linkerd-proxy)")
  [ -n "${said}" ] || said=$(newest_line 'mesh-machine: ' -u linkerd-proxy)
  printf '%s' "${said:+; ${said}}"
}

# look_at_listeners: 200 from /ready is no proof of open ports.
look_at_listeners() {
  if ! answers '[1-5]'; then
    finding admin-silent "${ADMIN_URL}" "$(ss -Hltn "sport = :${ADMIN_URL##*:}" 2>/dev/null | head -n 1)"
  elif ! proxy_listens && answers 200; then
    finding proxy-deaf "/ready says 200, and nobody listens on 4143; $(newest_line 'panicked|SVID|identity' -u linkerd-proxy)"
  elif ! is_young; then look_at_connections; fi
}

# look_at_connections: to the control plane, as the proxy counts them. Where packets are dropped it takes its proxy half a minute to
# notice. That a port is closed is a finding before.
look_at_connections() {
  local lost
  lost=$(query metrics | sed -n 's/^control_\(destination\|policy\)_balancer_endpoints{.*endpoint_state="ready".*} 0\(\.0\)*$/\1/p' |
    sort -u | tr '\n' ' ')
  [ -z "${lost}" ] || finding control-plane-lost "${lost% }" \
    "control_*_balancer_endpoints, ready: 0; $(newest_line 'controller.*(WARN|Failed|rror)' -u linkerd-proxy)"
}
