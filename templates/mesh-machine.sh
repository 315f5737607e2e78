#!/bin/sh
# mesh-machine: joins this machine to a Linkerd mesh, looks after its redirect, and leaves again.
# Written by meshjoin; the same on every machine, which are told apart by /etc/linkerd. See docs/machine.md.
#
#   mesh-machine install                  check, users, binaries, units; waits until joined. May be run again.
#   mesh-machine redirect up|down|check   load the rules; keep them off until "up"; compare them
#   mesh-machine status                   what is the matter, as in /run/mesh-machine/status.json
#   mesh-machine leave                    take everything of ours away, and nothing else
#   For the units: join wait-identity wait-ready joined resolver-changed redirect apply|remove|assert
#
# Exit: 0 done, 1 failed, 2 usage, 3 refused: change something here first, 4 download failed, 5 not joined yet,
# 6 rules not as they should be. 3, 4 and 5 are retried by mesh-machine-join.timer.

# SC2154: mesh-machine.conf sets these. SC2310, SC2312: questions are asked in conditions, where "set -e" does not
# reach, and filters may come up empty; every step that must not fail says "|| fail".
# shellcheck disable=SC2154,SC2310,SC2312

set -eu
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

etc=/etc/linkerd
state=/var/lib/linkerd
run=/run/mesh-machine
units=/etc/systemd/system
off=${etc}/redirect.disabled
dropin=/etc/systemd/resolved.conf.d/linkerd-mesh.conf
work=''

# --- words

say() { printf 'mesh-machine: %s\n' "$*" >&2; }
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# Units with PrivateDevices= have no console: false there, and whoever has one says it.
console() { [ -c /dev/console ] && { printf 'meshjoin: %s\n' "$1" 2>/dev/null >/dev/console || :; }; }

# One printable line. An agent's own ID ends in the join token that it came with: never repeat it.
clean() { printf '%s' "$1" | tr '\n\t' '  ' | tr -cd ' -~' | sed 's|/join_token/[^ "]*|/join_token/...|g' | cut -c1-400; }
json() { printf '"%s"' "$(clean "$1" | sed 's/[\\"]/\\&/g')"; }

# fail STATUS ID WHAT MEANING REMEDY: on stderr, in status.json and, where it is news, on the console.
fail() {
  text=$(clean "$3")
  say "${text}. It means: $4. To do: $5."
  if is_root; then
    mkdir -p "${run}"
    [ "$1" -ne 3 ] || : >"${run}/refused"
    if [ "$(cat "${run}/said" 2>/dev/null)" != "${text}" ] && console "${text}"; then printf '%s' "${text}" >"${run}/said"; fi
    printf '{"id": "%s", "what": %s, "meaning": %s, "remedy": %s}' \
      "$2" "$(json "${text}")" "$(json "$4")" "$(json "$5")" >"${run}/failure"
    publish
  fi
  exit "$1"
}

# --- questions

has() { command -v "$1" >/dev/null; }
is_root() { [ "$(id -u)" -eq 0 ]; }
active() { systemctl -q is-active "$1" 2>/dev/null; }
property() { systemctl show -p "$2" --value "$1" 2>/dev/null || :; }
managed() { [ "${AGENT_FROM}" = managed ]; }
seconds() { cut -d. -f1 /proc/uptime; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }
truth() { if "$@"; then echo true; else echo false; fi; }
marked() { [ -e "${state}/joined" ]; }
server_id() { sed -n "s/^LINKERD2_PROXY_IDENTITY_SERVER_ID='\(.*\)'\$/\1/p" "${etc}/machine.env" 2>/dev/null || :; }
nameservers() { sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf 2>/dev/null || :; }
# A socket file may outlive its agent. Flag 00010000 stands for "listening".
listening() { grep -q " 00010000 0001 01 [ 0-9]*${AGENT_SOCKET}\$" /proc/net/unix; }
# 403 and 404: the proxy's default policy refuses us the answer, and the identity has to be proof enough.
ready() {
  if has curl; then curl -sD - --noproxy '*' -m 2 -o /dev/null "${ADMIN_URL}/ready"; else
    wget -qS --no-proxy -T 2 -t 1 -O /dev/null "${ADMIN_URL}/ready" 2>&1
  fi | grep -q '^ *HTTP/[0-9.]* \(200\|403\|404\)'
}
# Not the units' states: what publishes may be a step of theirs. load notes what it loaded.
joined_now() { marked && ready && { [ -e "${off}" ] || [ -e "${run}/iptables" ]; }; }
proxy_path() { if [ "${PROXY_FROM}" = preinstalled ]; then echo "${PROXY_PATH}"; else echo /opt/linkerd/current/linkerd2-proxy; fi; }
agent_path() { if [ "${AGENT_INSTALL}" = preinstalled ]; then echo "${AGENT_PATH}"; else echo /opt/spire/current/bin/spire-agent; fi; }

# until_deadline SECONDS COMMAND...
until_deadline() {
  deadline=$(($(seconds) + $1))
  shift
  until "$@"; do
    [ "$(seconds)" -lt "${deadline}" ] || return 1
    sleep 1
  done
}

load_conf() {
  [ -r "${etc}/mesh-machine.conf" ] || fail 3 no-configuration "${etc}/mesh-machine.conf is missing" \
    'the files of meshjoin are not in place' 'copy them here'
  # shellcheck source=/dev/null
  . "${etc}/mesh-machine.conf"
}

# lock NAME SECONDS: until this process ends, however it ends. fd 8 for a whole install, 9 for the rules.
lock() {
  mkdir -p "${run}"
  if [ "$1" = install ]; then exec 8>"${run}/install.lock" && flock -w "$2" 8; else
    exec 9>"${run}/rules.lock" && flock -w "$2" 9
  fi
}

# --- status

publish() {
  mkdir -p "${run}"
  if joined_now; then
    word=joined
    rm -f "${run}/failure" "${run}/said" "${run}/refused"
    if [ ! -e "${run}/announced" ] && console "joined the mesh as $(server_id), $(seconds) s after start"; then : >"${run}/announced"; fi
  elif marked; then word=degraded; elif [ -e "${run}/refused" ]; then word=refused; else word=joining; fi
  cat >"${run}/status.$$" <<STATUS
{
  "version": 1,
  "updated": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "state": "${word}",
  "spiffeId": $(json "$(server_id)"),
  "agent": {"unit": "$(property spire-agent.service ActiveState)", "socket": $(truth listening)},
  "proxy": {"unit": "$(property linkerd-proxy.service ActiveState)", "ready": $(truth ready)},
  "redirect": {"unit": "$(property linkerd-redirect.service ActiveState)", "off": $(truth test -e "${off}")},
  "failure": $(cat "${run}/failure" 2>/dev/null || echo null)
}
STATUS
  mv -f "${run}/status.$$" "${run}/status.json"
}

status() {
  if is_root; then publish; fi
  cat "${run}/status.json"
}

last_words() { journalctl --since "-$(seconds)s" -u "$1" -o cat -n 80 --no-pager 2>/dev/null | grep -E "$2" | tail -n 1 || :; }

# Why this machine has not joined, or is not well.
explain() {
  words=$(last_words spire-agent.service 'level=(error|warning)|nable|nvalid')
  if listening; then
    words=$(last_words linkerd-proxy.service 'mesh-machine: |Invalid')
    if [ "$(property linkerd-proxy.service ExecMainStatus)" = 64 ]; then
      fail 5 proxy-settings "the proxy refuses its settings: ${words}" "${etc}/*.env does not suit proxy ${PROXY_VERSION}" \
        'correct the document, generate and copy again'
    fi
    fail 5 proxy-not-ready "the proxy is not ready: ${words:-it has not said why yet}" 'there is no mesh traffic yet' \
      'see journalctl -u linkerd-proxy -u spire-agent; it is tried again by itself'
  fi
  managed || fail 5 no-agent "nothing listens on ${AGENT_SOCKET}" 'the SPIRE agent of this machine is not running' 'start it'
  case $(if [ -n "${JOIN_TOKEN_FILE}" ] && [ ! -s "${JOIN_TOKEN_FILE}" ]; then echo missing; fi):${words} in
    *'already been used'* | missing:*'no token'*)
      fail 5 join-token "the SPIRE server ${AGENT_SERVER} takes no join token from this machine" \
        "that in ${JOIN_TOKEN_FILE} is missing, used or too old" 'spire-server token generate, and put it into that file' ;;
    *'unknown authority'*)
      fail 5 server-not-trusted "the SPIRE server ${AGENT_SERVER} is not trusted" \
        '/etc/spire/bundle.pem is not its bundle, or the clock is wrong' 'compare with spire-server bundle show' ;;
    *)
      fail 5 no-identity "the SPIRE agent has no identity: ${words:-it has not said why yet}" "SPIRE server ${AGENT_SERVER} is away or refuses" \
        'see that it runs and can be reached; it is tried again by itself' ;;
  esac
}

# --- what the proxy's unit waits for; both time-outs fit its TimeoutStartSec=

wait_identity() {
  # What the proxy is about to read, for resolver_changed.
  [ -z "${RUNTIME_DIRECTORY-}" ] || nameservers >"${RUNTIME_DIRECTORY}/nameservers"
  until_deadline 45 can_start || { say "${reason}"; exit 1; }
}

# A listener; the identity, where it can be asked for; and until the first join the control plane's names, since what
# is down then should cost nobody their traffic.
can_start() {
  reason="nothing listens on the Workload API socket ${AGENT_SOCKET}"
  listening || return 1
  if [ "${IDENTITY_PROOF}" = svid ]; then
    reason=$("$(agent_path)" api fetch x509 -socketPath "${AGENT_SOCKET}" -timeout 5s 2>&1) || {
      reason="the SPIRE agent has no identity for $(id -un): $(clean "${reason}")"
      return 1
    }
    case ${reason} in *[[:space:]]"${LINKERD2_PROXY_IDENTITY_SERVER_ID}"*) ;; *)
      reason="SPIRE gives $(id -un) another identity than ${LINKERD2_PROXY_IDENTITY_SERVER_ID}"
      return 1 ;;
    esac
  fi
  ! marked || return 0
  # The proxy asks the servers of /etc/resolv.conf itself, past nsswitch.conf; so does "-s dns".
  for name in ${CONTROL_PLANE}; do
    case ${name} in \[*) continue ;; *[!0-9.]*:*) ;; *) continue ;; esac
    reason="/etc/resolv.conf has no server that knows ${name%:*} of the control plane"
    getent -s dns ahosts "${name%:*}" >/dev/null || return 1
  done
}

wait_ready() {
  until_deadline 45 ready_or_gone || { say 'the proxy has no certificate after 45 s'; exit 1; }
  [ -d "/proc/${MAINPID}" ] || { say 'the proxy ended before it was ready'; exit 1; }
  # Had the agent gone between our look and the proxy's, the proxy would have lost its identity task for good.
  listening || { say 'the SPIRE agent went away while the proxy started'; exit 1; }
}
ready_or_gone() { [ ! -d "/proc/${MAINPID}" ] || ready; }

# The first ready proxy leaves a mark: from now on "closed" loads the rules before the network is up.
joined() {
  if ! marked; then
    mkdir -p "${state}"
    date -u >"${state}/new"
    mv -f "${state}/new" "${state}/joined"
  fi
  publish
}

resolver_changed() {
  [ "$(nameservers)" = "$(cat /run/linkerd-proxy/nameservers 2>/dev/null || nameservers)" ] ||
    systemctl --no-block try-restart linkerd-proxy.service
}

# --- the redirect

redirect() {
  case $1 in up | down | check | apply | remove | assert) ;; *) usage ;; esac
  [ "${REDIRECT_BACKEND}" = iptables ] ||
    fail 3 backend "redirect.backend ${REDIRECT_BACKEND} is not built yet" 'there is no redirect' 'use iptables'
  "redirect_$1"
}

# Where the rules of each family are: what is done for "iptables" is done for "ip6tables".
tables() { if [ "${REDIRECT_IPV6}" = true ]; then echo iptables ip6tables; else echo iptables; fi; }
rules() { if [ "$1" = iptables ]; then echo "${etc}/redirect.v4"; else echo "${etc}/redirect.v6"; fi; }
nat() { "$1-save" -t nat 2>/dev/null || :; }
ours() { nat "$1" | sed -n '/MESHJOIN_/{s/ \[.*//;p;}'; }
lock_rules() { lock rules 30 || fail 1 locked 'the rules have been locked for 30 s' 'another mesh-machine is at work' 'wait for it'; }

redirect_up() {
  refuse_ssh
  rm -f "${off}"
  systemctl start linkerd-redirect.service ||
    fail 1 rules "the rules do not load" 'mesh traffic goes in plain text' 'see journalctl -u linkerd-redirect'
  marked || say 'the rules load when the proxy is ready for the first time'
  publish
}

# The switch first: no unit and no timer loads rules from then on.
redirect_down() {
  date -u >"${off}"
  systemctl stop linkerd-redirect.service linkerd-redirect-early.service 2>/dev/null || :
  unload
  say 'the redirect is off until "mesh-machine redirect up"'
  publish
}

redirect_check() {
  code=0
  for t in $(tables); do
    if text=$(differs "${t}"); then code=6; else text='complete and first'; fi
    say "${t}: ${text}"
  done
  [ ! -e "${off}" ] || say 'turned off by "redirect down"'
  exit "${code}"
}

redirect_apply() {
  refuse_ssh
  lock_rules
  [ ! -e "${off}" ] || return 0
  for t in $(tables); do load "${t}"; done
  # Before the network is up nobody can be asked for a status.
  if active basic.target; then publish; fi
}

# "closed" keeps its rules while the system shuts down, so that what stops late does not send in plain text.
redirect_remove() {
  [ "${REDIRECT_ON_PROXY_FAILURE}" != closed ] || [ "$(systemctl is-system-running)" != stopping ] || return 0
  unload
  publish
}

# Puts back what was removed, never what was turned off or stopped: the unit is asked under the lock, so that a stop
# under way removes after us.
redirect_assert() {
  lock_rules
  if [ ! -e "${off}" ] && active linkerd-redirect.service; then
    for t in $(tables); do
      if text=$(differs "${t}"); then
        say "${t}: ${text}: loading the rules again"
        refuse_ssh
        load "${t}"
      fi
    done
  fi
  # No path unit sees a symbolic link being replaced.
  resolver_changed
  publish
}

# Listings are compared with listings: iptables lists rules in other words than it is given.
differs() {
  listed=$(ours "$1")
  if [ -z "${listed}" ]; then echo 'not loaded'
  elif [ "${listed}" != "$(cat "${run}/$1" 2>/dev/null)" ]; then echo 'not as loaded'
  elif [ "$(sum "$(rules "$1")")" != "$(cat "${run}/$1.sum")" ]; then echo 'older than its file'
  elif ! first "$1" PREROUTING || ! first "$1" OUTPUT; then echo 'not first'
  else return 1; fi
}
first() { nat "$1" | sed -n "/^-A $2 /{p;q;}" | grep -q MESHJOIN_; }

# One transaction: jumps of an earlier load go (in the words in which they are listed), the file comes, its jumps are
# first. Killed at any point, the kernel has the old rules or the new ones.
load() {
  grep -qx COMMIT "$(rules "$1")" ||
    fail 3 no-rules "$(rules "$1") is missing or cut short" 'no rules were changed' 'copy the files here again'
  note_before "$1"
  before=$(nat "$1")
  {
    sed '/^-I /,$d' "$(rules "$1")"
    echo "${before}" | jumps
    sed -n '/^-I /,/^COMMIT/p' "$(rules "$1")" | sed '$d'
    echo "${before}" | chains | while read -r c; do
      grep -q "^:${c} " "$(rules "$1")" || printf -- '-F %s\n-X %s\n' "${c}" "${c}"
    done
    echo COMMIT
  } >"${run}/load"
  error=$("$1-restore" --noflush -w 5 <"${run}/load" 2>&1) || fail 1 rules "$1-restore: ${error}" \
    'the rules are as they were' "is every module of the kernel there? See the line in ${run}/load"
  ours "$1" >"${run}/$1"
  sum "$(rules "$1")" >"${run}/$1.sum"
}
jumps() { sed -n '/^-A MESHJOIN_/d; s/^-A \(.* -[jg] MESHJOIN_[A-Z_]*\)$/-D \1/p'; }
chains() { sed -n 's/^:\(MESHJOIN_[A-Z_]*\) .*/\1/p'; }

# Notes before the first load since boot which of the table and of its two built-in chains are there: iptables on
# nf_tables makes them when it needs them, and lists them even where they are not. -X tells: 1 absent, 0 there and
# empty (the load makes it again), 4 in use.
note_before() {
  [ ! -e "${run}/$1.before" ] && [ -z "$(ours "$1")" ] && "$1" -V | grep -q nf_tables || return 0
  if "$1-save" | grep -qx '\*nat'; then
    echo table
    for c in PREROUTING OUTPUT; do
      code=0
      "$1" -w 5 -t nat -X "${c}" 2>/dev/null || code=$?
      [ "${code}" -eq 1 ] || echo "${c}"
    done
  fi >"${run}/$1.before"
}

unload() {
  lock_rules
  for t in iptables ip6tables; do
    if has "${t}-save" && [ -n "$(ours "${t}")" ]; then unload_table "${t}"; fi
    rm -f "${run}/${t}" "${run}/${t}.sum"
  done
}

unload_table() {
  before=$(nat "$1")
  left=$(echo "${before}" | sed '/MESHJOIN_/d')
  error=$({
    echo '*nat'
    echo "${before}" | jumps
    echo "${before}" | chains | sed 's/^/-F /'
    echo "${before}" | chains | sed 's/^/-X /'
    # Built-in chains that came with our rules go with them, unless somebody else uses them by now.
    for c in PREROUTING OUTPUT; do
      case ${left} in *"-A ${c} "*) ;; *) caused "$1" "${c}" && echo "-X ${c}" ;; esac
    done
    echo COMMIT
  } | "$1-restore" --noflush -w 5 2>&1) ||
    fail 1 rules "$1-restore: ${error}" 'mesh traffic is still redirected' 'mesh-machine redirect down'
  # So does the table: without --noflush an empty one is deleted.
  if caused "$1" table && ! nat "$1" | grep -q '^-A\|^:.* - '; then printf '*nat\nCOMMIT\n' | "$1-restore" -w 5; fi
}
caused() { [ -e "${run}/$1.before" ] && ! grep -qx "$2" "${run}/$1.before"; }

# --- SSH is never redirected: what sshd listens on, is configured for, and systemd listens on for it

ssh_ports() {
  {
    ss -Hltnp | sed -n '/"sshd"\|"dropbear"/s/^[^ ]* *[0-9]* *[0-9]* *[^ ]*:\([0-9]*\) .*/\1/p'
    if active ssh.socket; then property ssh.socket Listen | sed -n 's/.*:\([0-9]*\) (Stream).*/\1/p'; fi
    if has sshd; then sshd -T | sed -n 's/^port //p; s/^listenaddress .*:\([0-9]*\)$/\1/p'; fi
    sed -n 's/^ *[Pp]ort[ =]*\([0-9]*\).*/\1/p' /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf
  } 2>/dev/null | sort -un
}

refuse_ssh() {
  ports=$(ssh_ports)
  for t in $(tables); do
    for port in ${ports}; do
      ! redirects "${port}" <"$(rules "${t}")" || fail 3 ssh "sshd's port ${port} would be redirected by $(rules "${t}")" \
        'these rules could lock you out and are not loaded' "take port ${port} out of the document's ports, or exempt it"
    done
  done
}

# Walks the inbound rules on stdin as the kernel does for a connection to port $1 from anywhere.
redirects() {
  while read -r rule; do
    case ${rule} in '-A MESHJOIN_INBOUND '*) ;; *) continue ;; esac
    case ${rule} in *' --dport '*)
      range=${rule##* --dport }
      range=${range%% *}
      if [ "$1" -lt "${range%%:*}" ] || [ "$1" -gt "${range##*:}" ]; then continue; fi ;;
    *) ;; esac
    case ${rule} in
      *' -j REDIRECT'*) return 0 ;;
      *' -s '* | *' -d '* | *' -i '* | *' -m '*) ;; # exempts some connections only
      *) return 1 ;;
    esac
  done
  return 1
}

# --- install: first what changes nothing

# Sets url, sha256, member, ca, proxy, version of PROXY or AGENT for this machine's architecture.
source_of() {
  case $(uname -m) in
    x86_64) arch=AMD64 ;;
    aarch64) arch=ARM64 ;;
    *) fail 3 architecture "there are no binaries for $(uname -m)" 'this machine cannot join' 'use x86_64 or aarch64' ;;
  esac
  eval "url=\${$1_URL_${arch}} sha256=\${$1_SHA256_${arch}} member=\${$1_MEMBER_${arch}}"
  eval "ca=\${$1_CA_FILE} proxy=\${$1_HTTP_PROXY} version=\${$1_VERSION}"
  [ -n "${sha256}" ] || fail 3 no-checksum "the document has no sha256 of the $1 for ${arch}" \
    'what cannot be checked is not downloaded' 'add it and generate again'
}
downloads() {
  if [ "${PROXY_FROM}" = download ]; then echo PROXY; fi
  if managed && [ "${AGENT_INSTALL}" = download ]; then echo AGENT; fi
}

check_packages() {
  missing='' packages='' family=$(sed -n 's/^ID\(_LIKE\)*=//p' /etc/os-release | tr -d '"\n')
  for t in $(tables); do need "${t}-restore" iptables iptables-nft; done
  need ss iproute2 iproute
  if [ "${RESOLVER_PROVIDER}" = systemd-resolved ]; then need resolvectl systemd-resolved systemd-resolved; fi
  if [ -n "$(downloads)" ]; then
    has wget || need curl curl curl
    need tar tar tar
    need gzip gzip gzip
    ls /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem >/dev/null 2>&1 ||
      need update-ca-certificates ca-certificates ca-certificates
  fi
  case ${family} in *debian*) tool=apt-get ;; *rhel* | *fedora*) tool=dnf ;; *suse*) tool=zypper ;; *) tool='your package manager:' ;; esac
  [ -z "${missing}" ] || fail 3 missing-packages "missing here:${missing}" 'nothing was changed' "${tool} install${packages}"
}
need() { # COMMAND PACKAGE PACKAGE-ON-RHEL
  ! has "$1" || return 0
  missing="${missing} $1"
  case ${family} in *rhel* | *fedora*) packages="${packages} $3" ;; *) packages="${packages} $2" ;; esac
}

check_user() { # USER UID FIELD
  for kind in passwd group; do
    owner=$(getent "${kind}" "$2" | cut -d: -f1)
    number=$(getent "${kind}" "$1" | cut -d: -f3)
    ! misnumbered "$1" "$2" || number=''
    [ "${owner:-$1}:${number:-$2}" = "$1:$2" ] ||
      fail 3 uid-taken "$1 should have number $2, but the ${kind} file has $2 for ${owner:-nobody} and $1 as ${number:-none}" \
        'the redirect exempts by number, and would exempt the wrong one' "choose another $3.uid, or free the number"
  done
}

# At an earlier boot systemd may have made our user with another number, because the right one was taken then.
misnumbered() { getent passwd "$1" | grep -F '(meshjoin):' | grep -qv "^$1:[^:]*:$2:"; }
renumber() { ! misnumbered "$1" "$2" || leave_user "$1" '(meshjoin)'; }

check() {
  check_packages
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 249 ] ||
    fail 3 systemd 'systemd is older than 249' 'the units need what it lacks' 'use a newer release of the distribution'
  for f in "${etc}/mesh.env" "${etc}/machine.env" "$(rules iptables)"; do
    [ -r "${f}" ] || fail 3 no-configuration "${f} is missing" 'the files of meshjoin are not all in place' 'copy them here'
  done
  check_user "${PROXY_USER}" "${PROXY_UID}" proxy.user
  if managed; then check_user "${AGENT_USER}" "${AGENT_UID}" spire.agent.user; fi
  refuse_ssh
}

# --- install: then the steps, each of which does nothing where nothing is to be done

# fetch URL FILE CA PROXY. A proxy's address may hold a password: environment, not command line.
fetch() {
  [ -z "$4" ] || export http_proxy="$4" https_proxy="$4"
  case $1 in https:*) schemes='=https' ;; *) schemes='=http,https' ;; esac
  if has curl; then
    curl -fsSL --proto "${schemes}" --connect-timeout 10 -Y 1000 -y 30 -m 900 --retry 4 --retry-connrefused ${3:+--cacert "$3"} -o "$2" "$1"
  else
    wget -nv -T 20 -t 3 ${3:+--ca-certificate="$3"} -O "$2" "$1"
  fi 2>&1
}

# install_binary PROXY|AGENT BASE FILE: BASE/VERSION/FILE and BASE/current. Unpacked on the same file system, moved
# into place whole; .meshjoin names the archive's sum and the binary's.
install_binary() {
  source_of "$1"
  if ! { grep -qx "${sha256}" "$2/${version}/.meshjoin" && grep -qx "$(sum "$2/${version}/$3")" "$2/${version}/.meshjoin"; } 2>/dev/null; then
    rm -rf "$2"/.new.*
    work=$2/.new.$$
    mkdir -p "$(dirname "${work}/v/$3")" || fail 4 no-room "$2 cannot be written" 'nothing was installed' 'make room'
    say "downloading ${url}"
    error=$(fetch "${url}" "${work}/archive" "${ca}" "${proxy}") || fail 4 download "${url}: ${error}" \
      "nothing was installed; $(room)" 'see that the server is up and there is room; it is tried again by itself'
    got=$(sum "${work}/archive")
    [ "${got}" = "${sha256}" ] || fail 3 checksum "${url} has sha256 ${got}, not ${sha256}" \
      'it was thrown away unopened' 'correct the document or the mirror'
    # The one file is written by us: no path, owner or mode of the archive counts.
    error=$(tar -xzOf "${work}/archive" "${member}" 2>&1 >"${work}/v/$3") || fail 4 unpack "${member} of ${url}: ${error}" \
      "nothing was installed; $(room)" 'is that file in the archive, and is there room?'
    chmod 755 "${work}/v/$3"
    printf '%s\n' "${sha256}" "$(sum "${work}/v/$3")" >"${work}/v/.meshjoin"
    [ ! -e "$2/${version}" ] || mv "$2/${version}" "${work}/old"
    mv "${work}/v" "$2/${version}"
    rm -rf "${work}"
    if has restorecon; then restorecon -RF "$2" || :; fi
  fi
  ln -sfn "${version}" "$2/.current"
  mv -fT "$2/.current" "$2/current"
}
room() { df -Pk "${work}" | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\) .*/\1 KiB are free/p'; }

# The proxy has no --version: without settings it refuses with 64, if it can run here at all.
try_binaries() {
  code=0
  error=$(env -i timeout 20 "$(proxy_path)" 2>&1) || code=$?
  [ "${code}" -eq 64 ] || fail 3 proxy-cannot-run "$(proxy_path) cannot run here (${code}): ${error}" \
    'it is for another architecture or a newer glibc' 'use a newer release of the distribution, or a proxy built for this one'
  managed || return 0
  # Not "validate": that wants the join token's credential, which only the unit has.
  error=$(timeout 20 "$(agent_path)" --version 2>&1) || fail 3 agent-cannot-run "$(agent_path) cannot run here: ${error}" \
    'it is for another architecture, or damaged' 'use a SPIRE agent built for this machine'
}

set_resolver() {
  [ "${RESOLVER_PROVIDER}" = systemd-resolved ] || return 0
  changed resolver "${dropin}" || return 0
  systemctl restart systemd-resolved.service
  nameservers | grep -qx 127.0.0.53 || fail 3 resolver '/etc/resolv.conf does not name systemd-resolved' \
    'the proxy would not find the names of the cluster' \
    'ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf, or mesh.dns.provider: none'
  changed_done
}

# changed NAME FILE...: whether the files are others than at the last changed_done.
changed() {
  change=${state}/$1.sum
  shift
  change_now=$(cat "$@" | sha256sum)
  [ "${change_now}" != "$(cat "${change}" 2>/dev/null)" ]
}
changed_done() { printf '%s\n' "${change_now}" >"${change}"; }

# --no-block throughout: cloud-init runs us, and nothing that waits for the boot may wait for us.
start() {
  systemctl daemon-reload
  systemctl -q enable linkerd-mesh.target
  if [ -e "${units}/linkerd-redirect-early.service" ]; then systemctl -q enable linkerd-redirect-early.service; fi
  if managed && changed agent "$(agent_path)" /etc/spire/agent.json "${units}/spire-agent.service"; then
    systemctl --no-block try-restart spire-agent.service
    changed_done
  fi
  if changed proxy "$(proxy_path)" "${etc}/mesh.env" "${etc}/machine.env" "${units}/linkerd-proxy.service"; then
    systemctl --no-block try-restart linkerd-proxy.service
    changed_done
  fi
  systemctl --no-block start linkerd-mesh.target
  if active linkerd-redirect-assert.timer; then systemctl --no-block start linkerd-redirect-assert.service; fi
}

steps() { # SECONDS to wait for the join
  check
  rm -f "${run}/refused"
  mkdir -p "${state}"
  renumber "${PROXY_USER}" "${PROXY_UID}"
  if managed; then renumber "${AGENT_USER}" "${AGENT_UID}"; fi
  systemd-sysusers /etc/sysusers.d/linkerd-mesh.conf
  check_user "${PROXY_USER}" "${PROXY_UID}" proxy.user
  for name in $(downloads); do
    if [ "${name}" = PROXY ]; then install_binary PROXY /opt/linkerd linkerd2-proxy; else
      install_binary AGENT /opt/spire bin/spire-agent
    fi
  done
  try_binaries
  set_resolver
  # What failed before these steps does not any more.
  rm -f "${run}/failure"
  start
  publish
  until_deadline "$1" joined_now || explain
  systemctl -q disable mesh-machine-join.timer
  systemctl --no-block stop mesh-machine-join.timer
  publish
}

# Armed before the first step: whatever ends this run, another follows.
install() {
  lock install 900 || fail 1 locked 'another install has been at work for 15 minutes' 'nothing was done' 'wait for it'
  if ! marked; then
    systemctl daemon-reload
    systemctl -q enable mesh-machine-join.timer
    systemctl --no-block start mesh-machine-join.timer
  fi
  steps 150
  say "this machine is in the mesh as $(server_id)"
}

# What the timer runs. A refusal waits for a person: again when a file has changed, or after five minutes.
join() {
  lock install 0 || return 0
  if [ -e "${run}/refused" ]; then
    at=$(date -r "${run}/refused" +%s)
    if [ "$(date +%s)" -lt $((at + 300)) ] && [ "$(date -r "${etc}" +%s)" -le "${at}" ]; then return 0; fi
  fi
  steps 20
}

# --- leave

leave() {
  if [ ! -e "${etc}/mesh-machine.conf" ]; then
    say 'nothing of the mesh is here: nothing to do'
    return 0
  fi
  # The retry first, so that nothing joins behind us; then the target, whose stop takes the rules before the proxy.
  systemctl stop mesh-machine-join.timer mesh-machine-join.service 2>/dev/null || :
  lock install 60 || fail 1 locked 'an install is at work' 'nothing was done' 'wait for it'
  list=''
  for file in "${units}"/linkerd-mesh* "${units}"/linkerd-proxy* "${units}"/linkerd-redirect* "${units}"/mesh-machine-*; do
    [ ! -f "${file}" ] || list="${list} ${file##*/}"
  done
  if managed; then list="${list} spire-agent.service"; fi
  # One word each.
  # shellcheck disable=SC2086
  { systemctl stop linkerd-mesh.target; systemctl -q disable ${list}; systemctl stop ${list}; } 2>/dev/null || :
  unload
  for unit in ${list}; do rm -f "${units}/${unit}"; done
  systemctl daemon-reload
  # shellcheck disable=SC2086
  systemctl reset-failed ${list} 2>/dev/null || :
  rm -f /etc/sysusers.d/linkerd-mesh.conf
  if [ -e "${dropin}" ]; then
    rm -f "${dropin}"
    systemctl try-restart systemd-resolved.service || :
  fi
  leave_base /opt/linkerd
  leave_user "${PROXY_USER}" 'Linkerd proxy (meshjoin)'
  if managed; then
    leave_base /opt/spire
    leave_user "${AGENT_USER}" 'SPIRE agent (meshjoin)'
    rm -rf /var/lib/spire-agent /run/spire/agent /etc/spire/agent.json /etc/spire/bundle.pem
  fi
  rm -rf "${state}" "${run}" /run/linkerd-proxy
  rm -f "${etc}"/*.env "${etc}/trust-anchors.pem" "${etc}"/redirect.* /usr/local/sbin/mesh-machine /usr/local/sbin/mesh-machine-doctor
  # Last, so that a leave that was cut short can be run again.
  rm -f "${etc}/mesh-machine.conf"
  rmdir "${etc}" /etc/spire /run/spire /etc/systemd/resolved.conf.d /etc/sysusers.d 2>/dev/null || :
  if [ -e "${JOIN_TOKEN_FILE}" ]; then say "${JOIN_TOKEN_FILE} stays: you put it there"; fi
  say 'this machine has left the mesh'
}

# Versions that we unpacked carry .meshjoin.
leave_base() {
  for v in "$1"/*/.meshjoin; do
    [ ! -e "${v}" ] || rm -rf "${v%/*}"
  done
  rm -rf "$1"/.new.*
  [ -e "$1/current" ] || rm -f "$1/current"
  rmdir "$1" 2>/dev/null || :
}

# Ours are known by the description that our sysusers file gives them.
leave_user() {
  getent passwd "$1" | grep -qF "$2:" || return 0
  userdel "$1" 2>/dev/null || say "user $1 stays: a process of it is running"
  ! getent group "$1" >/dev/null || groupdel "$1" 2>/dev/null || :
}

# --- verbs

trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
verb=${1-}
case ${verb}:$# in
  wait-identity:1 | wait-ready:1) load_conf ;;
  install:1 | join:1 | joined:1 | leave:1 | status:1 | resolver-changed:1 | redirect:2)
    is_root || [ "${verb}" = status ] || fail 2 root "mesh-machine ${verb} has to run as root" 'nothing was done' 'use sudo'
    if [ "${verb}" != leave ] || [ -e "${etc}/mesh-machine.conf" ]; then load_conf; fi
    ;;
  *) usage ;;
esac
case ${verb} in
  wait-identity) wait_identity ;;
  wait-ready) wait_ready ;;
  resolver-changed) resolver_changed ;;
  redirect) redirect "$2" ;;
  *) "${verb}" ;;
esac
