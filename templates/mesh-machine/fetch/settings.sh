#!/bin/sh
# Fetches the mesh layer and joins, then goes away. See docs/cloud-init.md.

# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312

set -eu
export LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin

settings=/etc/linkerd/mesh-layer.conf
run=/run/mesh-machine
layer=${run}/layer
