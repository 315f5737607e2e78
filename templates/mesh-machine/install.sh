# shellcheck shell=sh disable=SC2034,SC2046,SC2086,SC2153,SC2154,SC2310,SC2312
# Steps of joining, each of which does nothing where nothing is to be done.

# changed NAME FILE...: whether the files are others than at the last changed_done.
changed() {
  change=${state}/$1.sum
  shift
  change_now=$(cat "$@" 2>/dev/null | sha256sum)
  [ "${change_now}" != "$(cat "${change}" 2>/dev/null)" ]
}

changed_done() { printf '%s\n' "${change_now}" >"${change}"; }

# restart UNIT FILE...: where these files or its own are others than at its last start. An upgrade waits until that has
# gone well or not, for as long as systemd gives the unit to stop and to start.
restart() {
  unit=$1
  shift
  [ -e "${units}/${unit}" ] || return 0
  changed "${unit}" "${units}/${unit}" "$@" || return 0
  systemctl ${detach} try-restart "${unit}" || :
  changed_done
}

# --no-block: cloud-init runs us, and nothing that waits for the boot may wait for us.
start() {
  [ -e "${units}/linkerd-dns.service" ] || systemctl stop linkerd-dns-link linkerd-dns 2>/dev/null || :
  systemctl daemon-reload
  for u in linkerd-mesh.target linkerd-redirect-early.service; do [ ! -e "${units}/${u}" ] || systemctl -q enable "${u}"; done
  if managed; then restart spire-agent.service "$(agent_path)" /etc/spire/agent.json; fi
  restart linkerd-proxy.service "$(proxy_path)" "${etc}"/*.env
  restart linkerd-redirect-watch.service /usr/local/sbin/mesh-machine "${etc}/mesh-machine.conf"
  restart linkerd-dns.service "${etc}/resolved.conf"
  for u in linkerd-dns-link.service linkerd-mesh-routes.service linkerd-proxy-resolver.path linkerd-redirect-assert.timer; do restart "${u}"; done
  systemctl --no-block start linkerd-mesh.target
  if changed rules $(for t in $(tables); do rules "${t}"; done); then
    if in_charge; then
      redirect_apply
      exec 9>&-
    fi
    changed_done
  fi
  if active linkerd-redirect-assert.timer; then systemctl --no-block start linkerd-redirect-assert; fi
}

steps() { # SECONDS to wait for the join
  check
  rm -f "${run}/refused"
  mkdir -p "${state}"
  users renumber
  systemd-sysusers /etc/sysusers.d/linkerd-mesh.conf
  users check_user
  # Nothing that runs is touched before everything is there and was tried.
  each install_binary
  try_binaries
  each flip
  reserve
  # What failed before these steps does not any more.
  rm -f "${run}/failure"
  start
  publish
  { within "$1" settled && healthy; } || explain
  keep
  disarm
}

# Whatever ends this run, another follows.
arm() {
  systemctl daemon-reload
  systemctl -q enable mesh-machine-join.timer
  systemctl --no-block start mesh-machine-join.timer
}

disarm() {
  rm -f "${state}/upgrade"
  systemctl -q disable mesh-machine-join.timer
  systemctl --no-block stop mesh-machine-join.timer
  publish
}

install() {
  lock 8 900 || busy
  go_on
  marked || arm
  steps 150
  say "joined the mesh as $(server ID)"
}

# An upgrade that was cut short comes first.
go_on() { [ ! -e "${state}/upgrade" ] || exec "$0" upgrade; }

# What the timer runs. A refusal waits for a person: again when a file has changed, or after five minutes.
join() {
  lock 8 0 || return 0
  go_on
  if [ -e "${run}/refused" ]; then
    at=$(date -r "${run}/refused" +%s)
    if [ "$(date +%s)" -lt $((at + 300)) ] && [ "$(date -r "${etc}" +%s)" -le "${at}" ]; then return 0; fi
  fi
  steps 20
}
