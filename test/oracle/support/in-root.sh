#!/bin/sh
# Runs one command as root inside a throw-away copy of a root file system: its own mounts, processes and network.
# Nothing that the command does outlives it.
#
#   usage: in-root.sh BASE LAYER EXCHANGE COMMAND…
#
# LAYER is a folder that is laid over BASE. EXCHANGE appears as /exchange and is the only thing that stays.
# With MANAGER=1 the command gets a control group of its own, which a systemd manager needs.
set -eu

if [ "${STAGE:-}" = '' ]; then
  [ "${MANAGER:-}" = 1 ] || STAGE=inside exec unshare --mount --net --pid --fork --kill-child sh "$0" "$@"
  STAGE=group exec unshare --mount sh "$0" "$@"
fi

if [ "$STAGE" = group ]; then
  groups=$3/.groups
  mkdir -p "$groups"
  mount -t cgroup2 none "$groups"
  group=$groups/meshjoin-oracle-$$
  mkdir "$group"
  # shellcheck disable=SC2317 # called by the trap
  leave_group() {
    echo $$ >"$groups/cgroup.procs"
    find "$group" -depth -type d -exec rmdir {} \;
  }
  trap leave_group EXIT
  echo $$ >"$group/cgroup.procs"
  status=0
  STAGE=inside unshare --cgroup --net --pid --fork --kill-child sh "$0" "$@" || status=$?
  exit "$status"
fi

base=$1 layer=$2 exchange=$3
shift 3
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root /mnt/exchange
root=/mnt/root
mount -t overlay overlay -o "lowerdir=$layer:$base,upperdir=/mnt/upper,workdir=/mnt/work" "$root"
mkdir -p "$root/exchange"
mount --bind "$exchange" "$root/exchange"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root/run/lock" "$root/run/user/0"
if [ "${MANAGER:-}" = 1 ]; then
  mount -t sysfs sysfs "$root/sys"
  mount -t cgroup2 none "$root/sys/fs/cgroup"
  mkdir -p "$root/run/systemd/system"
fi
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 \
  XDG_RUNTIME_DIR=/run/user/0 SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL="${LOG_LEVEL:-info}" SYSTEMD_COLORS=0 \
  chroot "$root" "$@"
