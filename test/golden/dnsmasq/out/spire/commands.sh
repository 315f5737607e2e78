#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.legacy-app.proxy' \
  -parentID 'spiffe://root.linkerd.cluster.local/meshjoin/node/legacy-app' \
  -spiffeID 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app' \
  -selector 'unix:uid:2102' \
  -hint 'legacy-app'
