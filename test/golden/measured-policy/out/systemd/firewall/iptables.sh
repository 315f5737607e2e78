#!/bin/sh
# Lets the mesh in through rules of iptables: TCP to the port of Linkerd's proxy, from the networks of the mesh.
# Run it as root on the machine: without an argument it adds the rules, with "remove" it takes them away.
# iptables keeps nothing over a boot; what to save, and where, it prints. Written by meshjoin.
set -eu

port='4143'
chain=LINKERD-MESH

die() {
  echo "$0: $*" >&2
  exit 1
}

rules() { # NETWORK…
  for network; do
    echo "-A $chain -s $network -p tcp -m tcp --dport $port -j ACCEPT"
  done
}

# The whole chain at once, so that a second run changes nothing and no connection falls between two rules.
add() { # COMMAND NETWORK…
  command=$1
  shift
  {
    printf '*filter\n:%s - [0:0]\n' "$chain"
    rules "$@"
    echo COMMIT
  } | "$command-restore" -w --noflush
  "$command" -w -C INPUT -p tcp --dport "$port" -j "$chain" 2>/dev/null ||
    "$command" -w -I INPUT 1 -p tcp --dport "$port" -j "$chain"
  echo "$command: added until the next boot. To keep it, put this into the part *filter of the file that $command-restore
loads at boot (such as /etc/iptables/rules.v4 or .v6), before its other rules; or run this program at each boot:
:$chain - [0:0]
-A INPUT -p tcp -m tcp --dport $port -j $chain"
  rules "$@"
}

remove() { # COMMAND
  "$1" -w -S "$chain" >/dev/null 2>&1 || return 0
  while "$1" -w -D INPUT -p tcp --dport "$port" -j "$chain" 2>/dev/null; do :; done
  "$1" -w -F "$chain"
  "$1" -w -X "$chain"
}

case "${1-}" in
  '')
    add iptables '10.42.0.0/16' '10.43.0.0/16' '172.20.0.41' '172.20.0.42'
    ;;
  remove)
    remove iptables
    [ ! -e /proc/net/if_inet6 ] || remove ip6tables
    ;;
  *) die 'usage: iptables.sh [remove]' ;;
esac
