#!/bin/sh
# mesh-machine-doctor [--before] [--json | --changes | --bundle [FILE]]: what is wrong with this machine, the cause first. By
# meshjoin; see docs/doctor.md.
#
#   --before         before it joins, from its files alone
#   --json           for programs
#   --changes        what is new since the last look with it, and what is gone
#   --bundle [FILE]  writes an archive for whoever helps, without secrets
#
# Exit: 0 nothing is wrong, 1 something is, 2 usage, or it could not look

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty.
# shellcheck disable=SC1091,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
