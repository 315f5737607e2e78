#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.external-workload.proxy' \
  -parentID 'spiffe://root.linkerd.cluster.local/meshjoin/node/external-workload' \
  -spiffeID 'spiffe://root.linkerd.cluster.local/external-workload' \
  -selector 'unix:uid:2102' \
  -x509SVIDTTL 172800 \
  -hint 'external-workload'
