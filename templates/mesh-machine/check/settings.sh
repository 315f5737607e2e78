#!/bin/sh
# mesh-machine-check: compares the loaded rules with those that should be, names saved rules that would be loaded
# without a proxy, and tries connections, one for each line of redirect.probes. By meshjoin; see docs/redirect.md.
#
# Exit: 0 all as it should be, 2 usage, 3 refused, 6 rules or connections differ

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2013, SC2046: lists of names are one word each.
# shellcheck disable=SC1091,SC2013,SC2046,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
