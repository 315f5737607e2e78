#!/bin/sh
# mesh-machine-boot [refresh]: finds this machine's address and name, and fills them into its files. "mesh-machine install"
# calls it, and its unit at every boot, with "refresh". By meshjoin; see docs/boot.md.
#
# Exit: 0 filled in, 2 usage, 3 refused, 5 no address yet

# SC2154, SC1091: mesh-machine has the functions, boot.env the variables. SC2310, SC2312: questions are asked in conditions,
# where "set -e" does not reach, and filters may come up empty. SC2034: the parts below read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
workload=${state}/workload
cloud=/var/lib/cloud/data
NAME='' NAME_FROM='' INTERFACE=''
