# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# Rules of iptables and ip6tables, on nf_tables or legacy, by the functions that backend.sh lists.

# iptables_tables: the second only where the machine has IPv6.
iptables_tables() { if [ "${REDIRECT_IPV6}" = true ] && has_ipv6; then echo iptables ip6tables; else echo iptables; fi; }

# iptables_file TABLE: see backend.sh.
iptables_file() { case $1 in ip6*) echo "${etc}/redirect.v6" ;; *) echo "${etc}/redirect.v4" ;; esac; }

# iptables_inbound TABLE: see backend.sh.
iptables_inbound() { grep '^-A MESHJOIN_INBOUND' "$(iptables_file "$1")"; }

# iptables_switch_off: see backend.sh.
iptables_switch_off() { sed 's/ -j REDIRECT .*/ -m conntrack --ctstate NEW -j RETURN/'; }

# iptables_list TABLE: chains without their counters, and rules.
iptables_list() { if iptables_has_nat "$1"; then iptables_nat "$1" | sed -n '/MESHJOIN_/{s/ \[.*//;p;}'; fi; }

# iptables_is_first TABLE: in both chains.
iptables_is_first() {
  local chain
  for chain in PREROUTING OUTPUT; do
    iptables_nat "$1" | sed -n "/^-A ${chain} /{p;q;}" | grep -q MESHJOIN_ || return 1
  done
}

# iptables_prepare TABLE: iptables has tables of two kinds in the kernel, and both would act.
iptables_prepare() {
  local other
  if iptables_variant "$1" legacy; then other=$1-nft; else other=$1-legacy; fi
  [ -z "$(iptables_list "${other}")" ] || fail mixed "$("$1" -V)" "${other}"
  grep -qx COMMIT "$(iptables_file "$1")" || fail no-configuration "$(iptables_file "$1")"
  iptables_note_before "$1"
}

# iptables_compose TABLE: jumps of an earlier load go (in the words in which they are listed), the file comes, its jumps are
# first. Chains that it has no more are empty before one goes: they lead to one another.
iptables_compose() {
  local wanted listed step chain
  wanted=$(cat)
  listed=$(iptables_nat "$1")
  echo "${wanted}" | sed '/^-I /,$d'
  echo "${listed}" | iptables_drop_jumps
  echo "${wanted}" | sed -n '/^-I /,/^COMMIT/p' | sed '$d'
  for step in F X; do
    echo "${listed}" | iptables_chains | while read -r chain; do
      echo "${wanted}" | grep -q "^:${chain} " || echo "-${step} ${chain}"
    done
  done
  echo COMMIT
}

# iptables_loader TABLE: see backend.sh.
iptables_loader() { echo "$1-restore --noflush -w 5"; }

# iptables_unload TABLE: built-in chains and the table that came with our rules go with them, unless somebody else uses
# them by now.
iptables_unload() {
  local listed theirs chain error
  listed=$(iptables_nat "$1")
  theirs=$(echo "${listed}" | sed '/MESHJOIN_/d')
  error=$({
    echo '*nat'
    echo "${listed}" | iptables_drop_jumps
    echo "${listed}" | iptables_chains | sed 's/^/-F /'
    echo "${listed}" | iptables_chains | sed 's/^/-X /'
    for chain in PREROUTING OUTPUT; do
      case ${theirs} in *"-A ${chain} "*) ;; *) iptables_made "$1" "${chain}" && echo "-X ${chain}" ;; esac
    done
    echo COMMIT
  } | "$1-restore" --noflush -w 5 2>&1) || fail rules-not-removed "$1-restore" "${error}"
  # Without --noflush an empty table is deleted.
  if iptables_made "$1" table && ! iptables_nat "$1" | grep -q '^-A\|^:.* - '; then printf '*nat\nCOMMIT\n' | "$1-restore" -w 5; fi
}

# --- what these are made of

# iptables_nat TABLE: all of its nat table.
iptables_nat() { "$1-save" -t nat 2>/dev/null || :; }

# iptables_drop_jumps: a listing on stdin as the commands that delete its jumps to chains of ours.
iptables_drop_jumps() { sed -n '/^-A MESHJOIN_/d; s/^-A \(.* -[jg] MESHJOIN_[A-Z_]*\)$/-D \1/p'; }

# iptables_chains: names of our chains in a listing on stdin.
iptables_chains() { sed -n 's/^:\(MESHJOIN_[A-Z_]*\) .*/\1/p'; }

# iptables_variant TABLE WORD: whether it is of that kind, nf_tables or legacy.
iptables_variant() { "$1" -V 2>/dev/null | grep -q "$2"; }

# iptables_has_nat TABLE: asked for a table that is not there, legacy iptables would make it.
iptables_has_nat() {
  local names
  case $1 in ip6*) names=/proc/net/ip6_tables_names ;; *) names=/proc/net/ip_tables_names ;; esac
  case $1 in *-legacy) false ;; *) ! iptables_variant "$1" legacy ;; esac || grep -qsx nat "${names}"
}

# iptables_note_before TABLE: notes before the first load since boot which of the table and of its two built-in chains are
# there: iptables on nf_tables makes them when it needs them, and lists them even where they are not. -X tells: 1 absent,
# 0 there and empty (the load makes it again), 4 in use.
iptables_note_before() {
  local chain code
  [ ! -e "${run}/$1.before" ] && [ -z "$(iptables_list "$1")" ] && iptables_variant "$1" nf_tables || return 0
  if "$1-save" | grep -qx '\*nat'; then
    echo table
    for chain in PREROUTING OUTPUT; do
      code=0
      "$1" -w 5 -t nat -X "${chain}" 2>/dev/null || code=$?
      [ "${code}" -eq 1 ] || echo "${chain}"
    done
  fi >"${run}/$1.before"
}

# iptables_made TABLE PART: whether our rules brought the table or the built-in chain along.
iptables_made() { [ -e "${run}/$1.before" ] && iptables_variant "$1" nf_tables && ! grep -qx "$2" "${run}/$1.before"; }
