#!/bin/sh
# mesh-machine-watch: puts rules back when somebody else changes them. The unit linkerd-redirect-watch runs it. By meshjoin;
# see docs/machine.md.

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
