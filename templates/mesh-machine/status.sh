# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# What is the matter here, as status.json and as a failure.

# utc TIME: as JSON.
utc() { date -ud "${1:-never}" +'"%FT%TZ"' 2>/dev/null || echo null; }

# publish: writes /run/mesh-machine/status.json whole. mesh-machine-certificate notes a certificate that is not renewed, and
# whether the control plane answers; where it is not there, the proxy's own numbers of connections say that.
publish() {
  local word connected
  mkdir -p "${run}"
  connected=$(cat "${run}/connected" 2>/dev/null || echo null)
  if is_joined && [ "${shown}" != "$(cat "${run}/late" 2>/dev/null)" ] &&
    case ${connected} in
      null) ! query metrics | grep -q '^control_.*"ready".*} 0' ;;
      *false*) false ;;
      *) ;;
    esac; then
    word=joined
    rm -f "${run}/failure" "${run}/said" "${run}/refused"
    [ -e "${run}/announced" ] || ! write_console "joined the mesh as $(identity ID)" || : >"${run}/announced"
  elif has_joined; then word=degraded; elif [ -e "${run}/refused" ]; then word=refused; else word=joining; fi
  cat >"${run}/status.$$" <<STATUS
{
  "version": 1,
  "updated": $(utc now),
  "state": "${word}",
  "spiffeId": $(json "$(identity ID)"),
  "agent": {"unit": "$(property spire-agent ActiveState)", "socket": $(boolean agent_listens)},
  "proxy": {"unit": "$(property linkerd-proxy ActiveState)", "ready": ${up}},
  "certificate": {"expires": $(utc "$(dated After)"), "refreshed": $(utc "$(dated Before)")},
  "connected": ${connected},
  "redirect": {"unit": "$(property linkerd-redirect ActiveState)", "off": $(boolean redirect_is_off), "second": $(boolean yields)},
  "failure": $(cat "${run}/failure" 2>/dev/null || echo null),
  "workload": $(cat "${state}/workload" 2>/dev/null || echo null),
  "undone": $(cat "${state}/undone" 2>/dev/null || echo null)
}
STATUS
  mv -f "${run}/status.$$" "${run}/status.json"
}

# finish: what every program does at its end, however that comes.
finish() {
  [ -z "${work}" ] || rm -rf "${work}"
  [ -z "${failed}" ] || publish || :
}

# verb_status: prints it.
verb_status() {
  ! is_root || publish
  cat "${run}/status.json"
}

# is_healthy: joined, and with the units and the rules that it should have.
is_healthy() { is_active linkerd-proxy && is_joined && { ! redirect_is_active || ! find_rule_fault; }; }

# is_settled: healthy, or known not to become so by itself. A restart that is still to come would let the proxy of before
# answer. An upgrade does not wait for a second try.
is_settled() {
  [ -z "$(property linkerd-proxy Job)" ] || return 1
  is_healthy || case ${detach}$(property linkerd-proxy SubState)$(property linkerd-proxy NRestarts) in
    *failed* | auto-restart* | start*[1-9]*) ;;
    *) false ;;
  esac
}

# last_message UNIT PATTERN...: the newest line with the first of the patterns that any has; of a proxy since its start.
last_message() {
  local pattern unit="$1"
  shift
  for pattern; do
    journalctl -ru "${unit}" --since "-$(seconds)s" -o cat --no-pager 2>/dev/null |
      sed '/ by .* on 20/q' | grep -Em 1 "${pattern}" && return
  done || :
}

# fail_with_reason: why this machine has not joined, or is unhealthy.
fail_with_reason() {
  local fault=''
  if proxy_ready; then
    if ! redirect_is_active; then fault=$(last_message linkerd-redirect 'mesh-machine: '); else find_rule_fault || :; fi
    [ -z "${fault}" ] || fail rules "${fault#mesh-machine: }"
  fi
  if agent_listens; then
    [ "$(property linkerd-proxy ExecMainStatus)" != 64 ] ||
      fail proxy-settings "$(last_message linkerd-proxy Invalid)" "${PROXY_VERSION}"
    fail proxy-not-ready "$(last_message linkerd-proxy ERROR 'mesh-machine: ')"
  fi
  owns_agent || fail no-agent "${AGENT_SOCKET}"
  fault=$(last_message spire-agent 'rror="[^s]|nable|nvalid|redential')
  case $(if [ -n "${JOIN_TOKEN_FILE}" ] && [ ! -s "${JOIN_TOKEN_FILE}" ]; then echo missing; fi):${fault} in
    *'already been used'* | missing:*'no token'*) fail join-token "${AGENT_SERVER}" "${JOIN_TOKEN_FILE}" ;;
    *'unknown authority'*) fail server-not-trusted "${AGENT_SERVER}" ;;
    *) fail no-identity "${AGENT_SERVER}" "${fault}" ;;
  esac
}
