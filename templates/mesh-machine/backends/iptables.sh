# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Rules of iptables and ip6tables, on nf_tables or legacy.

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

caused() { [ -e "${run}/$1.before" ] && variant "$1" nf_tables && ! grep -qx "$2" "${run}/$1.before"; }
