#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.legacy-app.proxy' \
  -parentID 'spiffe://root.linkerd.cluster.local/meshjoin/node/legacy-app' \
  -spiffeID 'spiffe://root.linkerd.cluster.local/mixed-env/legacy-app' \
  -selector 'systemd:id:linkerd-proxy.service' \
  -selector 'unix:gid:2102' \
  -selector 'unix:path:/opt/linkerd/v2.368.0/linkerd2-proxy' \
  -selector 'unix:sha256:7a1b9f6e6b1c1d5a3f0e8d7c6b5a49382716050f4e3d2c1b0a99887766554433' \
  -selector 'unix:uid:2102' \
  -selector 'unix:user:linkerd-proxy' \
  -hint 'legacy-app'
