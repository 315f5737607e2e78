# shellcheck shell=sh disable=SC2013,SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# What to look for before joining: nothing is changed.

# try_rules: loads the very rules where they decide about nothing: in a network namespace of their own. (--test passes rules
# whose modules are not there.)
try_rules() {
  local table error
  unshare -n true 2>/dev/null || return 0
  for table in $(tables); do
    # shellcheck disable=SC2086
    error=$(unshare -n $(backend loader "${table}") "$(backend file "${table}")" 2>&1) ||
      fail rules-refused "$(backend file "${table}")" "${error}"
  done
}

# refuse_untracked: what the kernel does not track it cannot redirect. Rules for other ports, for UDP and for loopback are no
# matter.
refuse_untracked() {
  local ports rule
  ports=4143,$(sed -n "s/^LINKERD2_PROXY_INBOUND_PORTS='\(.*\)'\$/\1/p" "${etc}/machine.env")
  rule=$(untracked_rules | sed -E '/udp| "?lo"? /d' | sed -E "/[ds]ports? /{/[ ,{]($(echo "${ports%,}" | tr , '|'))([ ,}]|\$)/!d;}" | head -n 1)
  [ -z "${rule}" ] || fail untracked "${rule}"
}

# untracked_rules: those that keep connections untracked. Asked for a table that is not there, legacy iptables would make it.
untracked_rules() {
  local table
  for table in iptables ip6tables; do
    if iptables_variant "${table}" legacy && ! grep -qsx raw "/proc/net/$(echo "${table}" | sed s/tables/_tables/)_names"; then continue; fi
    "${table}-save" -t raw 2>/dev/null | grep -i notrack || :
  done
  nft list ruleset 2>/dev/null | grep -w notrack || :
}

# refuse_cleared_credentials: images of containers (LXC) have a drop-in for every service that takes all credentials away.
refuse_cleared_credentials() {
  local cleared
  owns_agent || return 0
  cleared=$(systemctl cat spire-agent.service 2>/dev/null | awk '/^# \//{f=$2} /^LoadCredential=/{last=$0; at=f} END{if (last == "LoadCredential=") print at}')
  [ -z "${cleared}" ] || fail credentials "${cleared}" "${units}/spire-agent.service"
}

# refuse_missing_credentials: without one of these files systemd does not start the agent. A join token may come later:
# something stands in for it.
refuse_missing_credentials() {
  local line
  owns_agent || return 0
  for line in $(awk -F= '/^LoadCredential=/{print $2}' "${units}/spire-agent.service"); do
    grep -q "^SetCredential=${line%%:*}:" "${units}/spire-agent.service" || [ -s "${line#*:}" ] ||
      fail no-credential "${line#*:}"
  done
}

# proxy_may COMMAND...: with the user and the groups that the proxy has, or will have.
proxy_may() {
  local groups=--clear-groups
  if getent passwd "${PROXY_UID}" >/dev/null; then groups=--init-groups; fi
  setpriv --reuid="${PROXY_UID}" --regid="${PROXY_UID}" "${groups}" "$@" 2>/dev/null
}

# refuse_closed_socket: an agent that is not ours has to be there, and its socket open to the user of the proxy, to whom a folder
# on the way may be shut.
refuse_closed_socket() {
  local part="${AGENT_SOCKET}"
  ! owns_agent || return 0
  agent_listens || fail no-agent "${AGENT_SOCKET}"
  ! proxy_may test -w "${part}" || return 0
  while [ -n "${part%/*}" ] && ! proxy_may test -x "${part%/*}"; do part=${part%/*}; done
  fail closed-socket "${PROXY_USER}" "${AGENT_SOCKET}" "$(stat -c '%A %U:%G %n' "${part}")"
}
