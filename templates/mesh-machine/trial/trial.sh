# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# On until nobody confirms it. What ends a trial is in mesh-machine: the off switch, its timer, and leaving.

# trial_up SECONDS: on disk the switch says off, so that whatever ends this, a reboot included, ends it off.
trial_up() {
  case $1 in *[!0-9]* | 0* | '') usage ;; *) ;; esac
  refuse_ssh
  end_trial
  date -u >"${off}"
  # Each trial has a name of its own: one that is just ending still has its unit.
  systemd-run -q --collect --unit="linkerd-redirect-trial-$$" --on-active="$1" \
    --timer-property=AccuracySec=1s /usr/local/sbin/mesh-machine-trial expire || fail trial
  echo $(($(seconds) + $1)) >"${run}/trial"
  say "off again in $1 s without \"mesh-machine redirect confirm\""
  switch_on
}

# trial_expire: what its timer runs.
trial_expire() { [ ! -e "${run}/trial" ] || { say 'nobody has confirmed'; redirect_down; }; }

# trial_overdue: what the other timer runs, for one that was lost.
trial_overdue() { [ "$(seconds)" -le "$(($(cat "${run}/trial" || echo 0) + 5))" ] || trial_expire; }

# trial_confirm: what is on trial stays.
trial_confirm() {
  [ -e "${run}/trial" ] || fail no-trial
  rm -f "${off}"
  end_trial
  publish
}
