#!/bin/sh
# mesh-machine-drain [--wait SECONDS]: says which connections are open through the proxy, and waits for so long until none is.
# By meshjoin; see docs/machine.md.
#
# Exit: 0 none is open, 1 some are, 2 usage

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
