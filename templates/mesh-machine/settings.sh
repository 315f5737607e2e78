#!/bin/sh
# mesh-machine: joins this machine to a Linkerd mesh, and leaves it again. By meshjoin; see docs/machine.md.
#
#   install                 check, users, binaries, units; waits until joined. May be run again
#   upgrade                 the same with new files; back to the old ones where that fails
#   redirect up|down|check  load the rules; off until "up"; compare them and try connections
#     up --confirm-within SECONDS: off again unless "redirect confirm" comes first
#   status                  as in /run/mesh-machine/status.json
#   leave                   take everything of ours away
#
# Exit: 1 failed, 2 usage, 3 refused, 4 download, 5 not joined yet, 6 rules amiss, 7 upgrade undone

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
sysctl=/etc/sysctl.d/00-linkerd-mesh.conf
reserved=/proc/sys/net/ipv4/ip_local_reserved_ports
note=${run}/failure
good=${state}/good/current
detach=--no-block
work=''
