#!/bin/sh
# mesh-machine-metrics: tells node_exporter how this machine is. The unit linkerd-metrics runs it. By meshjoin; see
# docs/monitoring.md.

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty.
# shellcheck disable=SC1091,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
