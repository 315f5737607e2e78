# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# The names of the control plane in /etc/hosts. The block stands first: what is behind it stays as it is, to the last byte.

# hosts_block: what is there of ours.
hosts_block() { sed -n "/^${opening}\$/,/^${closing}\$/p" "${hosts}"; }

# write_hosts BLOCK: in place of what is there of ours; nothing takes it away.
write_hosts() {
  local new=/etc/.hosts.linkerd
  cp -a "${hosts}" "${new}"
  {
    [ -z "$1" ] || printf '%s\n' "$1"
    sed "/^${opening}\$/,/^${closing}\$/d" "${hosts}"
  } >"${new}"
  mv -f "${new}" "${hosts}"
}

# control_names: of the control plane, without those that are addresses.
control_names() {
  local name
  for name in ${CONTROL_PLANE}; do
    case ${name} in \[*) continue ;; *[!0-9.]*:*) echo "${name%.:*}" ;; *) ;; esac
  done | sort -u
}

# find_block: what should be there. False where a name has no address: then what is there stays. With a dot behind it, too: that is how
# our programs ask, and glibc takes what stands there to the letter.
find_block() {
  local name addresses
  echo "${opening}"
  for name in $(control_names); do
    addresses=$(getent -s dns ahosts "${name}." | cut -d' ' -f1 | sort -u)
    [ -n "${addresses}" ] || return 1
    echo "${addresses}" | sed "s/\$/ ${name} ${name}./"
  done
  echo "${closing}"
}

# refresh_hosts: the unit that calls this has the cluster's servers in its /etc/resolv.conf.
refresh_hosts() {
  local old new
  old=$(hosts_block)
  mkdir -p "${run}"
  # Nothing that fails: what is known holds. Said once.
  if ! new=$(find_block); then
    [ -e "${run}/hosts.away" ] || say 'the DNS of the cluster does not name the control plane: what is known stays'
    : >"${run}/hosts.away"
    return
  fi
  if [ -e "${run}/hosts.away" ]; then
    say 'the DNS of the cluster names the control plane again'
    rm -f "${run}/hosts.away"
  fi
  note_start "${old}"
  if [ "${new}" != "${old}" ]; then
    write_hosts "${new}"
    say "wrote ${hosts}: $(echo "${new}" | grep -v '^#' | tr '\n' ';')"
  fi
  has_known "${new}" || systemctl --no-block try-restart linkerd-proxy
}

# note_start BLOCK: the proxy reads /etc/hosts at its start, and never again: with this it began. One that waits has it before it yet.
note_start() {
  local start
  case $(property linkerd-proxy MainPID) in '' | 0) return ;; *) ;; esac
  start=$(property linkerd-proxy InvocationID)
  [ "${start}" = "$(head -n 1 "${run}/hosts" 2>/dev/null)" ] || printf '%s\n%s\n' "${start}" "$1" >"${run}/hosts"
}

# has_known BLOCK: whether for each name the proxy knows an address that is still right. With one it goes on.
has_known() {
  local name
  is_active linkerd-proxy || return 0
  for name in $(control_names); do
    echo "$1" | grep -F " ${name} " | grep -qxFf "${run}/hosts" || return 1
  done
}

# hosts_take: away with it.
hosts_take() {
  systemctl stop linkerd-dns-hosts.timer linkerd-dns-hosts.service 2>/dev/null || :
  rm -f "${units}"/linkerd-dns-hosts.* "${run}/hosts" "${run}/hosts.away"
  [ -z "$(hosts_block 2>/dev/null)" ] || write_hosts ''
}
