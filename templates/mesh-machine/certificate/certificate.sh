# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# Notes for the status that the certificate is not renewed, and says so once: on the console and in the journal.

# look_at_certificate: what the timer runs. Without any certificate the proxy is not ready, which others say.
look_at_certificate() {
  has_certificate || :
  [ -n "${shown}" ] || return 0
  certificate_age
  if "${is_late}"; then
    find_reason
    printf '%s\n' "${shown}" >"${run}/late"
    if [ "${why} ${ends}" = "$(cat "${run}/late.said" 2>/dev/null)" ]; then
      (fail_as_late) 2>/dev/null || :
    else
      (fail_as_late) || :
      printf '%s\n' "${why} ${ends}" >"${run}/late.said"
    fi
  elif [ -e "${run}/late" ]; then
    say "the certificate is renewed, and ${ends}"
    write_console "the certificate is renewed, and ${ends}" || :
    rm -f "${run}/late" "${run}/late.said" "${run}/said"
  else return 0; fi
  publish
}

# fail_as_late: the failure that stands in the status.
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
