# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# Whom does SPIRE take this machine for, and what does its proxy show?

# look_at_identities: those that the proxy's user is given. The command prints no key.
look_at_identities() {
  local said found own
  own=$(identity ID)
  if [ "${IDENTITY_PROOF}" != svid ] || [ ! -x "$(agent_path)" ]; then
    unchecked 'the identities that SPIRE gives: no command can ask for the proxy'
    return
  fi
  said=$(as_proxy timeout 4 "$(agent_path)" api fetch x509 -socketPath "${AGENT_SOCKET}" -timeout 3s 2>&1) || {
    finding no-entry "${PROXY_USER}" "${own}" "${said}"
    return
  }
  said=$(printf '%s\n' "${said}" | sed -n 's/^SPIFFE ID:[[:space:]]*//p')
  for found in ${said}; do
    [ "${found}" != "${own}" ] || continue
    case "
${said}
" in
      *"
${own}
"*) finding second-identity "${found}" "given to uid ${PROXY_UID}: $(one_line "${said}")" ;;
      *) finding wrong-identity "${found}" "${own}" "given to uid ${PROXY_UID}: $(one_line "${said}")" ;;
    esac
  done
}

# look_at_proxy: what it shows on its admin port, as has_certificate asks for it, with its chain. Sets shown.
look_at_proxy() {
  local said certificate found
  said=$(timeout 3 openssl s_client -connect "${ADMIN_URL#*//}" -servername "$(identity NAME)" -CAfile /dev/fd/3 </dev/null 2>/dev/null 3<<ANCHORS
$(trust_anchors)
ANCHORS
  ) || :
  certificate=$(printf '%s\n' "${said}" | openssl x509 -noout -dates -checkend 0 -ext subjectAltName -text 2>/dev/null) || :
  if [ -z "${certificate}" ]; then
    blame_proxy
    return
  fi
  shown=${certificate}
  found=$(printf '%s\n' "${certificate}" | sed -n 's/.*URI:\(spiffe:[^, ]*\).*/\1/p' | head -n 1)
  [ "${found}" = "$(identity ID)" ] || finding old-identity "${found}" "$(identity ID)"
  found=$(printf '%s\n' "${certificate}" | sed -n 's/.*DNS:\([^, ]*\).*/\1/p' | head -n 1)
  [ -z "${found}" ] || finding dns-name "${found}" "$(identity ID)"
  found=$(printf '%s\n' "${said}" | sed -n 's/.*Verify return code: //p' | head -n 1)
  # 10: it has ended, which is a finding of its own; 9: the clock is.
  case ${found} in '0 '* | '10 '* | '9 '*) ;; *) finding untrusted-chain "openssl: ${found}" ;; esac
  look_at_key "${certificate}"
  look_at_time
}

# blame_proxy: why it shows none, in its own words.
blame_proxy() {
  local said
  said=$(newest_line 'processing SVID' -u linkerd-proxy)
  case ${said} in
    *UnknownIssuer*) finding untrusted-chain "${said}" ;;
    *) finding no-certificate "its unit is $(property linkerd-proxy ActiveState)${said:+; ${said}}" ;;
  esac
  look_at_key ''
}

# look_at_key TEXT: of the certificate, and of those to come.
look_at_key() {
  local found
  found=$(sed -n 's/.*"workload_x509_svid_key_type": *"\([^"]*\)".*/\1/p' /etc/spire/agent.json 2>/dev/null) || :
  case $1 in
    '' | *prime256v1*) ;;
    *) found=$(printf '%s\n' "$1" | sed -n 's/ *Public Key Algorithm: //p') ;;
  esac
  case ${found} in '' | ec-p256) ;; *) finding key-type "${found}" ;; esac
}

# look_at_time: of the certificate that is shown, and of the clock.
look_at_time() {
  certificate_age
  lasts "${ends}"
  if [ "${age}" -lt 0 ]; then
    finding clock-wrong "$(date -u +%FT%TZ)" "the certificate begins $(utc "$(dated Before)")"
  elif "${is_late}"; then
    find_reason
    if [ "${rest}" -gt 0 ]; then
      finding not-renewed "${ends}" "$(utc "$(dated Before)" | tr -d '"')" "${evidence:-the agent says nothing of it}"
    else finding certificate-ended "${ends}" "${evidence:-the agent says nothing of it}"; fi
  fi
}
