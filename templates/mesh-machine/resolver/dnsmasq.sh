# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# dnsmasq, as a service of its own.

# dnsmasq_file: where it reads ours.
dnsmasq_file() { echo /etc/dnsmasq.d/linkerd-mesh.conf; }

# dnsmasq_reload: it reads servers at its start alone.
dnsmasq_reload() { systemctl restart dnsmasq; }
