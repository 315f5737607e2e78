#!/bin/sh
# mesh-machine-certificate: says when the proxy's certificate is not renewed, and why, when the control plane does not answer, and
# when the proxy does not listen. The unit linkerd-certificate runs it. By meshjoin; see docs/machine.md.

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty.
# shellcheck disable=SC1091,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
