# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Which rules this machine has, and where.

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

in_charge() { active linkerd-redirect || active linkerd-redirect-early; }
