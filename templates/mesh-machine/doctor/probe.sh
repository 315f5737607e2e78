# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Tries real connections, one for each line of redirect.probes.

link=meshjoin-probe strange4=169.254.255.250 strange6=2001:db8:6d65:7368::2

# Outbound by the user that a line names; inbound from the address that it names, in a network namespace behind a link of
# its own. All are opened at a time and looked at for two seconds: what goes through the proxy is a peer of its listener.
probe() {
  { has bash && has setpriv; } || fail 3 missing-packages 'bash or setpriv is missing' 'no connections were tried' 'install them'
  end_probe
  work=${run}/probe
  mkdir -p "${work}"
  trap end_probe EXIT
  { ip netns add "${link}" && ip link add "${link}" type veth peer name "${link}" netns "${link}"; } ||
    fail 1 probe 'ip cannot make a link to try from' 'no connections were tried' 'is every module of the kernel there?'
  end 1 2
  end 2 1 -n "${link}"
  if has_ipv6; then cat "${etc}/redirect.probes"; else sed '/^[a-z]* [^ ]* [^ ]*:/d' "${etc}/redirect.probes"; fi >"${work}/probes"
  grep '^inbound' "${work}/probes" | cut -d' ' -f5 | sort -u | while read -r by; do as_mesh "${by}" || :; done 2>/dev/null
  n=0
  while read -r way _ address port by _; do
    n=$((n + 1))
    case ${way} in
      inbound) dial "${address}" "${port}" nsenter --net="/run/netns/${link}" setpriv --reuid="$(user_of "${by}")" --clear-groups ;;
      *) dial "${address}" "${port}" setpriv --reuid="${by}" --regid=65534 --clear-groups ;;
    esac
  done <"${work}/probes"
  for _ in 1 2 3 4 5 6 7 8; do
    sockets nsenter --net="/run/netns/${link}" >>"${work}/inbound"
    sockets >>"${work}/outbound"
    sleep 0.25
  done
  failed=0 fine=0 n=0
  while read -r line; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    judge ${line}
  done <"${work}/probes"
  say "${fine} connections went as they should, ${failed} did not"
  [ "${failed}" -eq 0 ]
}

end() { # OWN OTHER OPTIONS of ip: at the far end everything is behind the near one
  own=$1 other=$2
  shift 2
  ip "$@" link set "${link}" up
  ip "$@" address add "169.254.255.$((248 + own))/30" dev "${link}"
  ip "$@" address add "2001:db8:6d65:7368::${own}/64" dev "${link}" nodad 2>/dev/null || :
  [ "${own}" = 1 ] || {
    ip "$@" route add default via "169.254.255.$((248 + other))" src "${strange4}"
    ip "$@" route add default via "2001:db8:6d65:7368::${other}" src "${strange6}" 2>/dev/null || :
  }
}

# as_mesh ADDRESS: user 65534 of the namespace dials from there, all others as strangers. The route to it goes with the link.
as_mesh() {
  case $1 in
    "${strange4}" | "${strange6}") return ;;
    *:*) set -- "$1" -6 2001:db8:6d65:7368::1 ;;
    *) set -- "$1" -4 169.254.255.249 ;;
  esac
  ip "$2" route add "$1" dev "${link}"
  ip -n "${link}" address add "$1" dev "${link}" nodad
  ip -n "${link}" "$2" route add default via "$3" src "$1" table 9
  ip -n "${link}" "$2" rule add uidrange 65534-65534 table 9
}

user_of() { case $1 in "${strange4}" | "${strange6}") echo 0 ;; *) echo 65534 ;; esac; }

end_probe() {
  wait # or what they are connected to would never hear of their end
  ip netns delete "${link}" 2>/dev/null || :
  ip link delete "${link}" 2>/dev/null || :
  [ -z "${work}" ] || rm -rf "${work}"
}

dial() { # ADDRESS PORT COMMAND...
  target=/dev/tcp/$1/$2
  shift 2
  "$@" timeout 4 bash -c "exec 3<>${target} && echo open; sleep 3" >"${work}/${n}" 2>/dev/null 9>&- &
}

sockets() { "$@" ss -Htna | sed 's/\[::ffff:\([0-9.]*\)\]/\1/g; s/$/ /' | tr -s ' '; }

# Ports are given out for each destination: another connection that goes to the proxy may have this one, or have had it.
certain() {
  grep -v '^T' "${work}/outbound" | grep -qF ":${listener} ${from} " &&
    ! grep -F " ${from} " "${work}/outbound" | grep -vF " ${from} ${to} " | grep -qvF ":${listener} ${from} "
}

# Line number n of redirect.probes. ESTAB, SYN-SENT and CLOSE-WAIT are of now, other states may be of a check before.
judge() {
  way=$1 host=$3 port=$4 by=$5 verdict=$6
  shift 6
  case ${host} in *:*) to="[${host}]:${port}" near="[${by}]:" ;; *) to=${host}:${port} near=${by}: ;; esac
  if [ "${way}" = inbound ]; then listener=4143 word='from'; else listener=4140 word='by user' near=''; fi
  from=$(grep '^[ECS][SLY]' "${work}/${way}" | grep -F " ${near}" | grep -F " ${to} " | head -n 1 | cut -d' ' -f4)
  went=left
  if [ -n "${from}" ] && grep -qF ":${listener} ${from} " "${work}/outbound" && { [ "${verdict}" = redirected ] || certain; }; then went=redirected; fi
  # The proxy may be done with it by then. Nobody else answers on such a port.
  case ${way}:${verdict} in outbound:redirected) [ ! -s "${work}/${n}" ] || went=redirected ;; *) ;; esac
  if [ "${went}" = "${verdict}" ]; then fine=$((fine + 1)); return; fi
  if [ "${way}" = outbound ] && ! ip route get "${host}" >/dev/null 2>&1; then say "not tried: no route to ${to} ($*)"; return; fi
  # Somebody else has the route, or it is a broadcast address here.
  if [ "${way}:${verdict}" = inbound:redirected ] && ! ip route get "${by}" 2>&1 | grep -q " dev ${link} "; then
    say "not tried: ${by} cannot be dialled from here ($*)"
    return
  fi
  failed=$((failed + 1))
  why='it did not come to the proxy: a rule is missing, or rules of others come first'
  [ "${went}" = left ] || why='it came to the proxy: a rule is missing'
  [ "${way}:${went}" != inbound:left ] || [ -s "${work}/${n}" ] || why="nobody answered: $(firewall)"
  say "${way} ${to} ${word} ${by}: should be ${verdict} ($*), but ${why}"
}

# Who may have closed the proxy's port, to whom it has to be open, and what opens it.
firewall() {
  if active firewalld; then set -- firewalld firewalld.sh
  elif grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then set -- ufw ufw.sh
  else set -- 'a firewall' 'nftables.sh or iptables.sh'; fi
  nets=$(for t in $(tables); do sed -n 's/.*\(-s\|saddr\) \([^ ]*\) \(-g\|goto\) .*/\2/p' "$(rules "${t}")"; done | head -n 6 | tr '\n' ' ')
  echo "does $1 close port 4143 to ${nets% }? The rules that open it are in the output, firewall/$2"
}
