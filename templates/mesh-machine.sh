#!/bin/sh
# mesh-machine: joins this machine to a Linkerd mesh, and leaves it again. By meshjoin; see docs/machine.md.
#
#   install                 check, users, binaries, units; waits until joined. May be run again
#   upgrade                 the same with new files; back to the old ones where that fails
#   redirect up|down|check  load the rules; off until "up"; compare them and try connections
#     up --confirm-within SECONDS: off again unless "redirect confirm" comes first
#   status                  as in /run/mesh-machine/status.json
#   leave                   take everything of ours away
#
# Exit: 1 failed, 2 usage, 3 refused, 4 download, 5 not joined yet, 6 rules amiss, 7 upgrade undone

# SC2153, SC2154: mesh-machine.conf sets these. SC2310, SC2312: questions are asked in conditions, where "set -e" does not
# reach, and filters may come up empty; every step that must not fail says "|| fail". SC2046: lists of names are one
# word each.
# shellcheck disable=SC2046,SC2153,SC2154,SC2310,SC2312

set -eu
umask 022
# Debian 12's "cp --parents" looks for the folders of absolute paths below the one that it is called in.
cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

etc=/etc/linkerd
state=/var/lib/linkerd
run=/run/mesh-machine
units=/etc/systemd/system
off=${etc}/redirect.disabled
sysctl=/etc/sysctl.d/00-linkerd-mesh.conf
reserved=/proc/sys/net/ipv4/ip_local_reserved_ports
note=${run}/failure
good=${state}/good/current
detach=--no-block
work=''

# --- words

say() { printf 'mesh-machine: %s\n' "$*" >&2 || :; }
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# Units with PrivateDevices= have no console: false there, and whoever has one says it.
console() { [ -c /dev/console ] && { printf 'meshjoin: %s\n' "$1" 2>/dev/null >/dev/console || :; }; }

# One printable line. An agent's own ID ends in the join token that it came with: never repeat it.
clean() { printf '%s' "$1" | tr '\n\t' '  ' | tr -cd ' -~' | sed 's|/join_token/[^ "]*|/join_token/...|g' | cut -c1-400; }
json() { printf '"%s"' "$(clean "$1" | sed 's/[\\"]/\\&/g')"; }

# fail STATUS ID WHAT MEANING REMEDY: on stderr, in status.json and, where it is news, on the console. What made an
# upgrade fail is noted elsewhere, since the machine may be well again by the time that somebody asks.
fail() {
  text=$(clean "$3")
  say "${text}. It means: $4. To do: $5."
  if is_root; then
    mkdir -p "${run}"
    [ "$1" -ne 3 ] || : >"${run}/refused"
    if [ "$(cat "${run}/said" 2>/dev/null)" != "${text}" ] && console "${text}"; then printf '%s' "${text}" >"${run}/said"; fi
    printf '{"id": "%s", "what": %s, "meaning": %s, "remedy": %s}' \
      "$2" "$(json "${text}")" "$(json "$4")" "$(json "$5")" >"${note}"
    publish
  fi
  exit "$1"
}

# --- questions

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
# A socket file may outlive its agent. Flag 00010000 stands for "listening".
listening() { grep -q " 00010000 0001 01 [ 0-9]*${AGENT_SOCKET}\$" /proc/net/unix; }
answers() { # STATUS of the proxy's /ready, or several
  if has curl; then curl -sD - --noproxy '*' -m 2 -o /dev/null "${ADMIN_URL}/ready"; else
    wget -qS --no-proxy -T 2 -t 1 -O /dev/null "${ADMIN_URL}/ready" 2>&1
  fi | grep -q "^ *HTTP/[0-9.]* \\($1\\)"
}
# 403 and 404: the proxy's default policy refuses us the answer. No answer is proof of a proxy that serves: 200 says
# one as well that lost its identity task, for good. Its certificate is, with the port that it opens behind it. Sets up
# and expires.
ready() {
  up=false expires=''
  answers '200\|403\|404' && certificate && serves && up=true
}
# Shown by the mesh's TLS on the admin port, whatever the policy hides there. Not on 4143: where the kernel tracks no
# connections, as before the first rule, the proxy closes each that comes there.
certificate() {
  if has openssl; then
    shown=$(timeout 3 openssl s_client -connect "${ADMIN_URL#*//}" -servername "$(server NAME)" </dev/null 2>/dev/null |
      openssl x509 -noout -enddate -ext subjectAltName 2>/dev/null)
    case "${shown} " in *"URI:$(server ID)"[,[:space:]]*) ;; *) return 1 ;; esac
  else
    shown=$(curl -vskm 3 --noproxy '*' -o /dev/null --connect-to "::${ADMIN_URL#*//}" "https://$(server NAME)" 2>&1) || :
  fi
  expires=$(printf '%s\n' "${shown}" | sed -n 's/.*notAfter=//p; s/.*expire date: //p')
  [ "$(date -d "${expires:-never}" +%s 2>/dev/null || echo 0)" -gt "$(date +%s)" ]
}
serves() { grep -qs ':102F [0:]* 0A' /proc/net/tcp /proc/net/tcp6; } # 4143, listening
# Not the units' states: what publishes may be a step of theirs. load notes what it loaded.
joined_now() { ready && marked && { [ -e "${off}" ] || [ -e "${run}/loaded" ]; }; }
# Joined, and with the units and the rules that it should have.
healthy() { active linkerd-proxy && joined_now && { ! in_charge || ! amiss; }; }
# A restart that is still to come would let the proxy of before answer. An upgrade does not wait for a second try.
settled() {
  [ -z "$(property linkerd-proxy Job)" ] || return 1
  healthy || case ${detach}$(property linkerd-proxy SubState)$(property linkerd-proxy NRestarts) in
    *failed* | auto-restart* | start*[1-9]*) ;; *) false ;;
  esac
}
amiss() {
  for t in $(tables); do ! words=$(differs "${t}") || return 0; done
  return 1
}
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

# --- status

publish() {
  mkdir -p "${run}"
  if joined_now; then
    word=joined
    rm -f "${run}/failure" "${run}/said" "${run}/refused"
    if [ ! -e "${run}/announced" ] && console "joined the mesh as $(server ID)"; then : >"${run}/announced"; fi
  elif marked; then word=degraded; elif [ -e "${run}/refused" ]; then word=refused; else word=joining; fi
  cat >"${run}/status.$$" <<STATUS
{
  "version": 1,
  "updated": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "state": "${word}",
  "spiffeId": $(json "$(server ID)"),
  "agent": {"unit": "$(property spire-agent ActiveState)", "socket": $(truth listening)},
  "proxy": {"unit": "$(property linkerd-proxy ActiveState)", "ready": ${up},
    "expires": $(date -ud "${expires:-never}" +'"%FT%TZ"' 2>/dev/null || echo null)},
  "redirect": {"unit": "$(property linkerd-redirect ActiveState)", "off": $(truth disabled), "second": $(truth second)},
  "failure": $(cat "${run}/failure" 2>/dev/null || echo null),
  "undone": $(cat "${state}/undone" 2>/dev/null || echo null)
}
STATUS
  mv -f "${run}/status.$$" "${run}/status.json"
}

status() {
  if is_root; then publish; fi
  cat "${run}/status.json"
}

# last_words UNIT PATTERN...: the newest line with the first of the patterns that any has; of a proxy since its start.
last_words() {
  of=$1
  shift
  for words; do
    journalctl -ru "${of}" --since "-$(seconds)s" -o cat --no-pager 2>/dev/null | sed '/ by .* on 20/q' | grep -Em 1 "${words}" && return
  done || :
}

# Why this machine has not joined, or is not well.
explain() {
  if ready; then
    if ! in_charge; then words=$(last_words linkerd-redirect 'mesh-machine: '); elif amiss; then words="${t}: ${words}"; else words=''; fi
    [ -z "${words}" ] || fail 6 rules "${words#mesh-machine: }" 'mesh traffic goes in plain text' 'see journalctl -u linkerd-redirect'
  fi
  if listening; then
    if [ "$(property linkerd-proxy ExecMainStatus)" = 64 ]; then
      fail 5 proxy-settings "the proxy refuses its settings: $(last_words linkerd-proxy Invalid)" "${etc}/*.env does not suit proxy ${PROXY_VERSION}" \
        'correct the document, generate and copy again'
    fi
    fail 5 proxy-not-ready "the proxy is not ready: ${expires:+its certificate ends ${expires}; }$(last_words linkerd-proxy ERROR 'mesh-machine: ')" 'there is no mesh traffic yet' \
      "see journalctl -u 'linkerd-*' -u spire-agent"
  fi
  managed || fail 5 no-agent "nothing listens on ${AGENT_SOCKET}" 'the SPIRE agent of this machine is not running' 'start it'
  words=$(last_words spire-agent 'level=(error|warning)|nable|nvalid')
  case $(if [ -n "${JOIN_TOKEN_FILE}" ] && [ ! -s "${JOIN_TOKEN_FILE}" ]; then echo missing; fi):${words} in
    *'already been used'* | missing:*'no token'*)
      fail 5 join-token "the SPIRE server ${AGENT_SERVER} takes no join token from this machine" \
        "that in ${JOIN_TOKEN_FILE} is missing, used or too old" 'put one of spire-server token generate there' ;;
    *'unknown authority'*)
      fail 5 server-not-trusted "the SPIRE server ${AGENT_SERVER} is not trusted" \
        '/etc/spire/bundle.pem is not its bundle, or the clock is wrong' 'compare with spire-server bundle show' ;;
    *)
      fail 5 no-identity "the SPIRE agent has no identity: ${words}" "SPIRE server ${AGENT_SERVER} is away or refuses" \
        'see that it is up and can be reached' ;;
  esac
}

# --- ports of the proxy that no outgoing connection may have

# The file comes first of its kind, so that a site's own list counts, which would have taken ours away: both are joined here.
# Notes what was there before, and what is.
reserve() {
  before=$(cat "${reserved}") ports=$(sed -n 's/.*= *//p' "${sysctl}")
  if [ "${before}" = "$(sed -n 2p "${state}/reserved")" ]; then before=$(sed -n 1p "${state}/reserved" || :)
  elif [ "${before}" = "${ports}" ]; then before=''; fi
  echo "${before:+${before},}${ports}" >"${reserved}" || return 0
  printf '%s\n' "${before}" "$(cat "${reserved}")" >"${state}/reserved"
} 2>/dev/null
unreserve() {
  [ "$(cat "${reserved}")" != "$(sed -n 2p "${state}/reserved")" ] || sed -n 1p "${state}/reserved" >"${reserved}"
} 2>/dev/null

# --- what the proxy's unit waits for; both times fit its TimeoutStartSec=

wait_identity() {
  # What the proxy is about to read, for resolver_changed.
  if [ -n "${RUNTIME_DIRECTORY-}" ]; then
    nameservers >"${RUNTIME_DIRECTORY}/new"
    mv -f "${RUNTIME_DIRECTORY}/new" "${RUNTIME_DIRECTORY}/nameservers"
    # Without IPv6 there is no ::1 to listen on. The unit reads this before the proxy's own start.
    has_ipv6 || env | sed -n '/^LINKERD2_PROXY_[A-Z_]*LISTEN_ADDR/{s/,\[::1\]:[0-9]*//;s/\[::1\]/127.0.0.1/;s/\[::\]/0.0.0.0/;p;}' >"${RUNTIME_DIRECTORY}/ipv4.env"
  fi
  within 45 can_start || { say "${reason}"; exit 1; }
}

# A listener; the identity, where it can be asked for; and until the first join the control plane's names, since what
# is down then should cost nobody their traffic.
can_start() {
  reason="nothing listens on ${AGENT_SOCKET}"
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
    if getent -s dns ahosts "${name%:*}" >/dev/null; then continue; fi
    words='see /etc/resolv.conf'
    # In its words; it may be silent for minutes where the servers are.
    ! uses_resolved || words=$(timeout 10 resolvectl query "${name%:*}" 2>&1 | tail -n 1)
    reason="${name%:*} of the control plane has no address here: ${words:-no answer}"
    return 1
  done
}

wait_ready() {
  # Without a certificate it would take its whole grace period at SIGTERM, also of a stop that comes meanwhile.
  trap 'kill -s KILL "${MAINPID}" 2>/dev/null || :' EXIT
  # An identity that was shown to us comes to the proxy at once.
  limit=45
  [ "${IDENTITY_PROOF}" != svid ] || limit=20
  if within "${limit}" decided && "${up}"; then
    trap - EXIT
    return
  fi
  if [ ! -d "/proc/${MAINPID}" ]; then say 'the proxy ended before it was ready'
  elif serves; then say "the proxy has no certificate after ${limit} s"
  else say 'the SPIRE agent went away while the proxy started'; fi
  exit 1
}
# Had the agent gone between our look and the proxy's, the proxy would have lost its identity task, and closed its ports.
decided() { ready || [ ! -d "/proc/${MAINPID}" ] || { answers 200 && ! serves; }; }

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
    systemctl --no-block try-restart linkerd-proxy
}

# --- the redirect

redirect() {
  [ "$#" -eq 1 ] || [ "$1 $2" = 'up --confirm-within' ] || usage
  has "redirect_$1" || usage
  # systemd runs no ExecStop= of a unit that is stopped while it starts.
  [ "$1" != apply ] || trap 'redirect_remove; exit 143' TERM
  "redirect_$1" "${3-}"
}

# Where rules are: a table of iptables, of ip6tables, or of nft. What follows is done for each.
tables() {
  if [ "${REDIRECT_BACKEND}" = nftables ]; then echo nft
  elif [ "${REDIRECT_IPV6}" = true ] && has_ipv6; then echo iptables ip6tables
  else echo iptables; fi
}
rules() {
  case $1 in nft) set nft ;; ip6*) set v6 ;; *) set v4 ;; esac
  echo "${etc}/redirect.$1"
}
all='iptables ip6tables nft iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy'
nat() { "$1-save" -t nat 2>/dev/null || :; }
ours() { if [ "$1" = nft ]; then nft -s list table inet meshjoin 2>/dev/null || :; else nat "$1" | sed -n '/MESHJOIN_/{s/ \[.*//;p;}'; fi; }
lock_rules() { lock 9 30 || busy; }

# On trial the rules are loaded although the switch says off: whatever ends the trial, a reboot included, they are off.
disabled() { [ -e "${off}" ] && [ ! -e "${run}/trial" ]; }
# Turned off, each rule that would redirect asks about the connection instead: without such a rule the kernel would track
# none, and the proxy could not tell where a meshed peer that dials it wants to go.
text() {
  if disabled; then sed 's/ -j REDIRECT .*/ -m conntrack --ctstate NEW -j RETURN/; s/ redirect to .*/ ct state new return/' "$(rules "$1")"
  else cat "$(rules "$1")"; fi
}

redirect_up() {
  refuse_ssh
  end_trial
  if [ -n "$1" ]; then
    case $1 in *[!0-9]* | 0*) usage ;; *) ;; esac
    date -u >"${off}"
    # Each trial has a name of its own: one that is just ending still has its unit.
    systemd-run -q --collect --unit="linkerd-redirect-trial-$$" --on-active="$1" --timer-property=AccuracySec=1s /usr/local/sbin/mesh-machine redirect expire ||
      fail 1 trial 'systemd-run cannot set a timer' 'nothing was changed' 'see journalctl'
    echo $(($(seconds) + $1)) >"${run}/trial"
    say "off again in $1 s, unless \"mesh-machine redirect confirm\" comes first"
  else rm -f "${off}"; fi
  settle
  marked || say 'the rules load when the proxy is ready for the first time'
}
# Rules that are there change at once, whatever the units wait for.
settle() {
  if in_charge; then redirect_apply; else
    systemctl start linkerd-redirect ||
      fail 1 rules 'the rules do not load' 'mesh traffic goes in plain text' 'see journalctl -u linkerd-redirect'
    publish
  fi
}
in_charge() { active linkerd-redirect || active linkerd-redirect-early; }

redirect_confirm() {
  [ -e "${run}/trial" ] || fail 1 no-trial 'nothing is to be confirmed' 'nothing was changed' 'mesh-machine redirect up'
  rm -f "${off}"
  end_trial
  publish
}
end_trial() {
  rm -f "${run}/trial"
  systemctl stop 'linkerd-redirect-trial-*.timer' 2>/dev/null || :
}

# The switch first: no unit and no timer redirects from then on.
redirect_down() {
  date -u >"${off}"
  end_trial
  if in_charge; then redirect_apply; fi
  say 'off until "mesh-machine redirect up"'
  publish
}
redirect_expire() { [ ! -e "${run}/trial" ] || { say 'nobody has confirmed'; redirect_down; }; }

redirect_apply() {
  disabled || refuse_ssh
  lock_rules
  for t in $(tables); do load "${t}"; done
  # What an earlier document had elsewhere.
  for t in iptables ip6tables nft; do case " $(tables) " in *" ${t} "*) ;; *) unload_table "${t}" ;; esac; done
  : >"${run}/loaded"
  report_saved
  # Before the network is up nobody can be asked for a status.
  if active basic.target; then publish; fi
}

# "closed" keeps its rules while the system shuts down, so that what stops late does not send in plain text.
redirect_remove() {
  [ "${REDIRECT_ON_PROXY_FAILURE}" != closed ] || [ "$(systemctl is-system-running)" != stopping ] || return 0
  unload
  publish
}

# Puts back what was removed, never what was stopped: the unit is asked under the lock, so that a stop under way removes
# after us. Gives the lock back.
mend() {
  lock_rules
  if in_charge; then
    for t in $(tables); do
      if words=$(differs "${t}"); then
        say "${t}: ${words}: loading the rules again"
        disabled || refuse_ssh
        load "${t}"
        [ "${words}" != 'not first' ] || { date >>"${run}/lost"; ! second || say 'others insist on the first place: they have it for half an hour'; }
      fi
    done
  fi
  exec 9>&-
}

redirect_assert() {
  if [ -e "${run}/trial" ] && [ "$(seconds)" -gt "$(($(cat "${run}/trial") + 5))" ]; then redirect_expire; fi
  find "${run}" -name lost -mmin +30 -delete
  mend
  # No path unit sees a symbolic link being replaced.
  resolver_changed
  publish
}

# The kernel tells of every change of nf_tables; legacy iptables has the timer only. Listens before it looks, so that
# nothing gets lost in between, and leaves a change a second for the rest of it.
redirect_watch() {
  if [ "$(tables)" = nft ]; then monitor='nft monitor'
  elif variant iptables nf_tables && has xtables-monitor; then monitor='xtables-monitor -e'
  else return 0; fi
  trap 'kill "${listener}" 2>/dev/null || :' EXIT
  while :; do
    rm -f "${run}/events"
    mkfifo "${run}/events"
    exec 7<>"${run}/events"
    exec 6<"${run}/events"
    # shellcheck disable=SC2086
    stdbuf -oL ${monitor} >&7 2>/dev/null 6<&- 7>&- &
    listener=$!
    exec 7>&-
    sleep 1
    mend
    grep -qm 1 'nat \|eshjoin\|MESHJOIN\|DEL table' <&6 || :
    kill "${listener}" 2>/dev/null || :
    wait "${listener}" 2>/dev/null || :
  done
}

# Listings are compared with listings: they are in other words than what was loaded.
differs() {
  listed=$(ours "$1")
  if [ -z "${listed}" ]; then echo 'not loaded'
  elif [ "${listed}" != "$(cat "${run}/$1" 2>/dev/null)" ]; then echo 'not as loaded'
  elif [ "$(text "$1" | sha256sum)" != "$(cat "${run}/$1.sum")" ]; then echo 'older than its file'
  elif ! second && { ! first "$1" PREROUTING || ! first "$1" OUTPUT; }; then echo 'not first'
  else return 1; fi
}
# Whoever takes the first place back five times, with less than half an hour between (Calico's Felix), has it for so long.
# Ours decide all the same about what comes to them.
second() { [ -n "$(sed -n 5p "${run}/lost" 2>/dev/null)" ]; }
# In nft the priority says who is.
first() { [ "$1" = nft ] || nat "$1" | sed -n "/^-A $2 /{p;q;}" | grep -q MESHJOIN_; }

# One transaction: killed at any point, the kernel has the old rules or the new ones.
load() {
  [ "$1" = nft ] || refuse_mix "$1"
  [ "$1" = nft ] || grep -qx COMMIT "$(rules "$1")" ||
    fail 3 no-rules "$(rules "$1") is missing or cut short" 'nothing was changed' 'copy them here'
  if [ "$1" = nft ]; then
    text nft >"${run}/load"
    error=$(nft -f "${run}/load" 2>&1) || no_load nft
  else
    note_before "$1"
    merge "$1" "$(nat "$1")" >"${run}/load"
    error=$("$1-restore" --noflush -w 5 <"${run}/load" 2>&1) || no_load "$1-restore"
  fi
  ours "$1" >"${run}/$1"
  text "$1" | sha256sum >"${run}/$1.sum"
}
no_load() { fail 1 rules "$1: ${error}" 'nothing was changed' "is every module of the kernel there? See ${run}/load"; }

# Jumps of an earlier load go (in the words in which they are listed), the file comes, its jumps are first.
merge() {
  text "$1" | sed '/^-I /,$d'
  echo "$2" | jumps
  text "$1" | sed -n '/^-I /,/^COMMIT/p' | sed '$d'
  # All are empty before one goes: they lead to one another.
  for step in F X; do
    echo "$2" | chains | while read -r c; do grep -q "^:${c} " "$(rules "$1")" || echo "-${step} ${c}"; done
  done
  echo COMMIT
}
jumps() { sed -n '/^-A MESHJOIN_/d; s/^-A \(.* -[jg] MESHJOIN_[A-Z_]*\)$/-D \1/p'; }
chains() { sed -n 's/^:\(MESHJOIN_[A-Z_]*\) .*/\1/p'; }

# Notes before the first load since boot which of the table and of its two built-in chains are there: iptables on
# nf_tables makes them when it needs them, and lists them even where they are not. -X tells: 1 absent, 0 there and
# empty (the load makes it again), 4 in use.
note_before() {
  [ ! -e "${run}/$1.before" ] && [ -z "$(ours "$1")" ] && variant "$1" nf_tables || return 0
  if "$1-save" | grep -qx '\*nat'; then
    echo table
    for c in PREROUTING OUTPUT; do
      code=0
      "$1" -w 5 -t nat -X "${c}" 2>/dev/null || code=$?
      [ "${code}" -eq 1 ] || echo "${c}"
    done
  fi >"${run}/$1.before"
}
variant() { "$1" -V 2>/dev/null | grep -q "$2"; }

# iptables has tables of two kinds in the kernel, and both would act.
refuse_mix() {
  if variant "$1" legacy; then other=$1-nft; else other=$1-legacy; fi
  [ -z "$(loaded "${other}")" ] || fail 3 mixed "$("$1" -V) is in use here, but ${other} has rules of ours" \
    'nothing was changed' 'systemctl stop linkerd-redirect, then mesh-machine redirect up'
}
# Asked for a table that is not there, legacy iptables would make it.
there() {
  case $1 in ip6*) names=/proc/net/ip6_tables_names ;; *) names=/proc/net/ip_tables_names ;; esac
  case $1 in *-legacy) false ;; *) ! variant "$1" legacy ;; esac || grep -qsx nat "${names}"
}
loaded() { ! there "$1" || ours "$1"; }

unload() {
  lock_rules
  rm -f "${run}/loaded"
  for t in ${all}; do unload_table "${t}"; done
}

unload_table() {
  rm -f "${run}/$1" "${run}/$1.sum"
  [ -n "$(loaded "$1")" ] || return 0
  if [ "$1" = nft ]; then
    nft delete table inet meshjoin
    return
  fi
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
    fail 1 rules "$1-restore: ${error}" 'nothing was changed' 'mesh-machine redirect down'
  # So does the table: without --noflush an empty one is deleted.
  if caused "$1" table && ! nat "$1" | grep -q '^-A\|^:.* - '; then printf '*nat\nCOMMIT\n' | "$1-restore" -w 5; fi
}
caused() { [ -e "${run}/$1.before" ] && variant "$1" nf_tables && ! grep -qx "$2" "${run}/$1.before"; }

redirect_check() { part doctor "copy it and ${etc}/redirect.probes here from the target systemd"; }
# Programs that user-data for a platform with little room leaves out.
part() {
  has "mesh-machine-$1" || fail 3 no-program "mesh-machine-$1 is not on this machine" 'user-data for EC2 leaves it out' "$2"
  exec "mesh-machine-$1"
}

saved_with() { grep -rlsE "$1" /etc/iptables /etc/sysconfig /etc/nftables* /etc/ufw /etc/firewalld /etc/rc.local "${units}" || :; }
# Loaded at a boot without a proxy they would be a black hole.
report_saved() {
  saved=$(saved_with 'MESHJOIN_|table inet meshjoin')
  [ -n "${saved}" ] || return 0
  say "our rules were saved and would be loaded without a proxy: take them out of $(clean "${saved}")"
  return 1
}

# --- SSH is never redirected: what sshd listens on, is configured and called for, and systemd listens on for it

ssh_ports() {
  {
    ss -Hltnp | sed -n '/"sshd"\|"dropbear"/s/^[^ ]* *[0-9]* *[0-9]* *[^ ]*:\([0-9]*\) .*/\1/p'
    # Sockets by their names and by what they start, also those that are still to listen.
    systemctl show -p Id -p Listen -p Triggers '*.socket' | sed -e '/./{H;$!d;}' -e 'x;/ssh\|dropbear/!d' | sed -n 's/.*:\([0-9]*\) (Stream).*/\1/p'
    cat /etc/default/ssh /etc/default/dropbear /etc/sysconfig/sshd |
      grep -oE '(-p *|PORT=|Port[= ])"?[0-9]+' | grep -oE '[0-9]+$' || :
    echo "${said}" | sed -n 's/^port //p; s/^listenaddress .*:\([0-9]*\)$/\1/p'
  } 2>/dev/null
}
# Before it has been started since boot, -T misses its folder, which its unit would make; -G (OpenSSH 9.3) wants nothing.
sshd_says() {
  sshd -G 2>/dev/null && return
  folder=$(sshd -T 2>&1 | tr -d '\r' | sed -n 's/^Missing privilege separation directory: //p')
  [ -z "${folder}" ] || mkdir -p "${folder}"
  sshd -T
}
# Where sshd does not answer: each number that its files may mean, and 0 for those that no rule names.
ssh_guesses() {
  echo 0 22
  # shellcheck disable=SC2086
  grep -rhisE '^[[:space:]]*"?(port|listenaddress)' /etc/ssh /usr/etc/ssh \
    $(grep -rhisE '^[[:space:]]*"?include' /etc/ssh /usr/etc/ssh | tr -d '"=' | cut -c8-) | grep -oE '[0-9]+' || :
}

refuse_ssh() {
  what='' said='' guesses=''
  if has sshd && ! said=$(sshd_says 2>&1); then guesses=$(ssh_guesses) what="sshd -T fails (${said}), its port may be redirected"; fi
  ports=$(ssh_ports)
  # Not "t": sh has one of each name, and whoever calls may be in a loop over it.
  for table in $(tables); do
    # shellcheck disable=SC2086
    for port in $(printf '%s\n' ${ports} ${guesses} | sort -un); do
      ! inbound "${table}" | redirects "${port}" || fail 3 ssh "${what:-"sshd's port ${port} would be redirected"} by $(rules "${table}")" \
        'nothing was changed: it could lock you out' "${what:+mend that, or }take port ${port} out of the document's ports, or exempt it"
    done
  done
}
inbound() { if [ "$1" = nft ]; then sed '1,/chain inbound/d; /chain outbound/,$d' "$(rules nft)"; else grep '^-A MESHJOIN_INBOUND' "$(rules "$1")"; fi; }

# Walks the inbound rules on stdin as the kernel does for a connection to port $1 that meets every requirement: somebody
# of the mesh may be who comes by SSH.
redirects() {
  while read -r rule; do
    case ${rule} in *return | *RETURN | *redirect* | *REDIRECT*) ;; *) continue ;; esac
    case ${rule} in *'dport '*)
      range=${rule##*dport }
      range=${range%% *}
      if [ "$1" -lt "${range%%[:-]*}" ] || [ "$1" -gt "${range##*[:-]}" ]; then continue; fi ;;
    *) ;; esac
    case ${rule} in
      *' REDIRECT'* | *redirect*) return 0 ;;
      *' -s '* | *' -d '* | *' -i '* | *' -m '* | *addr* | *iif*) ;; # exempts some connections only
      *) return 1 ;;
    esac
  done
  return 1
}

# --- install: first what changes nothing

# Sets url, sha256, member, ca, proxy, version of PROXY or AGENT for this machine's architecture.
source_of() {
  case $(uname -m) in x86_64) arch=AMD64 ;; aarch64) arch=ARM64 ;; *) arch=$(uname -m) ;; esac
  eval "url=\${$1_URL_${arch}-} sha256=\${$1_SHA256_${arch}-} member=\${$1_MEMBER_${arch}-}"
  eval "ca=\${$1_CA_FILE-} proxy=\${$1_HTTP_PROXY-} version=\${$1_VERSION}"
  [ -n "${sha256}" ] || fail 3 no-checksum "the document has no sha256 of the $1 for ${arch}" \
    'nothing was changed' 'add it, generate and copy again'
}
downloads() {
  if [ "${PROXY_FROM}" = download ]; then echo PROXY; fi
  if managed && [ "${AGENT_INSTALL}" = download ]; then echo AGENT; fi
}

# PACKAGES has, for what may be missing: commands or files of which one is enough, and its package of apt, dnf and zypper.
check_packages() {
  missing='' packages='' n=2
  for tool in apt-get dnf zypper ''; do ! has "${tool}" || break; n=$((n + 1)); done
  [ -n "${tool}" ] || n=1
  for entry in ${PACKAGES}; do
    for name in $(echo "${entry%%,*}" | tr '|' ' '); do
      if has "${name}" || [ -r "${name}" ]; then continue 2; fi
    done
    missing="${missing} ${entry%%[|,]*}" packages="${packages} $(echo "${entry}" | cut -d, -f"${n}")"
  done
  [ -z "${missing}" ] || fail 3 missing-packages "missing here:${missing}" 'nothing was changed' \
    "${tool:+${tool} }install${packages}"
}

users() { # COMMAND
  "$1" "${PROXY_USER}" "${PROXY_UID}" proxy.user
  ! managed || "$1" "${AGENT_USER}" "${AGENT_UID}" spire.agent.user
}
check_user() { # USER UID FIELD
  for kind in passwd group; do
    owner=$(getent "${kind}" "$2" | cut -d: -f1)
    number=$(getent "${kind}" "$1" | cut -d: -f3)
    ! misnumbered "$1" "$2" || number=''
    [ "${owner:-$1}:${number:-$2}" = "$1:$2" ] ||
      fail 3 uid-taken "$1 cannot be ${kind} $2: that is ${owner:-nobody}, and $1 is ${number:-none}" \
        'the redirect exempts by number' "choose another $3.uid or $3.name${number:+ ($3.uid: ${number} takes the $1 that is there, if its group has that number too)}"
  done
}

# At an earlier boot systemd may have made our user with another number, because the right one was taken then.
misnumbered() { getent passwd "$1" | grep -F '(meshjoin):' | grep -qv "^$1:[^:]*:$2:"; }
renumber() { ! misnumbered "$1" "$2" || leave_user "$1"; }

check() {
  check_packages
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 249 ] ||
    fail 3 systemd 'systemd is older than 249' 'nothing was changed' 'use a newer release of the distribution'
  need_file "${etc}/mesh.env"
  need_file "${etc}/machine.env"
  for t in $(tables); do need_file "$(rules "${t}")"; done
  users check_user
  # What the rules of others do, what the kernel takes and what helps a resolver is the doctor's to say, where there is one.
  ! has mesh-machine-doctor || mesh-machine-doctor --before "${note}" || exit
  ! uses_resolved || uses_stub || fail 3 resolver '/etc/resolv.conf does not lead to the stub of systemd-resolved' \
    'names of the cluster would not be found' 'let it, see docs/machine.md; or mesh.dns.provider: none'
  refuse_ssh
}

# The proxy and everybody else ask the first server of /etc/resolv.conf, which has to be systemd-resolved.
uses_stub() {
  port53=$(ss -Hlun sport = :53)
  case ${port53}:$(nameservers | head -n 1) in *127.0.0.53*:127.0.0.53) ;; *) return 1 ;; esac
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

# install_binary PROXY|AGENT BASE FILE: BASE/VERSION/FILE beside what is in use. Unpacked on the same file system, moved into
# place whole; .meshjoin names the archive's sum and the binary's. Another archive of the same version gets a folder of
# its own.
install_binary() {
  source_of "$1"
  folder=$(grep -lsx "${sha256}" "$2"/[!cp]*/.meshjoin | head -n 1)
  folder=${folder%/*}
  if [ -z "${folder}" ] || ! grep -qx "$(sum "${folder}/$3")" "${folder}/.meshjoin"; then
    if [ -z "${folder}" ]; then
      folder=$2/${version}
      [ ! -e "${folder}" ] || folder=${folder}-$(printf '%.8s' "${sha256}")
    fi
    rm -rf "$2"/.new.*
    work=$2/.new.$$
    mkdir -p "$(dirname "${work}/v/$3")" || :
    say "downloading ${url}"
    error=$(fetch "${url}" "${work}/archive" "${ca}" "${proxy}") || fail 4 download "${url}: ${error}" \
      'nothing was changed' 'see that the server is up and that there is room'
    got=$(sum "${work}/archive")
    [ "${got}" = "${sha256}" ] || fail 3 checksum "${url} has sha256 ${got}, not ${sha256}" \
      'nothing was changed' 'correct the document or the mirror'
    # The one file is written by us: no path, owner or mode of the archive counts.
    error=$(tar -xzOf "${work}/archive" "${member}" 2>&1 >"${work}/v/$3") || fail 4 unpack "${member} of ${url}: ${error}" \
      'nothing was changed' 'see that it is in the archive and that there is room'
    chmod 755 "${work}/v/$3"
    printf '%s\n' "${sha256}" "$(sum "${work}/v/$3")" >"${work}/v/.meshjoin"
    [ ! -e "${folder}" ] || mv "${folder}" "${work}/old"
    mv "${work}/v" "${folder}"
    rm -rf "${work}"
    if has restorecon; then restorecon -RF "$2" || :; fi
    sync
  fi
  eval "$1_FOLDER=\${folder##*/}"
}
flip() { # PROXY|AGENT BASE
  eval "folder=\${$1_FOLDER}"
  point "$2" "${folder}"
}

# point BASE FOLDER: BASE/current, at one moment. What it was before is BASE/previous.
point() {
  was=$(readlink "$1/current" || :)
  [ "${was}" != "$2" ] || return 0
  [ -z "${was}" ] || ln -sfn "${was}" "$1/previous"
  ln -sfn "$2" "$1/.current"
  mv -fT "$1/.current" "$1/current"
}

# Takes away the versions of ours that are neither in use nor the ones before. Ours carry .meshjoin.
prune() {
  rm -rf /opt/linkerd/.new.* /opt/spire/.new.*
  for v in /opt/linkerd/*/.meshjoin /opt/spire/*/.meshjoin; do
    v=${v%/*}
    [ -L "${v}" ] || readlink "${v%/*}/current" "${v%/*}/previous" | grep -qxF "${v##*/}" || rm -rf "${v}"
  done
}

# The proxy has no --version: without settings it refuses with 64, if it can run here at all.
try_binaries() {
  code=0
  path=$(proxy_path "${PROXY_FOLDER-}")
  error=$(env -i timeout 20 "${path}" 2>&1) || code=$?
  [ "${code}" -eq 64 ] || cannot_run proxy
  managed || return 0
  # Not "validate": that wants the join token's credential, which only the unit has.
  path=$(agent_path "${AGENT_FOLDER-}")
  error=$(timeout 20 "${path}" --version 2>&1) || cannot_run agent
}
cannot_run() {
  fail 3 "$1-cannot-run" "${path} cannot run here: ${error}" 'it is for another architecture or a newer glibc' \
    'use another build, or a newer release of the distribution'
}

# changed NAME FILE...: whether the files are others than at the last changed_done.
changed() {
  change=${state}/$1.sum
  shift
  change_now=$(cat "$@" 2>/dev/null | sha256sum)
  [ "${change_now}" != "$(cat "${change}" 2>/dev/null)" ]
}
changed_done() { printf '%s\n' "${change_now}" >"${change}"; }

# restart UNIT FILE...: where these files or its own are others than at its last start. An upgrade waits until that has
# gone well or not, for as long as systemd gives the unit to stop and to start.
restart() {
  unit=$1
  shift
  [ -e "${units}/${unit}" ] || return 0
  changed "${unit}" "${units}/${unit}" "$@" || return 0
  systemctl ${detach} try-restart "${unit}" || :
  changed_done
}

# --no-block: cloud-init runs us, and nothing that waits for the boot may wait for us.
start() {
  [ -e "${units}/linkerd-dns.service" ] || systemctl stop linkerd-dns-link linkerd-dns 2>/dev/null || :
  systemctl daemon-reload
  for u in linkerd-mesh.target linkerd-redirect-early.service; do [ ! -e "${units}/${u}" ] || systemctl -q enable "${u}"; done
  if managed; then restart spire-agent.service "$(agent_path)" /etc/spire/agent.json; fi
  restart linkerd-proxy.service "$(proxy_path)" "${etc}"/*.env
  restart linkerd-redirect-watch.service /usr/local/sbin/mesh-machine "${etc}/mesh-machine.conf"
  restart linkerd-dns.service "${etc}/resolved.conf"
  for u in linkerd-dns-link.service linkerd-mesh-routes.service linkerd-proxy-resolver.path linkerd-redirect-assert.timer; do restart "${u}"; done
  systemctl --no-block start linkerd-mesh.target
  if changed rules $(for t in $(tables); do rules "${t}"; done); then
    if in_charge; then
      redirect_apply
      exec 9>&-
    fi
    changed_done
  fi
  if active linkerd-redirect-assert.timer; then systemctl --no-block start linkerd-redirect-assert; fi
}

steps() { # SECONDS to wait for the join
  check
  rm -f "${run}/refused"
  mkdir -p "${state}"
  users renumber
  systemd-sysusers /etc/sysusers.d/linkerd-mesh.conf
  users check_user
  # Nothing that runs is touched before everything is there and was tried.
  each install_binary
  try_binaries
  each flip
  reserve
  # What failed before these steps does not any more.
  rm -f "${run}/failure"
  start
  publish
  { within "$1" settled && healthy; } || explain
  keep
  disarm
}
each() { # COMMAND
  for name in $(downloads); do
    if [ "${name}" = PROXY ]; then "$1" PROXY /opt/linkerd linkerd2-proxy; else "$1" AGENT /opt/spire bin/spire-agent; fi
  done
}

# Whatever ends this run, another follows.
arm() {
  systemctl daemon-reload
  systemctl -q enable mesh-machine-join.timer
  systemctl --no-block start mesh-machine-join.timer
}
disarm() {
  rm -f "${state}/upgrade"
  systemctl -q disable mesh-machine-join.timer
  systemctl --no-block stop mesh-machine-join.timer
  publish
}

install() {
  lock 8 900 || busy
  go_on
  marked || arm
  steps 150
  say "joined the mesh as $(server ID)"
}
# An upgrade that was cut short comes first.
go_on() { [ ! -e "${state}/upgrade" ] || exec "$0" upgrade; }

# --- upgrade: to the files that were copied here, or back to those with which this machine was well

# files ROOT: those of ours that were copied below it, and the links that say which version is in use
files() {
  for f in "$1${units}"/linkerd-* "$1${units}"/mesh-machine-* "$1${units}/spire-agent.service" "$1${etc}"/*.env "$1${etc}"/redirect.[!d]* \
    "$1${etc}/trust-anchors.pem" "$1/etc/spire/agent.json" "$1/etc/spire/bundle.pem" "$1${etc}/resolved.conf" "$1/etc/systemd/network/00-linkerd-dns.network" "$1${sysctl}" "$1/etc/sysusers.d/linkerd-mesh.conf" \
    "$1"/opt/linkerd/[cp]* "$1"/opt/spire/[cp]* "$1/usr/local/sbin"/mesh-machine* "$1${etc}/mesh-machine.conf"; do
    # An agent that is not ours has files of these names, too.
    case ${f#"$1"} in *spire*) [ -n "$1" ] || managed || continue ;; *) ;; esac
    if [ -f "${f}" ] || [ -L "${f}" ]; then echo "${f}"; fi
  done
}
sums() { { sha256sum $(files ''); readlink $(files ''); } 2>/dev/null || :; }
same() { [ "$(sums)" = "$(cat "${good}/.meshjoin" 2>/dev/null)" ]; }

# Keeps what a machine that is well has, for root alone. There is a whole set at any moment.
keep() {
  ! same || return 0
  new=1
  [ "$(readlink "${good}")" != 1 ] || new=2
  folder=${state}/good/${new}
  rm -rf "${folder}"
  mkdir -p "${folder}"
  chmod 700 "${state}/good"
  cp -a --parents $(files '') "${folder}"
  sums >"${folder}/.meshjoin"
  sync
  point "${state}/good" "${new}"
  rm -f "${state}/undone"
  prune
}

upgrade() { part upgrade 'that comes with the files to upgrade to'; }

# What the timer runs. A refusal waits for a person: again when a file has changed, or after five minutes.
join() {
  lock 8 0 || return 0
  go_on
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
  systemctl stop mesh-machine-join.timer mesh-machine-join 2>/dev/null || :
  lock 8 60 || busy
  list=$(files '' | sed -n "s|^${units}/||p")
  end_trial
  # shellcheck disable=SC2086
  { systemctl stop linkerd-mesh.target; systemctl -q disable ${list}; systemctl stop ${list}; } 2>/dev/null || :
  unload
  rm -f "${off}" $(files '' | grep -v '^/opt\|sbin\|machine\.conf')
  systemctl daemon-reload
  # Without a name it would be for the units of others.
  # shellcheck disable=SC2086
  systemctl reset-failed linkerd-mesh.target ${list} 2>/dev/null || :
  for v in /opt/linkerd/[cp]* /opt/spire/[cp]*; do [ ! -e "${v}/.meshjoin" ] || rm -f "${v}"; done
  prune
  users leave_user
  ! managed || rm -rf /var/lib/spire-agent /run/spire/agent
  unreserve || :
  rm -rf "${state}" "${run}" /run/linkerd-proxy
  # Last, so that a leave that was cut short can be run again.
  rm -f /usr/local/sbin/mesh-machine* "${etc}/mesh-machine.conf"
  rmdir /opt/linkerd /opt/spire "${etc}" /etc/spire /run/spire /etc/sysusers.d 2>/dev/null || :
  if [ -e "${JOIN_TOKEN_FILE}" ]; then say "${JOIN_TOKEN_FILE} stays: you put it there"; fi
  say 'this machine has left the mesh'
}

# Ours are known by the description that our sysusers file gives them.
leave_user() {
  getent passwd "$1" | grep -qF '(meshjoin):' || return 0
  userdel "$1" 2>/dev/null || say "user $1 stays: it is in use"
  ! getent group "$1" >/dev/null || groupdel "$1" 2>/dev/null || :
}

# --- verbs

# The doctor and the upgrade take the functions above.
case $0 in *mesh-machine-*) return ;; *) ;; esac
trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
verb=${1-}
case ${verb}:$# in
  wait-identity:1 | wait-ready:1) ;;
  install:1 | upgrade:1 | reserve:1 | join:1 | joined:1 | leave:1 | status:1 | resolver-changed:1 | redirect:[24])
    is_root || [ "${verb}" = status ] || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
    ;;
  *) usage ;;
esac
if [ "${verb}" != leave ] || [ -e "${etc}/mesh-machine.conf" ]; then load_conf; fi
shift
"$(echo "${verb}" | tr - _)" "$@"
