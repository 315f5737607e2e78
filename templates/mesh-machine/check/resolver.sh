# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Whether this machine asks the resolver of the document, and whether that reads what it is handed.

# dnsmasq_check: refuses where it does not.
dnsmasq_check() {
  require_fitting dnsmasq
  tr '\000' '\n' <"/proc/${pid}/cmdline" | grep -q '^\(-7\|--conf-dir=\)\{0,1\}/etc/dnsmasq\.d' ||
    grep -qs '^conf-dir *= */etc/dnsmasq\.d' /etc/dnsmasq.conf ||
    fail resolver-settings 'dnsmasq does not read /etc/dnsmasq.d' \
      'have it read conf-dir=/etc/dnsmasq.d; systemctl restart dnsmasq'
}

# unbound_check: refuses where it reads no folder.
unbound_check() {
  require_fitting unbound
  [ -n "$(unbound_folder)" ] || fail resolver-settings 'unbound does not read /etc/unbound/unbound.conf.d' \
    'include that folder in /etc/unbound/unbound.conf; systemctl restart unbound'
}

# networkmanager_check: refuses where it starts none.
networkmanager_check() { require_fitting NetworkManager; }

# dns_delegate_check: refuses where it has none.
dns_delegate_check() {
  find_fitting
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 258 ] || fail resolver-other "no DNS delegates before systemd 258" "${fitting}"
  uses_stub || fail resolver-other "${asked}" "${fitting}"
}

# hosts_check: any machine reads its /etc/hosts.
hosts_check() { :; }

# systemd_resolved_check: the proxy and everybody else ask the first server of /etc/resolv.conf, which has to be
# systemd-resolved. Where it is not, the remedy takes along what that file says, or the machine's own names would be lost.
systemd_resolved_check() {
  local lines what fix
  if uses_stub; then return; fi
  find_fitting
  lines=''
  case $(readlink -f /etc/resolv.conf) in
    /run/systemd/resolve/*) ;;
    *) lines=$(sed -n 's/%/%%/g; s/$/\\n/; /127\.0\.0\.53/d; s/^nameserver[[:space:]]*/DNS=/p; s/^search/Domains=/p' /etc/resolv.conf 2>/dev/null | tr -d '\n') ;;
  esac
  what='/etc/resolv.conf is not of systemd-resolved'
  case ${port53} in
    *127.0.0.53*) ;;
    *)
      what="systemd-resolved does not listen on 127.0.0.53: $(grep -rIs '^DNSStub' /etc/systemd /usr/lib/systemd/resolved.conf.d || :)"
      lines="DNSStubListener=yes\\n${lines}"
      ;;
  esac
  fix='ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf'
  [ -z "${lines}" ] ||
    fix="mkdir -p /etc/systemd/resolved.conf.d; printf '[Resolve]\\n${lines}' >/etc/systemd/resolved.conf.d/zz-stub.conf; \
systemctl enable systemd-resolved; systemctl restart systemd-resolved; ${fix}"
  case ${port53} in *' 0.0.0.0:53 '* | *' *:53 '*) fix='forward them in the server on port 53' ;; *) ;; esac
  fail resolver-stub "${what}" "${fix}" "${fitting}"
}

# check_provider: refuses where the document's provider does not fit.
check_provider() { [ "${RESOLVER_PROVIDER}" = none ] || "$(echo "${RESOLVER_PROVIDER}" | tr - _)_check"; }
