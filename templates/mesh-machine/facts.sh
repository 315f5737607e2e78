# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Questions about the machine, and what every verb needs.

has() { command -v "$1" >/dev/null; }

is_root() { [ "$(id -u)" -eq 0 ]; }

active() { systemctl -q is-active "$1" 2>/dev/null; }

property() { systemctl show -p "$2" --value "$1" 2>/dev/null || :; }

uses_resolved() { [ "${RESOLVER_PROVIDER}" = systemd-resolved ]; }

managed() { [ "${AGENT_FROM}" = managed ]; }

seconds() { cut -d. -f1 /proc/uptime; }

sum() { sha256sum <"$1" | cut -d' ' -f1; }

truth() { if "$@"; then echo true; else echo false; fi; }

marked() { [ -e "${state}/joined" ]; }

# ID or NAME; the proxy's user may not read the file, and has its values in the environment.
server() {
  printenv "LINKERD2_PROXY_IDENTITY_SERVER_$1" ||
    sed -n "s/^LINKERD2_PROXY_IDENTITY_SERVER_$1='\(.*\)'\$/\1/p" "${etc}/machine.env" 2>/dev/null || :
}

nameservers() { sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf 2>/dev/null || :; }

# disable_ipv6=1 leaves no address, ipv6.disable=1 no file.
has_ipv6() { grep -qs . /proc/net/if_inet6; }

variant() { "$1" -V 2>/dev/null | grep -q "$2"; }

# of VERSION'S FOLDER, or of the one in use
proxy_path() { if [ "${PROXY_FROM}" = preinstalled ]; then echo "${PROXY_PATH}"; else echo "/opt/linkerd/${1:-current}/linkerd2-proxy"; fi; }

agent_path() { if [ "${AGENT_INSTALL}" = preinstalled ]; then echo "${AGENT_PATH}"; else echo "/opt/spire/${1:-current}/bin/spire-agent"; fi; }

# within SECONDS COMMAND...
within() {
  deadline=$(($(seconds) + $1))
  shift
  until "$@"; do
    [ "$(seconds)" -lt "${deadline}" ] || return 1
    sleep 1
  done
}

need_file() { [ -r "$1" ] || fail 3 no-configuration "$1 is missing" 'the files of meshjoin are not in place' 'copy them here'; }

load_conf() {
  JOIN_TOKEN_FILE=''
  need_file "${etc}/mesh-machine.conf"
  # shellcheck disable=SC1091
  . "${etc}/mesh-machine.conf"
}

# lock FD SECONDS: until this process ends, however it ends. 8 for a whole install, 9 for the rules.
lock() {
  mkdir -p "${run}"
  eval "exec $1>${run}/$1.lock"
  flock -w "$2" "$1"
}

busy() { fail 1 locked 'another mesh-machine is at work' 'nothing was changed' 'wait for it'; }
