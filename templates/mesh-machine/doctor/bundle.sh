# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# A bundle for whoever helps: what this machine is, says and has loaded. No token, no key.

# write_bundle FILE: for root alone. Folders are not asked for anything: each file is one of the list.
write_bundle() {
  local folder
  umask 077
  mkdir -p "${run}"
  work=$(mktemp -d "${run}/bundle.XXXXXX")
  trap 'rm -rf "${work}"' EXIT
  trap 'exit 143' TERM INT HUP
  folder=${work}/mesh-machine
  mkdir "${folder}"
  report "${notes}" --json >"${folder}/doctor.json" || :
  report "${notes}" >"${folder}/doctor.txt" || :
  collect status.json cat "${run}/status.json"
  collect units.txt systemctl --no-pager -l status $(our_units)
  collect journal.txt journalctl -q --no-pager -n 3000 -o short-iso -u 'linkerd-*' -u 'mesh-machine-*' -u 'spire-*'
  collect rules.txt list_rules
  collect network.txt list_network
  collect resolver.txt list_resolver
  collect system.txt list_system
  collect metrics.txt timeout 5 curl -sS --noproxy '*' "${ADMIN_URL}/metrics"
  collect files.txt list_files
  tar -C "${work}" -czf "${work}/done" mesh-machine
  mv -f "${work}/done" "$1"
  say "$1 has $(find "${folder}" -type f | wc -l) files; read them before you give it away"
}

# collect NAME COMMAND...: what it says, without secrets.
collect() {
  local name="$1"
  shift
  timeout_shell "$@" 2>&1 | without_secrets >"${folder}/${name}" || :
}

# timeout_shell COMMAND...: programs are bounded, functions bound theirs.
timeout_shell() { case $1 in list_*) "$@" ;; *) timeout 10 "$@" ;; esac }

# without_secrets: text without what an agent's ID has of its join token, without the token that waits for its use, without
# private keys, and without the passwords of addresses.
without_secrets() {
  awk -v "file=${JOIN_TOKEN_FILE:-/dev/null}" '
    BEGIN { if ((getline token <file) <= 0) token = ""; gsub(/[[:space:]]/, "", token) }
    /-----BEGIN [A-Z ]*PRIVATE / { hidden = 1; print "..." }
    hidden { if (/-----END/) hidden = 0; next }
    {
      while (token != "" && (at = index($0, token))) $0 = substr($0, 1, at - 1) "..." substr($0, at + length(token))
      gsub(/join_token\/[^ "\\,;)]*/, "join_token/...")
      gsub(/:\/\/[^\/@ "]*@/, "://...@")
      print
    }'
}

# heading COMMAND...: what it says, below its name.
heading() {
  printf '\n# %s\n' "$*"
  timeout 5 "$@" 2>&1 || :
}

# list_rules: of everybody.
list_rules() {
  heading iptables -V
  heading iptables-save
  heading ip6tables-save
  heading nft -s list ruleset
}

# list_network: addresses, routes, and who listens.
list_network() {
  heading ip address
  heading ip rule
  heading ip route show table all
  heading ip -6 route show table all
  heading ss -Hltunp
  heading ss -s
}

# list_resolver: who answers for which names.
list_resolver() {
  heading ls -l /etc/resolv.conf
  heading cat /etc/resolv.conf
  heading grep '^hosts' /etc/nsswitch.conf
  heading resolvectl --no-pager status
}

# list_system: what runs here.
list_system() {
  heading uname -a
  heading cat /etc/os-release
  heading systemctl --version
  heading timedatectl
  heading getconf GNU_LIBC_VERSION
  heading df -P
  heading findmnt
  heading uptime
}

# list_files: those of ours that are text, but for settings in which a password may stand.
list_files() {
  local name
  heading ls -l "${etc}" /etc/spire "${state}" "${run}"
  for name in $(our_files '' | grep -v '^/opt\|sbin'); do
    printf '\n# %s\n' "${name}"
    sed "s/^\([A-Z_]*\(PROXY\|COMMAND\|PASSWORD\|SECRET\|TOKEN\)\)='.*/\1='...'/" "${name}"
  done
}
