#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.database.proxy' \
  -parentID 'spiffe://fleet.example.com/meshjoin/node/database' \
  -spiffeID 'spiffe://fleet.example.com/shop/database' \
  -selector 'unix:uid:2102' \
  -hint 'database'

spire-server entry create -entryID 'meshjoin.gateway.proxy' \
  -parentID 'spiffe://fleet.example.com/meshjoin/node/gateway' \
  -spiffeID 'spiffe://fleet.example.com/shop/gateway' \
  -selector 'unix:uid:2102' \
  -hint 'gateway'
