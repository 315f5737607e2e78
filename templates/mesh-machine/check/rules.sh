# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Compares the loaded rules with those that should be, then tries connections.

# check_redirect: ends with 6 where anything is wrong.
check_redirect() {
  local code table words
  code=0
  for table in $(tables); do
    if words=$(rule_fault "${table}"); then
      code=6
    elif yields; then
      words='complete; others insist on the first place'
    else words='complete and first'; fi
    say "${table}: ${words}"
  done
  report_saved || code=6
  (refuse_made_by_hand) || code=6 failed=yes
  if [ -e "${run}/trial" ]; then say "on trial for $(($(cat "${run}/trial") - $(seconds))) s more: mesh-machine redirect confirm"; fi
  if redirect_is_off; then
    say 'turned off by "redirect down"'
  elif [ "${code}" -ne 0 ]; then
    say 'no connections were tried'
  elif ! proxy_ready; then
    say 'no connections were tried: the proxy is not ready'
    code=6
  else try_connections || code=6; fi
  exit "${code}"
}
