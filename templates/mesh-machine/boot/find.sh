# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# The name and the addresses of this machine. Whoever names it or answers its questions is not believed: what they say must have
# the form that the document's schema gives it.

# fits VALUE PATTERN LENGTH: whether it is one word of that form. grep would take any line of several.
fits() {
  case $1 in '' | *[!!-~]*) return 1 ;; *) ;; esac
  [ "${#1}" -le "$3" ] && printf '%s\n' "$1" | grep -Eqx -- "$2"
}

# given_name: as the host or the platform has it.
given_name() {
  case ${NAME_FROM} in
    hostname) uname -n | sed '1s/\..*//' ;;
    *) cat "${cloud}/instance-id" 2>/dev/null || : ;;
  esac | tr 'A-Z\000' 'a-z '
}

# kept_name: that of an earlier boot, since identities are made of it.
kept_name() { sed -n 's/^{"name": "\([^"]*\)".*/\1/p' "${workload}" 2>/dev/null || :; }

# find_name: the document's, or what an instance is called. A host may be renamed, an instance's number is another only where the
# disk is a copy: of a machine that had joined, and both would have one identity. Sets name.
find_name() {
  local kept
  name=${NAME}
  [ -z "${name}" ] || return 0
  kept=$(kept_name) name=$(given_name)
  if [ -n "${kept}" ]; then
    [ "${NAME_FROM}" = hostname ] || [ "${kept}" = "${name}" ] || fail copied "${name:-nothing}" "${kept}"
    name=${kept}
  fi
  # Every image without a name has this one.
  if [ "${name}" = localhost ] || ! fits "${name}" "${NAME_PATTERN}" "${NAME_LENGTH}"; then
    fail no-name "${NAME_FROM}" "${name:-nothing}" "${NAME_LENGTH}"
  fi
}

# word_after WORD: what follows it in a route on stdin.
word_after() { sed -n "1s/.* $1 \\([^ ]*\\).*/\\1/p"; }

# listed_address FAMILY DEVICE: the first that stays on that device.
listed_address() {
  local lasting=primary
  [ "$1" != -6 ] || lasting='-temporary -deprecated -tentative'
  # shellcheck disable=SC2086
  ip -o "$1" address show dev "$2" scope global ${lasting} 2>/dev/null | sed -n '1s/.* inet6\{0,1\} \([^ /]*\).*/\1/p'
}

# is_temporary ADDRESS: of IPv6: made anew every day, for privacy.
is_temporary() {
  case $1 in *:*) ip -o -6 address show to "$1" temporary 2>/dev/null | grep -q . ;; *) false ;; esac
}

# own_address TO: the one that connections to there come from, or that of INTERFACE. Sets address, empty without one, and route.
own_address() {
  local family=-4 device
  case $1 in *:*) family=-6 ;; *) ;; esac
  route=$(ip -o "${family}" route get "$1" 2>&1) || route=''
  address=$(printf '%s\n' "${route}" | word_after src)
  device=${INTERFACE}
  if [ -z "${device}" ] && is_temporary "${address}"; then device=$(printf '%s\n' "${route}" | word_after dev); fi
  [ -z "${device}" ] || address=$(listed_address "${family}" "${device}")
}

# find_addresses: one of each family, or of one family. Others could not dial loopback and link-local ones. Sets ipv4, ipv6, and
# addresses, which are both.
find_addresses() {
  local to route address
  ipv4='' ipv6=''
  for to in ${ROUTES_TO}; do
    own_address "${to}"
    case ${address} in
      '' | 0.* | 127.* | 169.254.* | ::1 | [Ff][Ee][89ABab]?:*) continue ;;
      *) fits "${address}" "${ADDRESS_PATTERN}" "${ADDRESS_LENGTH}" || fail no-address "${address} is none" ;;
    esac
    case ${address} in *:*) ipv6=${address} ;; *) ipv4=${address} ;; esac
  done
  addresses=${ipv4}${ipv4:+${ipv6:+,}}${ipv6}
  [ -n "${addresses}" ] || fail no-address "asked ${INTERFACE:-the route to ${ROUTES_TO}}"
}
