# shellcheck shell=sh disable=SC2154,SC2312,SC3043
# What has to be done in the cluster, and when. This machine has no access there.

# known_as: namespace and name of what the cluster knows this machine as; nothing where it offers no port, and the cluster has
# nothing of it.
known_as() {
  grep -qs "INBOUND_PORTS='[0-9]" "${etc}/machine.env" || return 0
  sed -n 's/^LINKERD2_PROXY_POLICY_WORKLOAD=.*"ns":"\([^"]*\)".*"external_workload":"\([^"]*\)".*/\1 \2/p' "${etc}/machine.env" 2>/dev/null
}

# say_order VERB [NAMESPACE NAME]: in which order nothing is lost.
say_order() {
  case $# in 3) ;; *) return 0 ;; esac
  if [ "$1" = leave ]; then
    say "in the cluster: first kubernetes/drain.sh $2 $3; when nothing is open here any more, this; then delete ExternalWorkload $2/$3."
    say 'Clients of one that is deleted while it is Ready go on dialling this machine.'
  else
    say "to lose nothing: kubernetes/drain.sh $2 $3 before, --wait SECONDS here, kubernetes/drain.sh --back $2 $3 after"
  fi
}
