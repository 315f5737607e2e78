# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Loads the rules, compares them, takes them away.

# lock_rules: waits for whoever changes them.
lock_rules() { lock 9 30 || fail locked; }

# redirect_is_off: on trial the rules are loaded although the switch says off: whatever ends the trial, a reboot included,
# they are off.
redirect_is_off() { [ -e "${off}" ] && [ ! -e "${run}/trial" ]; }

# redirect_is_active: whether systemd has it loaded. Not what the kernel has.
redirect_is_active() { is_active linkerd-redirect || is_active linkerd-redirect-early; }

# wanted_rules TABLE: those of its file, or what stands in for them.
wanted_rules() { if redirect_is_off; then backend switch_off "$1"; else cat; fi <"$(backend file "$1")"; }

# rule_fault TABLE: prints what is wrong with what is loaded; false where nothing is. Listings are compared with listings:
# they are in other words than what was loaded.
rule_fault() {
  local listed
  listed=$(backend list "$1")
  if [ -z "${listed}" ]; then
    echo 'not loaded'
  elif [ "${listed}" != "$(cat "${run}/$1" 2>/dev/null)" ]; then
    echo 'not as loaded'
  elif [ "$(wanted_rules "$1" | sha256sum)" != "$(cat "${run}/$1.sum")" ]; then
    echo 'older than its file'
  elif ! yields && ! backend is_first "$1"; then
    echo 'not first'
  else return 1; fi
}

# find_rule_fault: whether any table has one. Sets fault.
find_rule_fault() {
  local table
  for table in $(tables); do
    if fault=$(rule_fault "${table}"); then
      fault="${table}: ${fault}"
      return
    fi
  done
  return 1
}

# yields: whoever takes it back five times, with less than half an hour between (Calico's Felix), has it for so
# long. Ours decide all the same about what comes to them.
yields() { [ -n "$(sed -n 5p "${run}/lost" 2>/dev/null)" ]; }

# load_table TABLE: one transaction: killed at any point, the kernel has the old rules or the new ones.
load_table() {
  local error
  backend prepare "$1"
  wanted_rules "$1" | backend compose "$1" >"${run}/load"
  error=$($(backend loader "$1") "${run}/load" 2>&1) || fail rules-not-loaded "$1" "${error}"
  backend list "$1" >"${run}/$1"
  wanted_rules "$1" | sha256sum >"${run}/$1.sum"
}

# unload_table TABLE: takes rules of ours away, where it has any.
unload_table() {
  rm -f "${run}/$1" "${run}/$1.sum"
  [ -z "$(backend list "$1")" ] || backend unload "$1"
}

# unload_all: wherever rules of ours may be.
unload_all() {
  local table
  lock_rules
  rm -f "${run}/loaded"
  for table in $(all_tables); do unload_table "${table}"; done
}

# end_trial: by its mark and its timer.
end_trial() {
  rm -f "${run}/trial"
  systemctl stop 'linkerd-redirect-trial-*.timer' 2>/dev/null || :
}
