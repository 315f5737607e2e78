#!/bin/sh
# mesh-machine, by meshjoin; see docs/machine.md
#
#   install, upgrade, status, leave
#   redirect up [--confirm-within SECONDS], confirm, down, check

# SC2153, SC2154: mesh-machine.conf sets these. SC2310, SC2312: questions are asked in conditions, where "set -e" does not
# reach, and filters may come up empty; every step that must not fail says "|| fail". SC2046: lists of names are one
# word each.
# shellcheck shell=sh disable=SC2034
# shellcheck disable=SC2046,SC2153,SC2154,SC2310,SC2312

set -eu
umask 022
# Debian 12's "cp --parents" looks for the folders of absolute paths below the one that it is called in.
cd /
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

etc=/etc/linkerd
state=/var/lib/linkerd
run=/run/mesh-machine
units=/etc/systemd/system
off=${etc}/redirect.disabled
reserved=/proc/sys/net/ipv4/ip_local_reserved_ports
sysctl=/etc/sysctl.d/00-linkerd-mesh.conf
known_good=${state}/good/current
# Where a failure is noted; what made an upgrade fail is noted elsewhere.
failure_file=${run}/failure
failed=''
# So that a status can be told where mesh-machine.conf is missing.
ADMIN_URL='' AGENT_SOCKET='' JOIN_TOKEN_FILE=''
# Empty while an upgrade waits for each unit.
detach=--no-block
# A folder that goes when the program ends, however it ends.
work=''
