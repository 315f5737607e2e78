#!/bin/sh
# mesh-machine-resolver: tells the machine's own resolver where the cluster's names are. mesh-machine calls it.
# By meshjoin; see docs/machine.md.
#
#   apply     hands /etc/linkerd/resolver.conf to it, and takes back what an earlier document gave to another
#   refresh   the addresses of the control plane in /etc/hosts
#   leave     takes everything back
#
# Exit: 0 done, 1 the resolver does not run with it, 2 usage

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
given=${etc}/resolver.conf
# There while a resolver has a file of ours and may not have read it.
telling=${state}/resolver.telling
hosts=/etc/hosts
# Around our lines in it.
opening='# Control plane of the mesh, kept by mesh-machine-resolver' closing='# End of the mesh'
