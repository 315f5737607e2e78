# shellcheck shell=sh disable=SC2046,SC2154,SC2310,SC2312,SC3043
# The files of a healthy machine, kept for a rollback.

# our_files ROOT: those of ours that were copied below it, and the links that say which version is in use.
our_files() {
  local file
  for file in "$1${units}"/linkerd-* "$1${units}"/mesh-machine-* "$1${units}/spire-agent.service" \
    "$1${etc}"/*.env* "$1${etc}"/redirect.[!d]* "$1${etc}/trust-anchors.pem" "$1${etc}"/res* \
    "$1/etc/spire/agent.json" "$1/etc/spire/bundle.pem" "$1/etc/systemd/network/00-linkerd-dns.network" \
    "$1${sysctl}" "$1/etc/sysusers.d/linkerd-mesh.conf" "$1"/opt/linkerd/[cp]* "$1"/opt/spire/[cp]* \
    "$1/usr/local/sbin"/mesh-machine* "$1${etc}/mesh-machine.conf"; do
    # An agent that is not ours has files of these names, too.
    case ${file#"$1"} in *spire*) [ -n "$1" ] || owns_agent || continue ;; *) ;; esac
    if [ -f "${file}" ] || [ -L "${file}" ]; then echo "${file}"; fi
  done
}

# checksums: of all of them.
checksums() { { sha256sum $(our_files ''); readlink $(our_files ''); } 2>/dev/null || :; }

# is_known_good: whether they are the last ones with which this machine was healthy.
is_known_good() { [ "$(checksums)" = "$(cat "${known_good}/.meshjoin" 2>/dev/null)" ]; }

# keep_known_good: for root alone. There is a whole set at any moment.
keep_known_good() {
  local folder new=1
  ! is_known_good || return 0
  [ "$(readlink "${known_good}")" != 1 ] || new=2
  folder=${known_good%/*}/${new}
  rm -rf "${folder}"
  mkdir -p "${folder}"
  chmod 700 "${known_good%/*}"
  cp -a --parents $(our_files '') "${folder}"
  checksums >"${folder}/.meshjoin"
  sync
  switch_current "${known_good%/*}" "${new}"
  rm -f "${state}/undone"
  prune
}
