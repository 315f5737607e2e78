# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Does this machine know a way to pods and services? That a default route takes them all proves nothing, and is no fault either.

# look_at_networks: one finding for each thing that is wrong, with all the networks.
look_at_networks() {
  local missing
  missing=$(networks_without_route)
  [ -z "${missing}" ] || finding no-route "$(echo "${missing}" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')" \
    "ip route get: $(echo "${missing}" | cut -d' ' -f2- | sort -u | tr '\n' ' ')"
  missing=$(networks_kept_here)
  [ -z "${missing}" ] || finding network-is-local "$(echo "${missing}" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')" \
    "ip route get: $(echo "${missing}" | cut -d' ' -f2- | sort -u | tr '\n' ' ')"
  [ "${when}" = before ] || look_at_own_routes
}

# mesh_networks: those of clusters and machines, of the families of which this machine has an address of its own.
mesh_networks() {
  local network
  for network in $(sed -n "s/^LINKERD2_PROXY_POLICY_CLUSTER_NETWORKS='\(.*\)'\$/\1/p" "${etc}/mesh.env" | tr , ' '); do
    case ${network} in
      *:*) ! ip -6 -o address show scope global 2>/dev/null | grep -q . || echo "${network}" ;;
      *) ! ip -4 -o address show scope global 2>/dev/null | grep -q . || echo "${network}" ;;
    esac
  done
}

# address_of NETWORK: one in it; the first of a network may be its own name.
address_of() {
  case $1 in
    */32 | */128) echo "${1%/*}" ;;
    *::/*) echo "${1%/*}1" ;;
    *:*) echo "${1%/*}" ;;
    *) echo "$1" | sed 's|0/[0-9]*$|1|; s|/[0-9]*$||' ;;
  esac
}

# networks_without_route: a line each, with what ip says.
networks_without_route() {
  local network said
  for network in $(mesh_networks); do
    said=$(ip route get "$(address_of "${network}")" 2>&1) || echo "${network} ${said}"
  done
}

# networks_kept_here: those that a bridge of containers or virtual machines on this host takes for its own.
networks_kept_here() {
  local network said
  for network in $(mesh_networks); do
    case ${network} in */32 | */128) continue ;; *) ;; esac
    said=$(ip route get "$(address_of "${network}")" 2>/dev/null | head -n 1) || :
    case ${said} in
      *' dev docker'* | *' dev br-'* | *' dev virbr'* | *' dev podman'* | *' dev cni'* | *' dev lxdbr'*) echo "${network} ${said}" ;;
      local*) echo "${network} ${said}" ;;
      *) ;;
    esac
  done
}

# look_at_own_routes: those of the document.
look_at_own_routes() {
  local to via missing=''
  while read -r to via; do
    [ -z "${to}" ] || [ -n "$(ip route show exact "${to}" 2>/dev/null)" ] || missing="${missing} ${to} via ${via},"
  done <<ROUTES
$(sed -n 's/^ExecStart=ip route replace \([^ ]*\) via \([^ ]*\) .*/\1 \2/p' "${units}/linkerd-mesh-routes.service" 2>/dev/null)
ROUTES
  [ -z "${missing}" ] || finding routes-missing "${missing# }" \
    "the unit is $(property linkerd-mesh-routes ActiveState); $(newest_line '' -u linkerd-mesh-routes)"
}
