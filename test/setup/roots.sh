#!/bin/sh
# Makes the root file systems that the readers and the machines tier work on copies of: Debian 12 (systemd 252,
# cloud-init 22.4), Debian 13 (systemd 257, cloud-init 25) and what will be Debian 14 (the newest of each), with the
# packages of a Debian cloud image and a few that the tests themselves call. Cached outside of the repository; made
# anew when this list changes.
#
#   usage: test/setup/roots.sh [SUITE…]      prints the folder of each, as "SUITE FOLDER"
#
# forky is testing as long as that is its name: it changes daily, which is what it is here for. A root that was made
# stays in use, so a day on which its packages do not go together stops only who has none yet.
#
# MESHJOIN_CACHE is where they go, /var/cache/meshjoin-test by default. Nobody writes into them afterwards.
set -eu

cache=${MESHJOIN_CACHE:-/var/cache/meshjoin-test}
image=systemd-sysv,dbus,udev,locales,cloud-init,iproute2,iptables,openssh-server,curl,ca-certificates,python3-yaml,systemd-resolved,procps,python3-apt
tests=netcat-openbsd,openssl,tcpdump

die() {
  echo "roots.sh: $*" >&2
  exit 1
}

# Everything that decides what a root holds, apart from the archive's own updates.
stamp="4 $image,$tests"

make_root() { # SUITE
  root=$cache/$1.base
  if [ -f "$root/.stamp" ] && [ "$(cat "$root/.stamp")" = "$stamp" ]; then
    echo "$1 $root"
    return
  fi
  [ "$(id -u)" = 0 ] || die 'only root can make a root file system'
  command -v mmdebstrap >/dev/null || die 'there is no mmdebstrap: apt-get install mmdebstrap'
  [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
    die "there are no keys of Debian's archive: apt-get install debian-archive-keyring"
  echo "making $root, which takes about a minute" >&2
  rm -rf -- "$root.new"
  # The signed list of packages is good for some days where a suite still changes, and mirrors lag.
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$image,$tests" "$1" "$root.new" >&2 || {
    rm -rf -- "$root.new"
    [ "$1" != forky ] || die "Debian testing gives no root today, for the reason above: a suite that changes daily may \
be without a package for some hours; run this again later. The other releases are not touched by it"
    die "Debian's archive gives no root of $1, for the reason above"
  }
  # Without a generated locale cloud-init's own locale module fails.
  printf 'en_US.UTF-8 UTF-8\nC.UTF-8 UTF-8\n' >"$root.new/etc/locale.gen"
  chroot "$root.new" locale-gen >&2
  : >"$root.new/etc/machine-id"
  printf '%s\n' "$stamp" >"$root.new/.stamp"
  if [ -e "$root" ]; then
    rm -rf -- "$root.old"
    mv -T -- "$root" "$root.old"
  fi
  mv -T -- "$root.new" "$root"
  rm -rf -- "$root.old"
  echo "$1 $root"
}

mkdir -p -- "$cache"
exec 9>"$cache/.roots.lock"
flock 9
[ $# -gt 0 ] || set -- bookworm trixie
for suite; do
  make_root "$suite"
done
