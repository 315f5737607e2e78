# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# What only a backend knows.

# look_at_variant TABLE: iptables has tables of two kinds in the kernel.
look_at_variant() {
  local other
  case $1 in nft) return ;; *) ;; esac
  if iptables_variant "$1" legacy; then other=$1-nft; else other=$1-legacy; fi
  [ -z "$(iptables_list "${other}")" ] || finding mixed-variants "$("$1" -V)" "${other}"
}

# first_rules TABLE: those that come first in its two chains; of nft the priority says who does.
first_rules() { iptables_nat "$1" | grep -m 2 '^-A [PO]' | tr '\n' ' '; }

# closing_chains: the same as closing_tables for iptables and ip6tables, without nft to list them.
closing_chains() {
  local table rules
  for table in $(tables); do
    case ${table} in nft) continue ;; *) ;; esac
    rules=$("${table}-save" -t filter 2>/dev/null) || continue
    case ${rules} in *4143* | *--ctstate\ DNAT*) continue ;; *) ;; esac
    rules=$(printf '%s\n' "${rules}" | grep -E -m 1 '^:INPUT DROP|^-A INPUT -j (DROP|REJECT)') || continue
    echo "${table}: ${rules}"
    return
  done
}
