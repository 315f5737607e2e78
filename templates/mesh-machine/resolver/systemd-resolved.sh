# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# systemd-resolved, which is told by units.

# systemd_resolved_take: files that were copied over others leave these.
systemd_resolved_take() {
  systemctl stop linkerd-dns-link.service linkerd-dns.service 2>/dev/null || :
  # A unit whose file has gone does not do this itself.
  ip link delete linkerd-dns 2>/dev/null || :
  rm -f "${units}"/linkerd-dns.service "${units}"/linkerd-dns-link.service "${etc}/resolved.conf" \
    /etc/systemd/network/00-linkerd-dns.network
}
