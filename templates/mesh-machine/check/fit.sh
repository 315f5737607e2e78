# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Which resolver this machine asks, and so which provider fits.

# is_own ADDRESS: of this machine.
is_own() {
  case $1 in
    127.* | ::1) ;;
    '') false ;;
    *) ip -o address | grep -qF " $1/" ;;
  esac
}

# find_listener ADDRESS: who answers there on port 53. Sets listener, its name, and pid.
find_listener() {
  local found address="$1"
  case ${address} in *:*) address="[${address}]" ;; *) ;; esac
  found=$(ss -Hlunp sport = :53 | sed 's/%[^ :]*:53/:53/' |
    awk -v address="${address}:53" '$4 == address || $4 == "0.0.0.0:53" || $4 == "*:53" || $4 == "[::]:53"' |
    sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 \2/p' | head -n 1)
  listener=${found% *} pid=${found#* }
}

# find_fitting: the provider for what this machine asks first. Sets fitting, and asked, which says who that is; listener and
# pid, too.
find_fitting() {
  local first
  first=$(nameservers | head -n 1)
  listener='' pid=''
  if ! is_own "${first}"; then
    fitting=hosts listener=site asked="/etc/resolv.conf leads to ${first:-nobody}, a server of the site"
    return
  fi
  find_listener "${first}"
  asked="/etc/resolv.conf leads to ${first}, where ${listener:-nobody} answers"
  case ${listener} in
    systemd-resolve*) fitting=systemd-resolved ;;
    unbound) fitting=unbound ;;
    # NetworkManager starts one with a folder of its own.
    dnsmasq) if grep -qs NetworkManager "/proc/${pid}/cmdline"; then fitting=networkmanager; else fitting=dnsmasq; fi ;;
    *) fitting=hosts ;;
  esac
}

# require_fitting UNIT: refuses where this machine asks another than the document's, which that unit runs.
require_fitting() {
  find_fitting
  [ -n "${listener}" ] || [ "$(property "$1" LoadState)" != loaded ] || fail resolver-settings "${asked}" "systemctl enable --now $1"
  [ "${fitting}" = "${RESOLVER_PROVIDER}" ] || fail resolver-other "${asked}" "${fitting}"
}
