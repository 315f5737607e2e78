# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What the proxy says of its own requests: its log of the last ten minutes, since its counters never go back.

# look_at_traffic: the log is read once, and no more of it than 20,000 lines.
look_at_traffic() {
  local log
  case $(sed -n "s/^LINKERD2_PROXY_LOG='\(.*\)'\$/\1/p" "${etc}/mesh.env" "${etc}/machine.env") in
    '' | *info* | *debug* | *trace*) ;;
    *) unchecked 'whether policies refuse requests: the log of the proxy (LINKERD2_PROXY_LOG) is without level info' ;;
  esac
  log=$(proxy_log '-600s' 'Remote proxy error.*unauthorized|(Request|Connection) denied|as opaque due to policy|after timeout: ')
  look_at_workload
  look_at_refusals "${log}"
  look_at_detection "${log}"
}

# proxy_log SINCE PATTERN: its lines with it, the newest first, without time and level.
proxy_log() {
  timeout 5 journalctl -qr -n 20000 -u linkerd-proxy --since "$1" -o cat --no-pager 2>/dev/null | grep -E "$2" |
    sed 's/^\[[^]]*\] *[A-Z]* ThreadId([0-9]*) *//' || :
}

# look_at_workload: each port of a workload that the policy controller does not know is asked about again once a minute.
look_at_workload() {
  local said
  said=$(proxy_log '-75s' 'unknown server' | head -n 1)
  [ -n "${said}" ] || return 0
  finding workload-unknown "$(workload_key ns)" "$(workload_key external_workload)" "${said}"
}

# look_at_refusals LOG: by policies of peers, and by ours of meshed clients. That ours refuse others is what they are for.
look_at_refusals() {
  local said
  said=$(printf '%s\n' "$1" | grep 'Remote proxy error')
  [ -z "${said}" ] || finding peer-refuses "$(identity ID)" "$(tell_lines "${said}")"
  said=$(printf '%s\n' "$1" | grep -E '(Request|Connection) denied.*client_id: Some')
  [ -z "${said}" ] || finding refuses-peers "$(who_refuses "${said}")" "$(workload_key ns)" "$(tell_lines "${said}")"
}

# tell_lines LINES: how many there are, and the newest.
tell_lines() { echo "$(echo "$1" | wc -l) in 10 minutes; the last: $(echo "$1" | head -n 1)"; }

# who_refuses LINES: the kind and the name of what refused.
who_refuses() { echo "$1" | head -n 1 | sed -n 's/.*server\.kind=\([^ ]*\) server\.name=\([^ ]*\).*/\1 \2/p'; }

# look_at_detection LOG: who speaks first is waited for, 10 s each time. In with TLS it is in the log; in without, the proxy counts
# it, by the port that was dialled; out, it is in the log.
look_at_detection() {
  local said ports
  said=$(printf '%s\n' "$1" | grep -E 'as opaque due to policy|after timeout: ')
  ports=$(printf '%s\n' "${said}" | sed -nE 's/.*server\{port=([0-9]+)\}.*/\1/p; s/.*proxy\{addr=[^}]*:([0-9]+)\}.*/\1/p' | sort -un | tr '\n' ' ')
  if [ -z "${ports}" ]; then
    said=$(query metrics | grep '^inbound_tcp_errors_total{.*tls detection timeout')
    ports=$(printf '%s\n' "${said}" | awk '$NF >= 3' | sed -n 's/.*target_addr="[^"]*:\([0-9]*\)".*/\1/p' | sort -un | tr '\n' ' ')
  fi
  [ -z "${ports}" ] || finding protocol-timeout "${ports% }" "$(tell_lines "${said}")"
}
