#!/bin/sh
# Lets the mesh in through ufw: TCP to the port of Linkerd's proxy, from the networks of the mesh.
# Run it as root on the machine: without an argument it adds the rules for good, with "remove" it takes them away.
# Written by meshjoin.
set -eu

comment=linkerd-mesh

die() {
  echo "$0: $*" >&2
  exit 1
}

# As "ufw show added" has it: a network that is one address stands there as the address.
rule() { # NETWORK PORT
  echo "allow from $1 to any port $2 proto tcp"
}

rules() {
  rule '10.42.0.0/16' '4143'
  rule '10.43.0.0/16' '4143'
  rule '203.0.113.42' '4143'
}

# Those that this program added.
ours() {
  ufw show added | sed -n "s/^ufw \(allow from .*\) comment '$comment'\$/\1/p"
}

# In front of the others, since the first that fits decides. One of the operator's own that says the same stays theirs.
add() {
  added=$(ufw show added)
  rules | while read -r line; do
    ! printf '%s\n' "$added" | grep -qxF -e "ufw $line" -e "ufw $line comment '$comment'" || continue
    # shellcheck disable=SC2086 # words of a rule
    ufw prepend $line comment "$comment" </dev/null
  done
  wanted=$(rules)
  drop_ours "$wanted"
}

drop_ours() { # RULES-TO-KEEP
  ours | while read -r line; do
    ! printf '%s\n' "$1" | grep -qxF -e "$line" || continue
    # shellcheck disable=SC2086 # words of a rule
    ufw delete $line </dev/null
  done
}

case "${1-}" in
  '') add ;;
  remove) drop_ours '' ;;
  *) die 'usage: ufw.sh [remove]' ;;
esac
