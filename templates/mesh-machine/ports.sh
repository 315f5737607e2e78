# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Ports of the proxy that no outgoing connection may have.

# The file comes first of its kind, so that a site's own list counts, which would have taken ours away: both are joined here.
# Notes what was there before, and what is.
reserve() {
  before=$(cat "${reserved}") ports=$(sed -n 's/.*= *//p' "${sysctl}")
  if [ "${before}" = "$(sed -n 2p "${state}/reserved")" ]; then before=$(sed -n 1p "${state}/reserved" || :)
  elif [ "${before}" = "${ports}" ]; then before=''; fi
  echo "${before:+${before},}${ports}" >"${reserved}" || return 0
  printf '%s\n' "${before}" "$(cat "${reserved}")" >"${state}/reserved"
} 2>/dev/null

unreserve() {
  [ "$(cat "${reserved}")" != "$(sed -n 2p "${state}/reserved")" ] || sed -n 1p "${state}/reserved" >"${reserved}"
} 2>/dev/null
