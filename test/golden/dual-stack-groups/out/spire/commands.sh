#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.web-1.proxy' \
  -parentID 'spiffe://fleet.example.com/meshjoin/node/web-1' \
  -spiffeID 'spiffe://fleet.example.com/frontend/web-1' \
  -selector 'unix:uid:2102' \
  -hint 'web-1'

spire-server entry create -entryID 'meshjoin.web-10.proxy' \
  -parentID 'spiffe://fleet.example.com/meshjoin/node/web-10' \
  -spiffeID 'spiffe://fleet.example.com/frontend/web-10' \
  -selector 'unix:uid:2102' \
  -hint 'web-10'

spire-server entry create -entryID 'meshjoin.worker-1.proxy' \
  -parentID 'spiffe://fleet.example.com/meshjoin/node/worker-1' \
  -spiffeID 'spiffe://fleet.example.com/batch/worker' \
  -selector 'unix:uid:2102' \
  -hint 'worker-1'
