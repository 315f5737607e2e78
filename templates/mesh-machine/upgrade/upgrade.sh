# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# To the files that were copied here, or back to those with which this machine was well.

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
