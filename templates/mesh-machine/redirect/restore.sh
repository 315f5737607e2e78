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
          ! yields || say 'others insist on the first place'
        fi
      fi
    done
  fi
  exec 9>&-
}

# redirect_assert: what the timer runs.
redirect_assert() {
  [ ! -e "${run}/trial" ] || mesh-machine-trial overdue || :
  find "${run}" -name lost -mmin +30 -delete
  restore_rules
  # A path unit would not see a symbolic link being replaced.
  follow_resolver
  publish
}
