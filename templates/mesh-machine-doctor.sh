#!/bin/sh
# mesh-machine-doctor: compares the loaded rules with those that should be, names saved rules that would be loaded
# without a proxy, and tries connections, one for each line of redirect.probes. By meshjoin; see docs/redirect.md.
#
# Exit: 0 well, 2 usage, 3 refused, 6 rules amiss

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2046: lists of names are one word each.
# shellcheck disable=SC1091,SC2046,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine

# --- redirect check: the rules as they are listed, then real connections, one for each line of redirect.probes

check_rules() {
  code=0
  for t in $(tables); do
    if words=$(differs "${t}"); then code=6; elif second; then words='complete; others insist on the first place'; else words='complete and first'; fi
    say "${t}: ${words}"
  done
  report_saved || code=6
  (refuse_by_hand) || code=6
  if [ -e "${run}/trial" ]; then say "on trial for $(($(cat "${run}/trial") - $(seconds))) s more: mesh-machine redirect confirm"; fi
  if disabled; then say 'turned off by "redirect down"'
  elif [ "${code}" -ne 0 ]; then say 'no connections were tried'
  elif ! ready; then
    say 'no connections were tried: the proxy is not ready'
    code=6
  else probe || code=6; fi
  exit "${code}"
}

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
link=meshjoin-probe strange4=169.254.255.250 strange6=2001:db8:6d65:7368::2
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

# --- before joining: nothing is changed

# Rules of a mesh that was made by hand catch what ours let pass, the proxy's own connections too. Prints the commands
# that take away those of table $1.
made_by_hand() {
  there "$1" || return 0
  if [ "$1" = nft ]; then
    nft -s list ruleset 2>/dev/null | sed -n '/^table /{s/^table //;s/ {$//;h;}
      /^\tchain /{s/.*chain //;s/ {$//;x;s/\n.*//;G;x;};/redirect to :414[03]/{g;s/\n/ /;s/^/nft flush chain /p;}' | sed '/MESHJOIN_\| inet meshjoin /d'
  else nat "$1" | sed -n "/MESHJOIN_/d; s/^-A\\(.* --to-ports 414[03]\\)\$/$1 -t nat -D\\1/p"; fi
}
refuse_by_hand() {
  hand='PROXY_INIT_|--to-ports?[ =]414[03]|redirect to :414[03]'
  # One of them at a time: iptables is one of the others by another name.
  for t in ${all}; do
    fix=$(made_by_hand "${t}" | tr '\n' ';')
    [ -z "${fix}" ] || break
  done
  for f in $(saved_with "${hand}"); do
    ! sed '/table inet meshjoin/,/^}/d; /chain MESHJOIN_/,/}/d; /MESHJOIN_/d' "${f}" | grep -qE "${hand}" || fix="${fix} take them out of ${f};"
  done
  [ -z "${fix}" ] || fail 3 made-by-hand 'rules of others redirect to the ports of the proxy, or will after a reboot' \
    'its own connections would come back to it' "${fix}"
}

# Loads the very rules where they decide about nothing: in a network namespace of their own. (--test passes rules whose
# modules are not there.)
try_rules() {
  unshare -n true 2>/dev/null || return 0
  for t in $(tables); do
    if [ "${t}" = nft ]; then load='nft -f'; else load="${t}-restore --noflush -w 5"; fi
    # shellcheck disable=SC2086
    error=$(unshare -n ${load} "$(rules "${t}")" 2>&1) || fail 3 rules-refused "the kernel does not take $(rules "${t}"): ${error}" \
      'nothing was changed' "install the kernel's other modules (kernel-modules-extra), or choose another redirect.backend"
  done
}

# The proxy and everybody else ask the first server of /etc/resolv.conf, which has to be systemd-resolved. Where it is not,
# the remedy takes along what that file says, or the machine's own names would be lost.
check_resolver() {
  if ! uses_resolved || uses_stub; then return; fi
  lines=''
  case $(readlink -f /etc/resolv.conf) in /run/systemd/resolve/*) ;; *)
    lines=$(sed -n 's/%/%%/g; s/$/\\n/; /127\.0\.0\.53/d; s/^nameserver[[:space:]]*/DNS=/p; s/^search/Domains=/p' /etc/resolv.conf 2>/dev/null | tr -d '\n') ;;
  esac
  what='/etc/resolv.conf is not of systemd-resolved'
  case ${port53} in *127.0.0.53*) ;; *)
    what="systemd-resolved does not listen on 127.0.0.53: $(grep -rIs '^DNSStub' /etc/systemd /usr/lib/systemd/resolved.conf.d || :)"
    lines="DNSStubListener=yes\\n${lines}" ;;
  esac
  fix='ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf'
  [ -z "${lines}" ] || fix="mkdir -p /etc/systemd/resolved.conf.d; printf '[Resolve]\\n${lines}' >/etc/systemd/resolved.conf.d/zz-stub.conf; systemctl enable systemd-resolved; systemctl restart systemd-resolved; ${fix}"
  case ${port53} in *' 0.0.0.0:53 '* | *' *:53 '*) fix='forward them in the server on port 53' ;; *) ;; esac
  fail 3 resolver "${what}" 'names of the cluster would not be found' "${fix}; or mesh.dns.provider: none"
}

# What the kernel does not track it cannot redirect. Rules for other ports, for UDP and for loopback are no matter.
refuse_untracked() {
  ports=4143,$(sed -n "s/^LINKERD2_PROXY_INBOUND_PORTS='\(.*\)'\$/\1/p" "${etc}/machine.env")
  rule=$(untracked | sed -E '/udp| "?lo"? /d' | sed -E "/[ds]ports? /{/[ ,{]($(echo "${ports%,}" | tr , '|'))([ ,}]|\$)/!d;}" | head -n 1)
  [ -z "${rule}" ] || fail 3 untracked "a rule keeps connections untracked: ${rule}" 'they cannot be redirected' \
    'take it out, or let it leave out the ports of the document and 4143'
}
# Asked for a table that is not there, legacy iptables would make it.
untracked() {
  for t in iptables ip6tables; do
    if variant "${t}" legacy && ! grep -qsx raw "/proc/net/$(echo "${t}" | sed s/tables/_tables/)_names"; then continue; fi
    "${t}-save" -t raw 2>/dev/null | grep -i notrack || :
  done
  nft list ruleset 2>/dev/null | grep -w notrack || :
}

# Images of containers (LXC) have a drop-in for every service that takes all credentials away.
refuse_cleared() {
  managed || return 0
  cleared=$(systemctl cat spire-agent.service 2>/dev/null | awk '/^# \//{f=$2} /^LoadCredential=/{last=$0; at=f} END{if (last == "LoadCredential=") print at}')
  [ -z "${cleared}" ] || fail 3 credentials "${cleared} takes the credentials of spire-agent.service away" 'the agent would start without its join token' \
    "mkdir -p ${units}/spire-agent.service.d; { echo '[Service]'; grep ^LoadCredential= ${units}/spire-agent.service; } >${units}/spire-agent.service.d/zzzz-credentials.conf"
}

trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
case $*:$# in :0 | --before*:2) ;; *) usage ;; esac
is_root || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
load_conf
if [ "$#" -eq 0 ]; then check_rules; fi
# Where whoever asks notes why it went no further.
# shellcheck disable=SC2034
note=$2
check_resolver
refuse_by_hand
refuse_untracked
refuse_cleared
try_rules
