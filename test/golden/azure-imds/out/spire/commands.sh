#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.legacy-app.proxy' \
  -parentID 'spiffe://root.linkerd.cluster.local/spire/agent/azure_imds/72f988bf-86f1-41af-91ab-2d7cd011db47/8d10da13-8125-4ba9-a717-bf7490507b3d/02aab8a4-74ef-476e-8182-f6d2ba4166a6' \
  -spiffeID 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app' \
  -selector 'unix:uid:2102' \
  -hint 'legacy-app'
