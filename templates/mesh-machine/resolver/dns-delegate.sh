# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# A delegate of systemd-resolved.

# dns_delegate_file: where it reads ours.
dns_delegate_file() { echo /etc/systemd/dns-delegate.d/linkerd-mesh.dns-delegate; }

# dns_delegate_reload: by a restart where it does not read them again.
dns_delegate_reload() { systemctl reload-or-restart systemd-resolved; }
