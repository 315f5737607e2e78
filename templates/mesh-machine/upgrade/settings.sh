#!/bin/sh
# mesh-machine-upgrade: applies the files that were copied here, or rolls back to the last ones with which this machine was
# healthy. "mesh-machine upgrade" calls it. By meshjoin; see docs/machine.md.
#
#   --wait SECONDS    before the proxy restarts, waits for so long until no connection is open through it
#   --drain SECONDS   cuts off what is still open so long after that; without it the proxy's own grace period does
#
# Exit: 0 applied, 2 usage, 3 refused, 7 rolled back

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
wait=0 drain=''
