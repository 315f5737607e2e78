# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# Questions about the machine, and what every verb needs.

# has COMMAND: whether it is here.
has() { command -v "$1" >/dev/null; }

# optional COMMAND...: where it is here.
optional() { ! has "$1" || "$@"; }

# is_active UNIT: whether systemd says so.
is_active() { systemctl -q is-active "$1" 2>/dev/null; }

# property UNIT NAME: its value, or nothing.
property() { systemctl show -p "$2" --value "$1" 2>/dev/null || :; }

# seconds: since boot; no clock that is set goes back on it.
seconds() { cut -d. -f1 /proc/uptime; }

# checksum FILE: its checksum.
checksum() { sha256sum <"$1" | cut -d' ' -f1; }

# boolean COMMAND...: whether it succeeds, as JSON.
boolean() { if "$@"; then echo true; else echo false; fi; }

# has_joined: whether this machine ever has.
has_joined() { [ -e "${state}/joined" ]; }

# owns_agent: whether the SPIRE agent is ours.
owns_agent() { [ "${AGENT_FROM}" = managed ]; }

# uses_resolved: whether names of the cluster are asked of systemd-resolved.
uses_resolved() { [ "${RESOLVER_PROVIDER}" = systemd-resolved ]; }

# identity ID|NAME: what the proxy serves as. Its user may not read the file, and has its values in the environment.
identity() {
  printenv "LINKERD2_PROXY_IDENTITY_SERVER_$1" ||
    sed -n "s/^LINKERD2_PROXY_IDENTITY_SERVER_$1='\(.*\)'\$/\1/p" "${etc}/machine.env" 2>/dev/null || :
}

# nameservers: those of /etc/resolv.conf, one a line.
nameservers() { sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf 2>/dev/null || :; }

# has_ipv6: disable_ipv6=1 leaves no address, ipv6.disable=1 no file.
has_ipv6() { grep -qs . /proc/net/if_inet6; }

# proxy_path [FOLDER]: the proxy of a version's folder, or the one in use.
proxy_path() {
  if [ "${PROXY_FROM}" = preinstalled ]; then
    echo "${PROXY_PATH}"
  else echo "/opt/linkerd/${1:-current}/linkerd2-proxy"; fi
}

# agent_path [FOLDER]: the same for the SPIRE agent.
agent_path() {
  if [ "${AGENT_INSTALL}" = preinstalled ]; then
    echo "${AGENT_PATH}"
  else echo "/opt/spire/${1:-current}/bin/spire-agent"; fi
}

# within SECONDS COMMAND...: tries once a second until it succeeds; false where it has not by then.
within() {
  local deadline="$(($(seconds) + $1))"
  shift
  until "$@"; do
    [ "$(seconds)" -lt "${deadline}" ] || return 1
    sleep 1
  done
}

# require_file FILE: refuses where it is missing.
require_file() { [ -r "$1" ] || fail no-configuration "$1"; }

# load_configuration: sets what mesh-machine.conf says.
load_configuration() {
  require_file "${etc}/mesh-machine.conf"
  # shellcheck disable=SC1091
  . "${etc}/mesh-machine.conf"
}

# lock FD SECONDS: until this process ends, however it ends; false where another has it. 8 for a whole install, 9 for the
# rules.
lock() {
  mkdir -p "${run}"
  eval "exec $1>${run}/$1.lock"
  flock -w "$2" "$1"
}

# run_program NAME WORDS...: goes on as one that user-data for a platform with little room leaves out.
run_program() {
  local program="mesh-machine-$1"
  has "${program}" || fail no-program "$1"
  shift
  exec "${program}" "$@"
}
