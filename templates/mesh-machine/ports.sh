# shellcheck shell=sh disable=SC2154,SC2312,SC3043
# Ports of the proxy that no outgoing connection may have.

# verb_reserve: the file comes first of its kind, so that a site's own list counts, which would have taken ours away: both
# are joined here. Notes what was there before, and what is.
verb_reserve() {
  local before ours
  before=$(cat "${reserved}") ours=$(sed -n 's/.*= *//p' "${sysctl}")
  if [ "${before}" = "$(sed -n 2p "${state}/reserved")" ]; then
    before=$(sed -n 1p "${state}/reserved" || :)
  elif [ "${before}" = "${ours}" ]; then before=''; fi
  echo "${before:+${before},}${ours}" >"${reserved}" || return 0
  printf '%s\n' "${before}" "$(cat "${reserved}")" >"${state}/reserved"
} 2>/dev/null

# release_ports: gives back what was there before, where nobody has changed it since.
release_ports() {
  [ "$(cat "${reserved}")" != "$(sed -n 2p "${state}/reserved")" ] || sed -n 1p "${state}/reserved" >"${reserved}"
} 2>/dev/null
