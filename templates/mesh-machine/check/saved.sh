# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# Rules that are saved, to be loaded at the next boot.

# saved_with PATTERN: files by which rules are loaded at boot, or that are loaded then.
saved_with() { grep -rlsE "$1" /etc/iptables /etc/sysconfig /etc/nftables* /etc/ufw /etc/firewalld /etc/rc.local "${units}" || :; }

# report_saved: false where rules of ours were saved: loaded at a boot without a proxy they would be a black hole.
report_saved() {
  local saved
  saved=$(saved_with 'MESHJOIN_|table inet meshjoin')
  [ -n "${saved}" ] || return 0
  say "our rules were saved and would be loaded without a proxy: take them out of $(one_line "${saved}")"
  return 1
}
