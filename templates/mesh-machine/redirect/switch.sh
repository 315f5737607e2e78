# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# The verbs of the redirect.

redirect() {
  [ "$#" -eq 1 ] || [ "$1 $2" = 'up --confirm-within' ] || usage
  has "redirect_$1" || usage
  # systemd runs no ExecStop= of a unit that is stopped while it starts.
  [ "$1" != apply ] || trap 'redirect_remove; exit 143' TERM
  "redirect_$1" "${3-}"
}

redirect_up() {
  refuse_ssh
  end_trial
  if [ -n "$1" ]; then
    case $1 in *[!0-9]* | 0*) usage ;; *) ;; esac
    date -u >"${off}"
    # Each trial has a name of its own: one that is just ending still has its unit.
    systemd-run -q --collect --unit="linkerd-redirect-trial-$$" --on-active="$1" --timer-property=AccuracySec=1s /usr/local/sbin/mesh-machine redirect expire ||
      fail 1 trial 'systemd-run cannot set a timer' 'nothing was changed' 'see journalctl'
    echo $(($(seconds) + $1)) >"${run}/trial"
    say "off again in $1 s, unless \"mesh-machine redirect confirm\" comes first"
  else rm -f "${off}"; fi
  settle
  marked || say 'the rules load when the proxy is ready for the first time'
}

# Rules that are there change at once, whatever the units wait for.
settle() {
  if in_charge; then redirect_apply; else
    systemctl start linkerd-redirect ||
      fail 1 rules 'the rules do not load' 'mesh traffic goes in plain text' 'see journalctl -u linkerd-redirect'
    publish
  fi
}

redirect_confirm() {
  [ -e "${run}/trial" ] || fail 1 no-trial 'nothing is to be confirmed' 'nothing was changed' 'mesh-machine redirect up'
  rm -f "${off}"
  end_trial
  publish
}

end_trial() {
  rm -f "${run}/trial"
  systemctl stop 'linkerd-redirect-trial-*.timer' 2>/dev/null || :
}

# The switch first: no unit and no timer redirects from then on.
redirect_down() {
  date -u >"${off}"
  end_trial
  if in_charge; then redirect_apply; fi
  say 'off until "mesh-machine redirect up"'
  publish
}

redirect_expire() { [ ! -e "${run}/trial" ] || { say 'nobody has confirmed'; redirect_down; }; }

redirect_apply() {
  disabled || refuse_ssh
  lock_rules
  for t in $(tables); do load "${t}"; done
  # What an earlier document had elsewhere.
  for t in iptables ip6tables nft; do case " $(tables) " in *" ${t} "*) ;; *) unload_table "${t}" ;; esac; done
  : >"${run}/loaded"
  report_saved
  # Before the network is up nobody can be asked for a status.
  if active basic.target; then publish; fi
}

# "closed" keeps its rules while the system shuts down, so that what stops late does not send in plain text.
redirect_remove() {
  [ "${REDIRECT_ON_PROXY_FAILURE}" != closed ] || [ "$(systemctl is-system-running)" != stopping ] || return 0
  unload
  publish
}

redirect_check() { part doctor "copy it and ${etc}/redirect.probes here from the target systemd"; }

# Programs that user-data for a platform with little room leaves out.
part() {
  has "mesh-machine-$1" || fail 3 no-program "mesh-machine-$1 is not on this machine" 'user-data for EC2 leaves it out' "$2"
  exec "mesh-machine-$1"
}
