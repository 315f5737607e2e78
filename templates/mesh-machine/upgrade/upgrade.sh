# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Applies the files that were copied here, or rolls back to the last known-good ones.

# use_new_files: begun, it goes on until it is at its end or undone. Sets before, what a restart is handed to.
use_new_files() {
  lock 8 900 || fail locked
  [ -e "${known_good}/.meshjoin" ] || fail no-known-good
  if [ ! -e "${state}/upgrade" ]; then
    if is_known_good; then
      say 'these files are in use: nothing to do'
      return
    fi
    echo forward >"${state}/upgrade"
    rm -f "${state}/undone"
  fi
  failure_file=${state}/undone
  # Whoever started it may have gone.
  trap '' HUP PIPE
  trap roll_back EXIT
  start_retrying
  grep -q forward "${state}/upgrade"
  detach='' before=drained
  optional mesh-machine-drain upgrade
  install_steps 30
  trap - EXIT
  say "in use: proxy ${PROXY_VERSION}, SPIRE agent ${AGENT_VERSION:-as before}"
}

# roll_back: however an upgrade ends before its end. Sets wait: nobody waits for connections then. Begun, this goes on until it is done, after a reboot as well.
roll_back() {
  local file target
  trap - EXIT
  [ -z "${work}" ] || rm -rf "${work}"
  [ -e "${failure_file}" ] || (fail cut-short) || :
  say 'rolling back to the known-good files'
  echo back >"${state}/upgrade"
  # Not this program, which goes on with it after a reboot.
  for file in $(our_files '' | grep -v mesh-machine-upgrade); do
    [ -e "${known_good}${file}" ] || [ -L "${known_good}${file}" ] || rm -f "${file}"
  done
  for file in $(our_files "${known_good}"); do
    target=${file#"${known_good}"}
    mkdir -p "${target%/*}"
    rm -f "${target}.back"
    cp -a "${file}" "${target}.back"
    mv -fT "${target}.back" "${target}"
  done
  sync
  load_configuration
  detach='' wait=0
  start_units
  failure_file=${run}/failure
  within 60 is_healthy || (fail_with_reason) || :
  prune
  stop_retrying
  [ -e "${known_good}$0" ] || rm -f "$0"
  say 'rolled back: all is as before'
  exit 7
}
