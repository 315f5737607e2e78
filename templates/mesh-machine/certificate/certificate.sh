# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# Notes for the status what is the matter with a machine that has joined, and says so once: on the console and in the journal.

# look_around: what the timer runs. Of several troubles the last one told stands in the status.
look_around() {
  find_troubles
  # What was just started still connects.
  if is_news control-plane "${away}" || is_news port "${port}"; then
    sleep 3
    find_troubles
  fi
  printf '%s\n' "${connected}" >"${run}/connected.new"
  mv -f "${run}/connected.new" "${run}/connected"
  if "${is_late}"; then printf '%s\n' "${shown}" >"${run}/late"; else rm -f "${run}/late"; fi
  tell_end control-plane "${away}" 'the control plane answers again'
  tell_end port "${port}" 'the proxy listens again'
  tell_end certificate "${late}" "the certificate is renewed, and ${ends}"
  tell_trouble control-plane "${away}"
  tell_trouble port "${port}"
  tell_trouble certificate "${late}"
  publish
}

# find_troubles: sets away, port, late, ends, is_late and connected; the first three empty where all is well; a hyphen is said of
# what cannot be known while the proxy starts, or has no certificate at all. Until it has one nothing of us goes to the cluster.
find_troubles() {
  away=- connected=null
  late=- is_late=false port=- ends=''
  has_certificate || :
  if [ -n "${shown}" ]; then
    certificate_age
    late=''
    if "${is_late}"; then
      find_reason
      late="${why} ${ends}"
    fi
  fi
  if proxy_listens; then
    port=''
    [ -z "${shown}" ] || look_at_control_plane
  elif is_active linkerd-proxy; then port=closed; fi
  has_joined || away=-
}

# is_news KIND WORDS: a trouble that was not told.
is_news() { case $2 in '' | -) false ;; *) [ ! -e "${run}/told.$1" ] ;; esac; }

# tell_end KIND WORDS END: what was told, and is well again.
tell_end() {
  [ -z "$2" ] && [ -e "${run}/told.$1" ] || return 0
  say "$3"
  write_console "$3" || :
  rm -f "${run}/told.$1" "${run}/said" "${run}/failure"
}

# tell_trouble KIND WORDS: to the console and the journal where it is other than it was told; to the status in any case.
tell_trouble() {
  local told="${run}/told.$1"
  case $2 in
    '' | -) ;;
    "$(cat "${told}" 2>/dev/null)") (hush; fail_as "$1") 2>/dev/null || : ;;
    *)
      (fail_as "$1") || :
      printf '%s\n' "$2" >"${told}"
      ;;
  esac
}

# hush: the console has been told.
# shellcheck disable=SC2317
hush() { write_console() { false; }; }

# fail_as KIND: the failure that stands in the status.
fail_as() {
  local service
  case $1 in
    control-plane) fail control-plane-away "$(for service in ${away}; do control_address "${service}"; done | paste -sd' ' -)" ;;
    port) fail proxy-not-listening ;;
    *) fail_as_late ;;
  esac
}

# fail_as_late: why the certificate is not renewed.
fail_as_late() {
  case ${why} in
    entry) fail no-entry "${ends}" "$(identity ID)" ;;
    refused) fail certificate-refused "${ends}" "${evidence#*error=}" ;;
    server) fail server-away "${ends}" "${AGENT_SERVER:+ ${AGENT_SERVER}}" ;;
    spent) fail join-token "${AGENT_SERVER}" "${JOIN_TOKEN_FILE}" ;;
    trust) fail server-not-trusted "${AGENT_SERVER}" ;;
    attestation) fail not-attested "${ends}" "${AGENT_SERVER}" ;;
    agent) fail agent-away "${ends}" "${AGENT_SOCKET}" ;;
    *) fail not-renewed "${ends}" ;;
  esac
}
