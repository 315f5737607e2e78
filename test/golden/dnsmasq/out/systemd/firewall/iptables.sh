#!/bin/sh
# Lets the mesh in through rules of iptables: TCP to the port of Linkerd's proxy, from the networks of the mesh.
# Run it as root on the machine: without an argument it adds the rules, with "remove" it takes them away.
# iptables keeps nothing over a boot; what to save, and where, it prints. Written by meshjoin.
set -eu

ports='4143'
chain=LINKERD-MESH

die() {
  echo "$0: $*" >&2
  exit 1
}

rule() { # NETWORK PORT
  echo "-A $chain -s $1 -p tcp -m tcp --dport $2 -j ACCEPT"
}

rules() { # COMMAND
  if [ "$1" = iptables ]; then
    :
    rule '10.42.0.0/16' '4143'
    rule '10.43.0.0/16' '4143'
    rule '203.0.113.42' '4143'
  else
    :
  fi
}

# The ports whose connections are sent through the chain.
sent() { # COMMAND
  "$1" -w -S INPUT | sed -n "s/^-A INPUT -p tcp -m tcp --dport \([0-9]*\) -j $chain\$/\1/p"
}

# The whole chain at once, so that a second run changes nothing and no connection falls between two rules.
add() { # COMMAND
  {
    printf '*filter\n:%s - [0:0]\n' "$chain"
    rules "$1"
    echo COMMIT
  } | "$1-restore" -w --noflush
  echo "$1: added until the next boot. To keep it, put this into the part *filter of the file that $1-restore
loads at boot (such as /etc/iptables/rules.v4 or .v6), before its other rules; or run this program at each boot:
:$chain - [0:0]"
  for port in $ports; do
    "$1" -w -C INPUT -p tcp --dport "$port" -j "$chain" 2>/dev/null ||
      "$1" -w -I INPUT 1 -p tcp --dport "$port" -j "$chain"
    echo "-A INPUT -p tcp -m tcp --dport $port -j $chain"
  done
  rules "$1"
}

remove() { # COMMAND
  "$1" -w -S "$chain" >/dev/null 2>&1 || return 0
  for port in $(sent "$1"); do
    "$1" -w -D INPUT -p tcp --dport "$port" -j "$chain"
  done
  "$1" -w -F "$chain"
  "$1" -w -X "$chain"
}

case "${1-}" in
  '')
    add iptables
    ;;
  remove)
    remove iptables
    [ ! -e /proc/net/if_inet6 ] || remove ip6tables
    ;;
  *) die 'usage: iptables.sh [remove]' ;;
esac
