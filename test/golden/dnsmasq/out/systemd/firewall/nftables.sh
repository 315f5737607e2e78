#!/bin/sh
# Lets the mesh in through rules of nftables: TCP to the port of Linkerd's proxy, from the networks of the mesh.
# Run it as root on the machine: without an argument it adds the rules, with "remove" it takes them away.
# nftables keeps nothing over a boot or a reload; what to put into /etc/nftables.conf it prints. Written by meshjoin.
set -eu

mark=linkerd-mesh

die() {
  echo "$0: $*" >&2
  exit 1
}

# Every chain that filters what comes in to the machine: what one of them accepts the next may still drop.
chains() {
  nft list chains | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    $1 == "type" && $2 == "filter" && $4 == "input" && family ~ /^(inet|ip|ip6)$/ { print family, table, chain }'
}

# firewalld would not know of a rule in its table; and iptables stumbles over rules that it did not make.
whose() { # FAMILY TABLE CHAIN
  case "$1 $2 $3" in
    'inet firewalld '* | 'ip firewalld '* | 'ip6 firewalld '*) echo firewalld.sh ;;
    'ip '*' INPUT' | 'ip6 '*' INPUT') ! command -v iptables >/dev/null || echo 'iptables.sh, or ufw.sh where it is ufw that loads it' ;;
  esac
}

rule() { # FAMILY NETWORK PORT
  echo "$1 saddr $2 tcp dport $3 accept comment \"$mark\""
}

rules() { # FAMILY
  if [ "$1" != ip6 ]; then
    rule ip '10.42.0.0/16' '4143'
    rule ip '10.43.0.0/16' '4143'
    rule ip '203.0.113.42' '4143'
  fi
}

# What takes our rules out of a chain.
taking_out() { # FAMILY TABLE CHAIN
  nft -a list chain "$1" "$2" "$3" |
    sed -n "s/.* comment \"$mark\" # handle \([0-9]*\)\$/delete rule $1 $2 $3 handle \1/p"
}

# What takes our rules out of every chain, and puts them in again.
changes() { # add|remove
  chains | while read -r family table chain; do
    other=$(whose "$family" "$table" "$chain")
    if [ -z "$other" ]; then
      taking_out "$family" "$table" "$chain"
      [ "$1" = remove ] || rules "$family" | sed "s/^/insert rule $family $table $chain /"
    elif [ "$1" = add ]; then
      echo "left alone: $family $table $chain. For that there is $other" >&2
    fi
  done
}

add() {
  text=$(changes add)
  [ -n "$text" ] || die 'no chain of nftables itself filters what comes in: there is nothing to add'
  # One transaction: a second run changes nothing that a packet could see.
  printf '%s\n' "$text" | nft -f -
  echo 'added until nftables is loaded anew. To keep it, put this at the top of the input chain in /etc/nftables.conf:'
  rules inet
}

case "${1-}" in
  '') add ;;
  remove) changes remove | nft -f - ;;
  *) die 'usage: nftables.sh [remove]' ;;
esac
