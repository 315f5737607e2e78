# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# Is there an agent, does its server know it, and may the proxy's user ask it?

# look_at_agent: and, where it listens, at what it gives. "Healthy" is no proof of an attested agent: that answers from what it
# has kept.
look_at_agent() {
  if agent_listens; then
    look_at_attestation
    look_at_server
    ! look_at_socket || look_at_identities
    return
  fi
  find_reason
  case ${why} in
    spent | attestation) blame_attestation "${evidence}" ;;
    trust) blame_trust ;;
    server) finding server-away "${AGENT_SERVER}" "${evidence}" ;;
    *)
      if owns_agent; then
        finding agent-absent "${AGENT_SOCKET}" "the unit is $(property spire-agent ActiveState)${evidence:+; ${evidence}}" \
          'systemctl start spire-agent; see journalctl -u spire-agent'
      else finding agent-absent "${AGENT_SOCKET}" 'nobody answers there' 'start the agent that is yours'; fi
      ;;
  esac
}

# blame_attestation EVIDENCE: with where its join token is, if it has one.
blame_attestation() { finding not-attested "${AGENT_SERVER}" "$1" "${JOIN_TOKEN_FILE:-its place}"; }

# blame_trust: a clock that is behind looks the same to the agent.
blame_trust() {
  case ${evidence} in
    *'not yet valid'*) finding clock-wrong "$(date -u +%FT%TZ)" "${evidence}" ;;
    *) finding server-not-trusted "${AGENT_SERVER}" "${evidence}" ;;
  esac
}

# look_at_attestation: the agent's own certificate. Its key is in another file, which is not opened.
look_at_attestation() {
  local kept=/var/lib/spire-agent/agent-data.json own
  if ! owns_agent; then
    unchecked 'whether the agent is attested: it is yours'
    return
  fi
  own=$(tr -d '[:space:]' 2>/dev/null <"${kept}" | sed -n 's/.*"svid":\["\([^"]*\)".*/\1/p' | base64 -d 2>/dev/null |
    openssl x509 -noout -enddate -checkend 0 2>/dev/null | tr '\n' ' ')
  case ${own} in
    *'not expire'*) ;;
    '') blame_attestation "${kept} has no certificate of the agent" ;;
    *) blame_attestation "certificate of the agent: ${own}" ;;
  esac
}

# look_at_server: a TLS server, whoever signed for it.
look_at_server() {
  local said
  [ -n "${AGENT_SERVER-}" ] || return 0
  said=$(timeout 3 openssl s_client -connect "${AGENT_SERVER}" </dev/null 2>&1) || :
  case ${said} in
    *'BEGIN CERTIFICATE'*) ;;
    *) finding server-away "${AGENT_SERVER}" "${said:-no answer within 3 s}" ;;
  esac
}

# look_at_socket: false where the proxy's user cannot open it, with the first folder that is closed to it.
look_at_socket() {
  local path="${AGENT_SOCKET}" closed=''
  as_proxy test -w "${path}" || closed=${path}
  while [ "${path%/*}" != '' ]; do
    path=${path%/*}
    as_proxy test -x "${path}" || closed=${path}
  done
  [ -n "${closed}" ] || return 0
  finding socket-permissions "${PROXY_USER}" "${AGENT_SOCKET}" "$(stat -c '%A %U:%G %n' "${closed}")"
  return 1
}
