# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# The dnsmasq that NetworkManager starts for itself.

# networkmanager_file: where that reads ours.
networkmanager_file() { echo /etc/NetworkManager/dnsmasq.d/linkerd-mesh.conf; }

# networkmanager_reload: it starts its dnsmasq anew.
networkmanager_reload() { nmcli general reload dns-full; }
