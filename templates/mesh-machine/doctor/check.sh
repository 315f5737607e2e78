# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Compares the loaded rules with those that should be.

check_rules() {
  code=0
  for t in $(tables); do
    if words=$(differs "${t}"); then code=6; elif second; then words='complete; others insist on the first place'; else words='complete and first'; fi
    say "${t}: ${words}"
  done
  report_saved || code=6
  (refuse_by_hand) || code=6
  if [ -e "${run}/trial" ]; then say "on trial for $(($(cat "${run}/trial") - $(seconds))) s more: mesh-machine redirect confirm"; fi
  if disabled; then say 'turned off by "redirect down"'
  elif [ "${code}" -ne 0 ]; then say 'no connections were tried'
  elif ! ready; then
    say 'no connections were tried: the proxy is not ready'
    code=6
  else probe || code=6; fi
  exit "${code}"
}
