# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# The rules, ours and those of others.

# look_at_redirect: at what is loaded.
look_at_redirect() {
  local table fault first
  if redirect_is_off; then finding redirect-off "${off} of $(cat "${off}")"; fi
  for table in $(tables); do
    look_at_variant "${table}"
    fault=$(rule_fault "${table}") || continue
    case ${fault} in
      'not loaded')
        finding rules-missing "${table}" "listed are none; linkerd-redirect is $(property linkerd-redirect ActiveState)"
        ;;
      'not as loaded')
        finding rules-changed "${table}" "$(backend list "${table}" | grep -vxF -f "${run}/${table}" | head -n 2 | tr '\n' ' ')"
        ;;
      'older than its file') finding rules-stale "${table}" "$(backend file "${table}")" ;;
      *) finding rules-not-first "${table}" "$(first_rules "${table}")" ;;
    esac
  done
  [ ! -e "${run}/trial" ] || finding redirect-on-trial "$(($(cat "${run}/trial") - $(seconds))) s are left"
}

# look_at_rules: of others, before and after.
look_at_rules() {
  local files
  would_refuse untracked refuse_untracked
  would_refuse made-by-hand refuse_made_by_hand
  files=$(saved_with 'MESHJOIN_|table inet meshjoin' | tr '\n' ' ')
  [ -z "${files}" ] || finding rules-saved "${files% }"
}

# look_at_ssh: its port.
look_at_ssh() { would_refuse ssh refuse_ssh; }

# look_at_firewall: one that drops what it does not know and has no rule for 4143. What redirects changes the port before any
# firewall looks: "ct status dnat" takes all of that, and firewalld has such a rule.
look_at_firewall() {
  local rules
  if has nft; then rules=$(nft -s list ruleset 2>/dev/null | closing_tables); else rules=$(closing_chains); fi
  [ -n "${rules}" ] || return 0
  if is_active firewalld; then
    finding firewall-closed firewalld "${rules}" firewalld.sh
  elif grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then
    finding firewall-closed ufw "${rules}" ufw.sh
  else finding firewall-closed 'a firewall' "${rules}" 'nftables.sh or iptables.sh'; fi
}

# closing_tables: the first table of a listing on stdin that drops what comes in, and names neither.
closing_tables() {
  awk '
    function end() { if (drops != "" && !opens) print name " " drops; drops = ""; opens = 0 }
    /^table / { end(); name = $2 " " $3 }
    /^\tchain / { input = 0 }
    /hook input/ { input = 1; if (/policy drop/) drops = $0 }
    input && /^\t\t(counter packets [0-9]+ bytes [0-9]+ |counter )?(drop|reject)/ { drops = $0 }
    /4143|ct status dnat/ { opens = 1 }
    END { end() }' | grep -v '^inet meshjoin ' | tr -s '\t' ' ' | head -n 1
}

# look_at_containers: bridges of theirs with something on them.
look_at_containers() {
  local bridge ends
  for bridge in $(ip -o link show type bridge 2>/dev/null | sed -n 's/^[0-9]*: \(docker[0-9]*\|br-[0-9a-f]*\|podman[0-9]*\|cni[^:@]*\|lxcbr[0-9]*\|nerdctl[0-9]*\)[:@].*/\1/p'); do
    ends=$(ip -o link show master "${bridge}" | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | tr '\n' ' ')
    [ -z "${ends}" ] || finding containers-bypass "${bridge}" "on it: ${ends% }"
  done
}
