# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What passes on the way, once a port is open: whole packets, and whom we find there.

# look_at_path NAME ADDRESS PORT: two handshakes as the proxy's user, one with a first packet as large as the path should take.
# TCP forbids routers to cut packets, so a path that is narrower answers the small one alone.
look_at_path() {
  local place small large
  case $2 in *:*) place="[$2]:$3" ;; *) place=$2:$3 ;; esac
  set -- "$1" "$2" "$3" "$(service_name "$3")"
  small=$(greet "${place}" "$4")
  large=$(greet "${place}" "$4" -alpn "$(long_list)")
  case ${small}:${large} in
    *answered:*answered) ;;
    *answered:*) finding path-mtu "$1" "$(path_evidence "$2" "$3")" ;;
    *) unchecked "whether whole packets come to $1: nothing there answers in TLS" ;;
  esac
  case ${small} in
    *'return code: 0 '* | *'return code: 10 '* | *'return code: 9 '*) ;;
    *'BEGIN CERT'*) [ ! -r "${etc}/trust-anchors.pem" ] || finding control-plane-untrusted "$1" "$4" "$(tell_certificate "${small}")" ;;
    *) ;;
  esac
}

# service_name PORT: the name in the certificate that the proxy expects of the service with this port.
service_name() {
  local service=DESTINATION
  ! grep -q "^LINKERD2_PROXY_POLICY_SVC_ADDR='.*:$1'" "${etc}/mesh.env" || service=POLICY
  sed -n "s/^LINKERD2_PROXY_${service}_SVC_NAME='\(.*\)'\$/\1/p" "${etc}/mesh.env"
}

# greet PLACE NAME OPTIONS...: what openssl says of it, with "answered" where anything came back within 3 s.
greet() {
  local place="$1" name="$2" said code=0
  shift 2
  said=$(dialling "${PROXY_UID}" timeout 3 openssl s_client -connect "${place}" -servername "${name}" -groups P-256 \
    -verify_hostname "${name}" -partial_chain -CAfile "${etc}/trust-anchors.pem" "$@" </dev/null 2>&1) || code=$?
  printf '%s\n' "${said}"
  [ "${code}" -eq 124 ] || echo answered
}

# tell_certificate TEXT of openssl: whose it is, and what is wrong with it.
tell_certificate() {
  echo "shown: $(echo "$1" | openssl x509 -noout -issuer -ext subjectAltName 2>/dev/null | sed '/Alternative Name/d; s/^ *//' | sort | tr '\n' ' ')" \
    "openssl: $(echo "$1" | sed -n 's/.*Verify return code: //p' | head -n 1)"
}

# long_list: names of protocols that nobody speaks, some 3 kB of them.
long_list() { awk 'BEGIN { for (i = 0; i < 120; i++) printf "%smeshjoin-looks-at-the-path", i ? "," : "" }'; }

# path_evidence ADDRESS PORT: what the kernel knows of the connection with the large packet, which it goes on sending.
path_evidence() {
  local device mtu
  device=$(ip route get "$1" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
  mtu=$(ip -o link show dev "${device}" 2>/dev/null | sed -n "s/.* mtu \([0-9]*\).*/\1/p")
  echo "3 kB to $1 are not taken, less is; ${device} has an MTU of ${mtu}; ss says$(
    ss -Htina dst "$1" dport = ":$2" 2>/dev/null | grep unacked | grep -Eo ' (mss|pmtu|unacked|backoff):[0-9/]+' | sort -u | tr -d '\n'
  )"
}
