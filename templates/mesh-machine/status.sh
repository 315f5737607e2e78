# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# What is the matter here, as status.json.

publish() {
  mkdir -p "${run}"
  if joined_now; then
    word=joined
    rm -f "${run}/failure" "${run}/said" "${run}/refused"
    if [ ! -e "${run}/announced" ] && console "joined the mesh as $(server ID)"; then : >"${run}/announced"; fi
  elif marked; then word=degraded; elif [ -e "${run}/refused" ]; then word=refused; else word=joining; fi
  cat >"${run}/status.$$" <<STATUS
{
  "version": 1,
  "updated": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "state": "${word}",
  "spiffeId": $(json "$(server ID)"),
  "agent": {"unit": "$(property spire-agent ActiveState)", "socket": $(truth listening)},
  "proxy": {"unit": "$(property linkerd-proxy ActiveState)", "ready": ${up},
    "expires": $(date -ud "${expires:-never}" +'"%FT%TZ"' 2>/dev/null || echo null)},
  "redirect": {"unit": "$(property linkerd-redirect ActiveState)", "off": $(truth disabled), "second": $(truth second)},
  "failure": $(cat "${run}/failure" 2>/dev/null || echo null),
  "undone": $(cat "${state}/undone" 2>/dev/null || echo null)
}
STATUS
  mv -f "${run}/status.$$" "${run}/status.json"
}

status() {
  if is_root; then publish; fi
  cat "${run}/status.json"
}

# last_words UNIT PATTERN...: the newest line with the first of the patterns that any has; of a proxy since its start.
last_words() {
  of=$1
  shift
  for words; do
    journalctl -ru "${of}" --since "-$(seconds)s" -o cat --no-pager 2>/dev/null | sed '/ by .* on 20/q' | grep -Em 1 "${words}" && return
  done || :
}

# Why this machine has not joined, or is not well.
explain() {
  if ready; then
    if ! in_charge; then words=$(last_words linkerd-redirect 'mesh-machine: '); elif amiss; then words="${t}: ${words}"; else words=''; fi
    [ -z "${words}" ] || fail 6 rules "${words#mesh-machine: }" 'mesh traffic goes in plain text' 'see journalctl -u linkerd-redirect'
  fi
  if listening; then
    if [ "$(property linkerd-proxy ExecMainStatus)" = 64 ]; then
      fail 5 proxy-settings "the proxy refuses its settings: $(last_words linkerd-proxy Invalid)" "${etc}/*.env does not suit proxy ${PROXY_VERSION}" \
        'correct the document, generate and copy again'
    fi
    fail 5 proxy-not-ready "the proxy is not ready: ${expires:+its certificate ends ${expires}; }$(last_words linkerd-proxy ERROR 'mesh-machine: ')" 'there is no mesh traffic yet' \
      "see journalctl -u 'linkerd-*' -u spire-agent"
  fi
  managed || fail 5 no-agent "nothing listens on ${AGENT_SOCKET}" 'the SPIRE agent of this machine is not running' 'start it'
  words=$(last_words spire-agent 'level=(error|warning)|nable|nvalid')
  case $(if [ -n "${JOIN_TOKEN_FILE}" ] && [ ! -s "${JOIN_TOKEN_FILE}" ]; then echo missing; fi):${words} in
    *'already been used'* | missing:*'no token'*)
      fail 5 join-token "the SPIRE server ${AGENT_SERVER} takes no join token from this machine" \
        "that in ${JOIN_TOKEN_FILE} is missing, used or too old" 'put one of spire-server token generate there' ;;
    *'unknown authority'*)
      fail 5 server-not-trusted "the SPIRE server ${AGENT_SERVER} is not trusted" \
        '/etc/spire/bundle.pem is not its bundle, or the clock is wrong' 'compare with spire-server bundle show' ;;
    *)
      fail 5 no-identity "the SPIRE agent has no identity: ${words}" "SPIRE server ${AGENT_SERVER} is away or refuses" \
        'see that it is up and can be reached' ;;
  esac
}
