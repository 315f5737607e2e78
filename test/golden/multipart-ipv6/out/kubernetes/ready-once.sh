#!/bin/sh
# Says of machines that they are ready, for a first try. Made by meshjoin; needs kubectl 1.24 or later.
#
#   usage: ready-once.sh                     all machines of the document that are not drained
#          ready-once.sh NAMESPACE NAME...   these
#
# Nobody is asked: from then on a machine gets its share of the traffic whether it answers or not, until somebody says otherwise
# (drain.sh). With "readiness" in the document a program asks, and keeps it true.
set -eu

usage() {
  sed -n 's/^#   usage: //p; s/^#          /       /p' "$0" >&2
  exit 2
}

# The merge replaces the whole list of conditions.
set_ready() { # NAMESPACE NAME
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  kubectl --namespace="$1" patch externalworkloads.workload.linkerd.io "$2" --subresource=status --type=merge --patch='
    {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "SetByHand",
      "message": "set by ready-once.sh; nobody has asked the machine", "lastTransitionTime": "'"$now"'"}]}}'
}

all() {
  set_ready 'mixed-env' 'six'
}

case ${1:-} in -*) usage ;; esac
case $# in
  0) all ;;
  1) usage ;;
  *)
    namespace=$1
    shift
    for name do
      set_ready "$namespace" "$name"
    done
    ;;
esac
echo 'Ready by your word: nothing asks these machines, and nothing takes them out when they fail.' >&2
