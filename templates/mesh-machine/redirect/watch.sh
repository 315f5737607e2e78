# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Puts back what others removed.

# Puts back what was removed, never what was stopped: the unit is asked under the lock, so that a stop under way removes
# after us. Gives the lock back.
mend() {
  lock_rules
  if in_charge; then
    for t in $(tables); do
      if words=$(differs "${t}"); then
        say "${t}: ${words}: loading the rules again"
        disabled || refuse_ssh
        load "${t}"
        [ "${words}" != 'not first' ] || { date >>"${run}/lost"; ! second || say 'others insist on the first place: they have it for half an hour'; }
      fi
    done
  fi
  exec 9>&-
}

redirect_assert() {
  if [ -e "${run}/trial" ] && [ "$(seconds)" -gt "$(($(cat "${run}/trial") + 5))" ]; then redirect_expire; fi
  find "${run}" -name lost -mmin +30 -delete
  mend
  # No path unit sees a symbolic link being replaced.
  resolver_changed
  publish
}

# The kernel tells of every change of nf_tables; legacy iptables has the timer only. Listens before it looks, so that
# nothing gets lost in between, and leaves a change a second for the rest of it.
redirect_watch() {
  if [ "$(tables)" = nft ]; then monitor='nft monitor'
  elif variant iptables nf_tables && has xtables-monitor; then monitor='xtables-monitor -e'
  else return 0; fi
  trap 'kill "${listener}" 2>/dev/null || :' EXIT
  while :; do
    rm -f "${run}/events"
    mkfifo "${run}/events"
    exec 7<>"${run}/events"
    exec 6<"${run}/events"
    # shellcheck disable=SC2086
    stdbuf -oL ${monitor} >&7 2>/dev/null 6<&- 7>&- &
    listener=$!
    exec 7>&-
    sleep 1
    mend
    grep -qm 1 'nat \|eshjoin\|MESHJOIN\|DEL table' <&6 || :
    kill "${listener}" 2>/dev/null || :
    wait "${listener}" 2>/dev/null || :
  done
}
