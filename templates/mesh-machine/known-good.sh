# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# The files of a machine that is well, kept to go back to.

# files ROOT: those of ours that were copied below it, and the links that say which version is in use
files() {
  for f in "$1${units}"/linkerd-* "$1${units}"/mesh-machine-* "$1${units}/spire-agent.service" "$1${etc}"/*.env "$1${etc}"/redirect.[!d]* \
    "$1${etc}/trust-anchors.pem" "$1/etc/spire/agent.json" "$1/etc/spire/bundle.pem" "$1${etc}/resolved.conf" "$1/etc/systemd/network/00-linkerd-dns.network" "$1${sysctl}" "$1/etc/sysusers.d/linkerd-mesh.conf" \
    "$1"/opt/linkerd/[cp]* "$1"/opt/spire/[cp]* "$1/usr/local/sbin"/mesh-machine* "$1${etc}/mesh-machine.conf"; do
    # An agent that is not ours has files of these names, too.
    case ${f#"$1"} in *spire*) [ -n "$1" ] || managed || continue ;; *) ;; esac
    if [ -f "${f}" ] || [ -L "${f}" ]; then echo "${f}"; fi
  done
}

sums() { { sha256sum $(files ''); readlink $(files ''); } 2>/dev/null || :; }

same() { [ "$(sums)" = "$(cat "${good}/.meshjoin" 2>/dev/null)" ]; }

# Keeps what a machine that is well has, for root alone. There is a whole set at any moment.
keep() {
  ! same || return 0
  new=1
  [ "$(readlink "${good}")" != 1 ] || new=2
  folder=${state}/good/${new}
  rm -rf "${folder}"
  mkdir -p "${folder}"
  chmod 700 "${state}/good"
  cp -a --parents $(files '') "${folder}"
  sums >"${folder}/.meshjoin"
  sync
  point "${state}/good" "${new}"
  rm -f "${state}/undone"
  prune
}

upgrade() { part upgrade 'that comes with the files to upgrade to'; }
