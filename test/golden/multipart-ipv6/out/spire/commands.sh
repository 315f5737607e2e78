#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.six.proxy' \
  -parentID 'spiffe://six.example.com/meshjoin/node/six' \
  -spiffeID 'spiffe://six.example.com/mixed-env/six' \
  -selector 'unix:uid:2102' \
  -hint 'six'
