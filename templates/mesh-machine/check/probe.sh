# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Tries real connections, one for each line of redirect.probes.

# try_connections: outbound by the user that a line names; inbound from the address that it names, behind the link. All are
# opened at a time and looked at for two seconds: what goes through the proxy is a peer of its listener.
try_connections() {
  local n way address port by line passed wrong
  { has bash && has setpriv; } || fail missing-packages ' bash or setpriv' 'install them'
  remove_link
  work=${run}/probe
  mkdir -p "${work}"
  trap 'remove_link; finish' EXIT
  if has_ipv6; then cat "${etc}/redirect.probes"; else sed '/^[a-z]* [^ ]* [^ ]*:/d' "${etc}/redirect.probes"; fi >"${work}/probes"
  make_link
  n=0
  while read -r way _ address port by _; do
    n=$((n + 1))
    case ${way} in
      inbound)
        if is_stranger "${by}"; then by=0; else by=65534; fi
        dial "${n}" "${address}" "${port}" nsenter --net="/run/netns/${link}" setpriv --reuid="${by}" --clear-groups
        ;;
      *) dial "${n}" "${address}" "${port}" setpriv --reuid="${by}" --regid=65534 --clear-groups ;;
    esac
  done <"${work}/probes"
  for _ in 1 2 3 4 5 6 7 8; do
    list_sockets nsenter --net="/run/netns/${link}" >>"${work}/inbound"
    list_sockets >>"${work}/outbound"
    sleep 0.25
  done
  n=0 passed=0 wrong=0
  while read -r line; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    judge_connection "${n}" ${line}
  done <"${work}/probes"
  say "${passed} connections went as they should, ${wrong} did not"
  [ "${wrong}" -eq 0 ]
}

# dial N ADDRESS PORT COMMAND...: opens connection N in the background, by the command, and notes where it is answered.
dial() {
  local number target
  number=$1 target=/dev/tcp/$2/$3
  shift 3
  "$@" timeout 4 bash -c "exec 3<>${target} && echo open; sleep 3" >"${work}/${number}" 2>/dev/null 9>&- &
}

# list_sockets [COMMAND...]: those of TCP, by the command, with IPv4 in its own notation.
list_sockets() { "$@" ss -Htna | sed 's/\[::ffff:\([0-9.]*\)\]/\1/g; s/$/ /' | tr -s ' '; }

# came_to_proxy LISTENER FROM: whether the connection from there is one of the listener's.
came_to_proxy() { grep -qF ":$1 $2 " "${work}/outbound"; }

# only_proxy_had LISTENER FROM TO: ports are given out for each destination: another connection that goes to the proxy may
# have this one, or have had it.
only_proxy_had() {
  grep -v '^T' "${work}/outbound" | grep -qF ":$1 $2 " &&
    ! grep -F " $2 " "${work}/outbound" | grep -vF " $2 $3 " | grep -qvF ":$1 $2 "
}

# judge_connection N WAY KIND HOST PORT BY FATE ABOUT...: line number N of redirect.probes. Counts in passed and wrong, and
# says what is wrong. ESTAB, SYN-SENT and CLOSE-WAIT are of now, other states may be of a check before.
judge_connection() {
  local number way host port by should to near from fate listener preposition reason
  number=$1 way=$2 host=$4 port=$5 by=$6 should=$7
  shift 7
  case ${host} in *:*) to="[${host}]:${port}" near="[${by}]:" ;; *) to=${host}:${port} near=${by}: ;; esac
  if [ "${way}" = inbound ]; then listener=4143 preposition='from'; else listener=4140 preposition='by user' near=''; fi
  from=$(grep '^[ECS][SLY]' "${work}/${way}" | grep -F " ${near}" | grep -F " ${to} " | head -n 1 | cut -d' ' -f4)
  fate=bypassed
  if [ -n "${from}" ] && came_to_proxy "${listener}" "${from}" &&
    { [ "${should}" = proxied ] || only_proxy_had "${listener}" "${from}" "${to}"; }; then fate=proxied; fi
  # The proxy may be done with it by then. Nobody else answers on such a port.
  case ${way}:${should} in outbound:proxied) [ ! -s "${work}/${number}" ] || fate=proxied ;; *) ;; esac
  if [ "${fate}" = "${should}" ]; then
    passed=$((passed + 1))
    return
  fi
  if [ "${way}" = outbound ] && ! ip route get "${host}" >/dev/null 2>&1; then
    say "not tried: no route to ${to} ($*)"
    return
  fi
  # Somebody else has the route, or it is a broadcast address here.
  if [ "${way}:${should}" = inbound:proxied ] && ! ip route get "${by}" 2>&1 | grep -q " dev ${link} "; then
    say "not tried: ${by} cannot be dialled from here ($*)"
    return
  fi
  wrong=$((wrong + 1))
  reason='a rule is missing'
  # Past the proxy an application may answer or not, but the proxy answers whoever comes to it.
  case ${way}:${fate}:$(cat "${work}/${number}") in
    inbound:bypassed:) fate=refused reason="nobody answered; $(suspect_firewall)" ;;
    *:bypassed:*) reason='a rule is missing, or rules of others come first' ;;
    *) ;;
  esac
  say "${way} ${to} ${preposition} ${by}: should be ${should} ($*), but was ${fate}: ${reason}"
}

# suspect_firewall: who may have closed the proxy's port, to whom it has to be open, and what opens it.
suspect_firewall() {
  local networks table
  if is_active firewalld; then
    set -- firewalld firewalld.sh
  elif grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then
    set -- ufw ufw.sh
  else set -- 'a firewall' 'nftables.sh or iptables.sh'; fi
  networks=$(for table in $(tables); do
    sed -n 's/.*\(-s\|saddr\) \([^ ]*\) \(-g\|goto\) .*/\2/p' "$(backend file "${table}")"
  done | head -n 6 | tr '\n' ' ')
  echo "does $1 close port 4143 to ${networks% }? The rules that open it are in the output, firewall/$2"
}
