# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# The CA with which the server signs. The operator puts it here, and nothing of ours ever reads its key but to compare.

# require_authority: waits for nobody. The join is tried again every half minute.
require_authority() {
  local file missing=''
  for file in "${CA_CERT_FILE}" "${CA_KEY_FILE}" ${CA_BUNDLE_FILE}; do
    [ -s "${file}" ] || missing="${missing} ${file}"
  done
  [ -z "${missing}" ] || fail no-authority "${missing}"
  refuse_authority
}

# refuse_authority: what SPIRE or the proxies would refuse later, with less to say about it.
refuse_authority() {
  local said mode
  mode=$(stat -Lc %a "${CA_KEY_FILE}")
  case ${mode} in
    ?00) ;;
    *) fail authority "${CA_KEY_FILE}" "others can read or change it (mode ${mode})" "chmod 600 ${CA_KEY_FILE}" ;;
  esac
  openssl pkey -in "${CA_KEY_FILE}" -passin pass: -noout 2>/dev/null ||
    fail authority "${CA_KEY_FILE}" 'it is no private key without a password' 'put the key there as PEM, decrypted'
  openssl x509 -in "${CA_CERT_FILE}" -noout 2>/dev/null ||
    fail authority "${CA_CERT_FILE}" 'it is no certificate' 'put the certificate there as PEM'
  [ "$(openssl pkey -in "${CA_KEY_FILE}" -passin pass: -pubout 2>/dev/null)" = "$(openssl x509 -in "${CA_CERT_FILE}" -noout -pubkey)" ] ||
    fail authority "${CA_KEY_FILE}" "it is not the key of ${CA_CERT_FILE}" 'put the two there that belong together'
  # -check_ss_sig is not for us: an anchor is trusted as it is.
  said=$(openssl verify -CAfile "${etc}/trust-anchors.pem" -untrusted "${CA_CERT_FILE}" "${CA_CERT_FILE}" 2>&1) ||
    fail authority "${CA_CERT_FILE}" "no anchor of the mesh has signed it: $(printf '%s\n' "${said}" | sed -n 's/^error [0-9]* at [0-9]* depth lookup: *//p' | head -n 1)" \
      'compare it with mesh.trustAnchors, and its dates with the clock'
  openssl x509 -in "${CA_CERT_FILE}" -noout -ext basicConstraints 2>/dev/null | grep -q 'CA:TRUE' ||
    fail authority "${CA_CERT_FILE}" 'it is no CA' 'use the trust anchor, or an intermediate below it'
  ! openssl x509 -in "${CA_CERT_FILE}" -noout -ext basicConstraints 2>/dev/null | grep -q 'pathlen:0' ||
    fail authority "${CA_CERT_FILE}" 'it allows no CA below it (pathlen:0)' 'use one with pathlen of 1 or more'
  [ -n "${CA_BUNDLE_FILE}" ] || [ "$(openssl x509 -in "${CA_CERT_FILE}" -noout -subject_hash)" = "$(openssl x509 -in "${CA_CERT_FILE}" -noout -issuer_hash)" ] ||
    fail authority "${CA_CERT_FILE}" 'it is an intermediate' 'add upstreamAuthority.bundleFile to the document, with the anchors there'
}
