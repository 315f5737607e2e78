#!/bin/sh
# mesh-machine-upgrade: takes the files that were copied here into use, or goes back to those with which this machine was
# well. "mesh-machine upgrade" calls it. By meshjoin; see docs/machine.md.
#
# Exit: 0 in use, 2 usage, 3 refused, 7 undone

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine

upgrade() {
  lock 8 900 || busy
  [ -e "${good}/.meshjoin" ] || fail 3 never-well 'there is no state to go back to' 'nothing was changed' 'mesh-machine install'
  if [ ! -e "${state}/upgrade" ]; then
    if same; then
      say 'these files are in use: nothing to do'
      return
    fi
    echo forward >"${state}/upgrade"
    rm -f "${state}/undone"
  fi
  note=${state}/undone
  # Whoever started it may have gone.
  trap '' HUP PIPE
  trap back EXIT
  arm
  grep -q forward "${state}/upgrade"
  detach=''
  steps 30
  trap - EXIT
  say "in use: proxy ${PROXY_VERSION}, SPIRE agent ${AGENT_VERSION:-as before}"
}

# However an upgrade ends before its end. Begun, this goes on until it is done, after a reboot as well.
back() {
  trap - EXIT
  [ -z "${work}" ] || rm -rf "${work}"
  [ -e "${note}" ] || (fail 7 cut-short 'the upgrade was cut short' 'nothing was changed' 'copy the new files again') || :
  say 'going back to the old files'
  echo back >"${state}/upgrade"
  # Not this program, which goes on with it after a reboot.
  for f in $(files '' | grep -v mesh-machine-upgrade); do [ -e "${good}${f}" ] || [ -L "${good}${f}" ] || rm -f "${f}"; done
  for f in $(files "${good}"); do
    to=${f#"${good}"}
    mkdir -p "${to%/*}"
    rm -f "${to}.back"
    cp -a "${f}" "${to}.back"
    mv -fT "${to}.back" "${to}"
  done
  sync
  load_conf
  detach=''
  start
  note=${run}/failure
  within 60 healthy || (explain) || :
  prune
  disarm
  [ -e "${good}$0" ] || rm -f "$0"
  say 'all is as before'
  exit 7
}

trap '[ -z "${work}" ] || rm -rf "${work}"' EXIT
trap 'exit 143' TERM INT HUP
[ "$#" -eq 0 ] || usage
is_root || fail 2 root 'this is for root' 'nothing was changed' 'use sudo'
load_conf
upgrade
