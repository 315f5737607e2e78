# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# How old the certificate is, and what SPIRE and the proxy say about the next one. The doctor has this part, too.

# certificate_age: sets age of the certificate that was shown, its life and its rest, in seconds; ends, in words; and is_late.
# SPIRE renews at half of a certificate's life, give or take a tenth of that, and looks every 5 s.
certificate_age() {
  local now begin end
  now=$(date +%s) begin=$(date -d "$(dated Before)" +%s) end=$(date -d "$(dated After)" +%s)
  age=$((now - begin)) life=$((end - begin)) rest=$((end - now))
  ends="ends $(utc "$(dated After)" | tr -d '"')" is_late=false
  [ "${rest}" -gt 0 ] || ends=$(echo "${ends}" | sed 's/^ends/ended/')
  if [ "${rest}" -le 0 ] || [ "${age}" -gt "$((life * 3 / 5 + 10))" ]; then is_late=true; fi
}

# newest_line PATTERN OPTIONS of journalctl...: of the last ten minutes, without its time and its level.
newest_line() {
  local pattern="$1"
  shift
  one_line "$(timeout 4 journalctl -qr "$@" --since -600s -o cat --no-pager 2>/dev/null | grep -Em 1 "${pattern}" |
    sed 's/^time="[^"]*" level=[a-z]* //; s/^\[[^]]*\] *[A-Z]* ThreadId([0-9]*) *//')"
}

# of_this_start UNIT: what it has said since it was started last, for journalctl.
of_this_start() { echo "_SYSTEMD_INVOCATION_ID=$(property "$1" InvocationID)"; }

# find_reason: why there is no newer certificate. Sets why, a word, and evidence, the line from which that is known. An agent
# that cannot reach its server waits up to minutes before it tries again; the proxy asks its agent every second.
find_reason() {
  evidence='' why=other
  if agent_listens; then
    evidence=$(newest_line 'dentity issued|Synchronize failed|re-attest|banned|processing SVID|level=error msg="Failed to' \
      "$(of_this_start spire-agent)" "$(of_this_start linkerd-proxy)")
  else
    why=agent
    # One that was stopped has last said something else.
    ! owns_agent || [ "$(property spire-agent ActiveState)" = inactive ] ||
      evidence=$(newest_line 'level=(error|warning)|nable|nvalid' -u spire-agent)
  fi
  case ${evidence} in
    *'no matching SVID'* | *'dentity issued'*) why=entry ;;
    *'processing SVID'*) why=refused ;;
    *'already been used'* | *'no token'*) why=spent ;;
    *re-attest* | *banned* | *'not attested'* | *'agent SVID'*) why=attestation ;;
    *'unknown authority'*) why=trust ;;
    *Unavailable* | *DeadlineExceeded* | *'connection error'* | *'no such host'*) why=server ;;
    *) ;;
  esac
  # What to do about these is written for an agent that is ours.
  owns_agent || case ${why} in spent | trust | attestation) why=other ;; *) ;; esac
}
