# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What the proxy's unit waits for; both times fit its TimeoutStartSec=.

# verb_wait_identity: as the proxy's user, before its start. A proxy that was killed is back at once, one that ends again and
# again waits a second more each time, up to half a minute; half an hour without a start is forgotten.
verb_wait_identity() {
  local starts
  # shellcheck disable=SC2164 # "set -e" ends it
  cd "${RUNTIME_DIRECTORY}"
  # What the proxy is about to read, for follow_resolver: before it waits, or that would restart it for ever.
  nameservers >new
  mv -f new nameservers
  find . -name starts -mmin +30 -delete
  starts=$(tail -n 30 starts 2>/dev/null | wc -l)
  [ "${starts}" -lt 6 ] || { say "start ${starts}: waiting"; sleep "${starts}"; }
  # Without IPv6 there is no ::1 to listen on. The unit reads this before the proxy's own start.
  { has_ipv6 || env | sed -n '/^LINKERD2_PROXY_[A-Z_]*LISTEN_ADDR/{
    s/,\[::1\]:[0-9]*//;s/\[::1\]/127.0.0.1/;s/\[::\]/0.0.0.0/;p;}'; } >ipv4.env
  within 45 can_start || { say "${reason}"; exit 1; }
  echo >>starts
}

# can_start: a listener; the identity, where it can be asked for; and until the first join the control plane's names,
# since what is down then should cost nobody their traffic. Sets reason, why not.
can_start() {
  local name
  reason="nothing listens on ${AGENT_SOCKET}"
  agent_listens || return 1
  if [ "${IDENTITY_PROOF}" = svid ]; then
    reason=$("$(agent_path)" api fetch x509 -socketPath "${AGENT_SOCKET}" -timeout 5s 2>&1) || {
      reason="the SPIRE agent has no identity for $(id -un): $(one_line "${reason}")"
      return 1
    }
    case ${reason} in
      *[[:space:]]"${LINKERD2_PROXY_IDENTITY_SERVER_ID}"*) ;;
      *)
        reason="SPIRE gives $(id -un) another identity than ${LINKERD2_PROXY_IDENTITY_SERVER_ID}"
        return 1
        ;;
    esac
  fi
  ! has_joined || return 0
  # The proxy reads /etc/hosts and asks the servers of /etc/resolv.conf itself, past nsswitch.conf; so does this.
  for name in ${CONTROL_PLANE}; do
    case ${name} in \[*) continue ;; *[!0-9.]*:*) ;; *) continue ;; esac
    if getent -s 'files dns' ahosts "${name%:*}" >/dev/null; then continue; fi
    reason="${name%:*} of the control plane has no address here"
    # In its words; it may be silent for minutes where the servers are.
    ! uses_resolved || reason="${reason}: $(timeout 10 resolvectl query "${name%:*}" 2>&1 | tail -n 1)"
    return 1
  done
}

# verb_wait_ready: behind its start. Without a certificate the proxy would take its whole grace period at SIGTERM, also of a
# stop that comes meanwhile.
verb_wait_ready() {
  local limit=45
  trap 'kill -s KILL "${MAINPID}" 2>/dev/null || :' EXIT
  # An identity that was shown to us comes to the proxy at once.
  [ "${IDENTITY_PROOF}" != svid ] || limit=20
  if within "${limit}" is_decided && "${up}"; then
    trap - EXIT
    return
  fi
  if [ ! -d "/proc/${MAINPID}" ]; then
    say 'the proxy ended before it was ready'
  elif proxy_listens; then
    say "the proxy has no certificate after ${limit} s"
  else say 'the SPIRE agent went away while the proxy started'; fi
  exit 1
}

# is_decided: ready, or never to be. Had the agent gone between our look and the proxy's, the proxy would have lost its
# identity task, and closed its ports.
is_decided() { proxy_ready || [ ! -d "/proc/${MAINPID}" ] || { answers 200 && ! proxy_listens; }; }

# verb_joined: the first ready proxy leaves a mark: from now on "closed" loads the rules before the network is up.
verb_joined() {
  if ! has_joined; then
    mkdir -p "${state}"
    date -u >"${state}/new"
    mv -f "${state}/new" "${state}/joined"
  fi
  publish
}
