#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.orders.proxy' \
  -parentID 'spiffe://prod.example.com/node/orders' \
  -spiffeID 'spiffe://prod.example.com/shop/orders-a' \
  -selector 'unix:uid:2102' \
  -hint 'orders'
