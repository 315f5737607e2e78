#!/bin/sh
# Made by meshjoin. One command for each registration entry, for whoever types them. SPIRE refuses what is there already, so run each
# once, or use "register" beside this file, which may be run again.
set -eu

spire-server entry create -entryID 'meshjoin.ledger.proxy' \
  -parentID 'spiffe://machines.example.com/meshjoin/node/ledger' \
  -spiffeID 'spiffe://machines.example.com/billing/ledger' \
  -selector 'unix:uid:3102' \
  -hint 'ledger'

spire-server entry create -entryID 'meshjoin.nightly-job.proxy' \
  -parentID 'spiffe://machines.example.com/meshjoin/node/nightly-job' \
  -spiffeID 'spiffe://machines.example.com/batch/nightly-job' \
  -selector 'unix:uid:3102' \
  -hint 'nightly-job'
