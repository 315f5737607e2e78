# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# The verb redirect, which says what should be loaded.

# verb_redirect WORD [--confirm-within SECONDS]: by the name of its function.
verb_redirect() {
  [ "$#" -eq 1 ] || [ "$1 $2" = 'up --confirm-within' ] || usage
  case $1:$# in
    check:1) run_program check ;;
    confirm:1 | up:3) run_program trial "$1" "${3-}" ;;
    *) has "redirect_$1" || usage ;;
  esac
  # A stop while the rules load: what systemd runs afterwards cannot tell it from a failure, after which rules stay.
  [ "$1" != apply ] || trap 'redirect_remove; exit 143' TERM
  "redirect_$1"
}

# redirect_up: from now on.
redirect_up() {
  refuse_ssh
  end_trial
  rm -f "${off}"
  switch_on
}

# switch_on: rules that are there change at once, whatever the units wait for.
switch_on() {
  if redirect_is_active; then
    redirect_apply
  else
    systemctl start linkerd-redirect || fail rules 'the rules do not load'
    publish
  fi
  has_joined || say 'the rules load when the proxy is ready for the first time'
}

# redirect_down: the switch first: no unit and no timer redirects from then on.
redirect_down() {
  date -u >"${off}"
  end_trial
  ! redirect_is_active || redirect_apply
  say 'off until "mesh-machine redirect up"'
  publish
}

# redirect_apply: loads the rules, and takes away what an earlier document had elsewhere.
redirect_apply() {
  local table
  redirect_is_off || refuse_ssh
  lock_rules
  for table in $(tables); do load_table "${table}"; done
  for table in $(own_tables); do
    case " $(tables) " in *" ${table} "*) ;; *) unload_table "${table}" ;; esac
  done
  : >"${run}/loaded"
  # Before the network is up nobody can be asked for a status.
  ! is_active basic.target || publish
}

# redirect_remove: after a stop. Where loading failed, what is loaded stays. "closed" keeps its rules while the system shuts
# down, so that what stops late does not send in plain text.
redirect_remove() {
  [ "${SERVICE_RESULT-success}" = success ] || return 0
  [ "${REDIRECT_ON_PROXY_FAILURE}" != closed ] || [ "$(systemctl is-system-running)" != stopping ] || return 0
  unload_all
  publish
}
