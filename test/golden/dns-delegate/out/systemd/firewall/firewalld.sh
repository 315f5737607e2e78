#!/bin/sh
# Lets the mesh in through firewalld 0.9 or later: TCP to the port of Linkerd's proxy, from the networks of the mesh.
# Run it as root on the machine: without an argument it adds the rules for good, with "remove" it takes them away.
# Written by meshjoin.
set -eu

# A policy from any zone to the host: it holds whatever zone an interface or a source is in, and goes before the zones' rules.
into=linkerd-mesh
# With StrictForwardPorts=yes alone: from the host to any zone.
from=linkerd-mesh-out
folder=/etc/firewalld/policies

die() {
  echo "$0: $*" >&2
  exit 1
}

running() {
  firewall-cmd --state >/dev/null 2>&1
}

# firewalld forgets what was not made permanent. Rules of the redirect that it may take away come back at once.
reload() {
  ! running || firewall-cmd --quiet --reload
}

strict() {
  grep -Eqis '^StrictForwardPorts=(yes|true)' /etc/firewalld/firewalld.conf
}

accept() { # FAMILY NETWORK PORT
  printf '  <rule family="%s">\n    <source address="%s"/>\n    <port port="%s" protocol="tcp"/>\n    <accept/>\n  </rule>\n' "$1" "$2" "$3"
}

accepts() {
  accept ipv4 '10.42.0.0/16' '4143'
  accept ipv4 '10.43.0.0/16' '4143'
  accept ipv4 '203.0.113.42' '4143'
}

# Strict, firewalld rejects what others redirect, but for ports that it forwards itself. What decides is the port that was
# dialled, whoever dialled it, so this lets the redirect's connections past; and since no packet comes from this address,
# firewalld itself forwards nothing by it.
past_strict() { # [ADDRESS]
  ! strict || printf '  <rule family="ipv4">\n    <source address="255.255.255.255"/>\n    <forward-port port="1-65535" protocol="tcp" to-port="9"%s/>\n  </rule>\n' "${1+ to-addr=\"$1\"}"
}

policy() { # INGRESS EGRESS RULES
  printf '<?xml version="1.0" encoding="utf-8"?>\n<policy target="CONTINUE">\n  <ingress-zone name="%s"/>\n  <egress-zone name="%s"/>\n%s\n</policy>\n' "$1" "$2" "$3"
}

# Writes the policy on stdin; fails where it is there already.
write() { # NAME
  cat >"$folder/$1.new"
  if cmp -s "$folder/$1.new" "$folder/$1.xml"; then
    rm "$folder/$1.new"
    return 1
  fi
  mv "$folder/$1.new" "$folder/$1.xml"
}

add() {
  [ -d /usr/lib/firewalld/policies ] || die 'there is no firewalld here, or one older than 0.9, which has no policies'
  # Forwarding a port elsewhere makes firewalld turn on the forwarding of packets. That is nothing to do by the way.
  if strict && [ "$(cat /proc/sys/net/ipv4/ip_forward)" != 1 ]; then
    die "with StrictForwardPorts=yes firewalld rejects whatever is redirected. This machine forwards no packets, so it has no
forwarded ports to be strict about: set StrictForwardPorts=no in /etc/firewalld/firewalld.conf, reload, and run this again"
  fi
  umask 022
  mkdir -p "$folder"
  changed=
  ! policy ANY HOST "$(past_strict; accepts)" | write "$into" || changed=1
  if ! strict; then
    [ ! -e "$folder/$from.xml" ] || { rm "$folder/$from.xml"; changed=1; }
  elif policy HOST ANY "$(past_strict 127.0.0.1)" | write "$from"; then
    changed=1
  fi
  [ -z "$changed" ] || reload
}

remove() {
  [ -e "$folder/$into.xml" ] || return 0
  rm -f "$folder/$into.xml" "$folder/$from.xml"
  reload
}

case "${1-}" in
  '') add ;;
  remove) remove ;;
  *) die 'usage: firewalld.sh [remove]' ;;
esac
