# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Puts back what others removed.

# restore_rules: what was removed, never what was stopped: the unit is asked under the lock, so that a stop under way
# removes after us. Gives the lock back.
restore_rules() {
  local table fault
  lock_rules
  if redirect_is_active; then
    for table in $(tables); do
      if fault=$(rule_fault "${table}"); then
        say "${table}: ${fault}: loading the rules again"
        redirect_is_off || refuse_ssh
        load_table "${table}"
        if [ "${fault}" = 'not first' ]; then
          date >>"${run}/lost"
          ! yields || say 'others insist on the first place: they have it for half an hour'
        fi
      fi
    done
  fi
  exec 9>&-
}

# redirect_assert: what the timer runs.
redirect_assert() {
  if [ -e "${run}/trial" ] && [ "$(seconds)" -gt "$(($(cat "${run}/trial") + 5))" ]; then redirect_expire; fi
  find "${run}" -name lost -mmin +30 -delete
  restore_rules
  # No path unit sees a symbolic link being replaced.
  verb_resolver_changed
  publish
}

# redirect_watch: the kernel tells of every change of nf_tables; legacy iptables has the timer only. Listens before it
# looks, so that nothing gets lost in between, and leaves a change a second for the rest of it. Sets listener, for its trap.
redirect_watch() {
  local monitor
  monitor=$("${REDIRECT_BACKEND}_monitor")
  [ -n "${monitor}" ] || return 0
  trap 'kill "${listener}" 2>/dev/null || :; finish' EXIT
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
    restore_rules
    grep -qm 1 'nat \|eshjoin\|MESHJOIN\|DEL table' <&6 || :
    kill "${listener}" 2>/dev/null || :
    wait "${listener}" 2>/dev/null || :
  done
}
