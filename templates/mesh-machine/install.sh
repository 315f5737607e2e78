# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Steps of joining, each of which does nothing where nothing is to be done.

# start_units: --no-block: cloud-init runs us, and nothing that waits for the boot may wait for us.
start_units() {
  local unit table
  optional mesh-machine-resolver apply
  systemctl daemon-reload
  for unit in linkerd-mesh.target linkerd-redirect-early.service; do
    [ ! -e "${units}/${unit}" ] || systemctl -q enable "${unit}"
  done
  restart_units
  systemctl --no-block start linkerd-mesh.target
  if files_changed rules $(for table in $(tables); do backend file "${table}"; done); then
    if redirect_is_active; then
      redirect_apply
      exec 9>&-
    fi
    remember_files
  fi
  ! is_active linkerd-redirect-assert.timer || systemctl --no-block start linkerd-redirect-assert
}

# bring_programs: users and binaries, of which nothing comes into use before all were tried.
bring_programs() {
  for_each_user replace_user
  systemd-sysusers /etc/sysusers.d/linkerd-mesh.conf
  for_each_user check_user
  for_each_binary install_binary
  try_binaries
  for_each_binary use_binary
}

# install_steps SECONDS: all of it, with so long to join. Nothing that runs is touched before everything is there and was
# tried.
install_steps() {
  check_machine
  rm -f "${run}/refused"
  mkdir -p "${state}"
  bring_programs
  verb_reserve
  # What failed before these steps does not any more.
  rm -f "${run}/failure"
  start_units
  publish
  { within "$1" is_settled && is_healthy; } || fail_with_reason
  keep_known_good
  stop_retrying
}

# start_retrying: whatever ends this run, another follows.
start_retrying() {
  systemctl daemon-reload
  systemctl -q enable mesh-machine-join.timer
  systemctl --no-block start mesh-machine-join.timer
}

# stop_retrying: this run has come to its end.
stop_retrying() {
  rm -f "${state}/upgrade"
  systemctl -q disable mesh-machine-join.timer
  systemctl --no-block stop mesh-machine-join.timer
  publish
}

# resume_upgrade: one that was cut short comes first.
resume_upgrade() { [ ! -e "${state}/upgrade" ] || exec "$0" upgrade; }

# verb_install: now, and again until joined.
verb_install() {
  lock 8 900 || fail locked
  resume_upgrade
  has_joined || start_retrying
  install_steps 150
  say "joined the mesh as $(identity ID)"
}

# verb_join: what the timer runs. A refusal waits for a person: again when a file has changed, or after five minutes.
verb_join() {
  local since
  lock 8 0 || return 0
  resume_upgrade
  if [ -e "${run}/refused" ]; then
    since=$(date -r "${run}/refused" +%s)
    if [ "$(date +%s)" -lt $((since + 300)) ] && [ "$(date -r "${etc}" +%s)" -le "${since}" ]; then return 0; fi
  fi
  install_steps 20
}
