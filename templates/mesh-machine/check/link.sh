# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# A network namespace behind a link of its own, from where inbound connections are tried.

# make_link: with strangers at its far end, and the mesh's addresses that the probes name. Sets link.
make_link() {
  local by
  link=meshjoin-probe
  { ip netns add "${link}" && ip link add "${link}" type veth peer name "${link}" netns "${link}"; } || fail probe
  set_up_end 1 2
  set_up_end 2 1 -n "${link}"
  grep '^inbound' "${work}/probes" | cut -d' ' -f5 | sort -u | while read -r by; do add_mesh_address "${by}" || :; done 2>/dev/null
}

# is_stranger ADDRESS: the far end's own, outside of the mesh.
is_stranger() { case $1 in 169.254.255.250 | 2001:db8:6d65:7368::2) ;; *) false ;; esac; }

# set_up_end OWN OTHER [OPTIONS of ip]: at the far end, 2, everything is behind the near one, 1.
set_up_end() {
  local own other
  own=$1 other=$2
  shift 2
  ip "$@" link set "${link}" up
  ip "$@" address add "169.254.255.$((248 + own))/30" dev "${link}"
  ip "$@" address add "2001:db8:6d65:7368::${own}/64" dev "${link}" nodad 2>/dev/null || :
  [ "${own}" = 1 ] || {
    ip "$@" route add default via "169.254.255.$((248 + other))" src 169.254.255.250
    ip "$@" route add default via "2001:db8:6d65:7368::${other}" src 2001:db8:6d65:7368::2 2>/dev/null || :
  }
}

# add_mesh_address ADDRESS: user 65534 of the namespace dials from there, all others as strangers. The route to it goes with
# the link.
add_mesh_address() {
  ! is_stranger "$1" || return 0
  case $1 in
    *:*) set -- "$1" -6 2001:db8:6d65:7368::1 ;;
    *) set -- "$1" -4 169.254.255.249 ;;
  esac
  ip "$2" route add "$1" dev "${link}"
  ip -n "${link}" address add "$1" dev "${link}" nodad
  ip -n "${link}" "$2" route add default via "$3" src "$1" table 9
  ip -n "${link}" "$2" rule add uidrange 65534-65534 table 9
}

# remove_link: waits for those that dial, or what they are connected to would never hear of their end.
remove_link() {
  wait
  ip netns delete meshjoin-probe 2>/dev/null || :
  ip link delete meshjoin-probe 2>/dev/null || :
}
