#!/bin/sh
# Takes machines out of traffic, and lets them in again. Made by meshjoin; needs kubectl 1.24 or later.
#
#   usage: drain.sh NAMESPACE NAME...          NotReady now, and until it is taken back
#          drain.sh --back NAMESPACE NAME...   takes it back
#
# The annotation comes first: what keeps readiness goes by it, and would make the machine Ready again. New requests go elsewhere as soon as
# the ExternalWorkload is NotReady; connections that are open stay until they end. May be run again. A machine that has "drain: true" in the
# document is let in again there.
set -eu

usage() {
  sed -n 's/^#   usage: //p; s/^#          /       /p' "$0" >&2
  exit 2
}

back=
if [ "${1:-}" = --back ]; then
  back=1
  shift
fi
[ $# -ge 2 ] || usage
case $1 in -*) usage ;; esac
namespace=$1
shift

# The merge replaces the whole list of conditions.
set_not_ready() { # NAME
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  kubectl --namespace="$namespace" patch externalworkloads.workload.linkerd.io "$1" --subresource=status --type=merge --patch='
    {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Drained",
      "message": "taken out of traffic by drain.sh", "lastTransitionTime": "'"$now"'"}]}}'
}

for name do
  case $name in -*) usage ;; esac
  if [ -n "$back" ]; then
    kubectl --namespace="$namespace" annotate externalworkloads.workload.linkerd.io "$name" meshjoin.dev/drain-
  else
    kubectl --namespace="$namespace" annotate --overwrite externalworkloads.workload.linkerd.io "$name" meshjoin.dev/drain=true
    set_not_ready "$name"
  fi
done

if [ -n "$back" ]; then
  echo 'Ready again as soon as what keeps readiness has looked, within five minutes.' >&2
else
  echo 'Out of traffic for new requests. On the machine, what is still open: ss --tcp state established "( sport = :4143 )"' >&2
fi
