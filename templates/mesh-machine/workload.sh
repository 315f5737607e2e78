# shellcheck shell=sh disable=SC2154
# Who this machine is to the cluster.

# workload_key KEY: ns or external_workload; by what name and in which namespace the proxy asks about it.
workload_key() { sed -n "s/^LINKERD2_PROXY_POLICY_WORKLOAD='.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "${etc}/machine.env"; }
