# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# What to look for before joining: nothing is changed.

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
