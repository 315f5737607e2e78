# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# What has to be so before anything is changed.

# PACKAGES has, for what may be missing: commands or files of which one is enough, and its package of apt, dnf and zypper.
check_packages() {
  missing='' packages='' n=2
  for tool in apt-get dnf zypper ''; do ! has "${tool}" || break; n=$((n + 1)); done
  [ -n "${tool}" ] || n=1
  for entry in ${PACKAGES}; do
    for name in $(echo "${entry%%,*}" | tr '|' ' '); do
      if has "${name}" || [ -r "${name}" ]; then continue 2; fi
    done
    missing="${missing} ${entry%%[|,]*}" packages="${packages} $(echo "${entry}" | cut -d, -f"${n}")"
  done
  [ -z "${missing}" ] || fail 3 missing-packages "missing here:${missing}" 'nothing was changed' \
    "${tool:+${tool} }install${packages}"
}

check() {
  check_packages
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 249 ] ||
    fail 3 systemd 'systemd is older than 249' 'nothing was changed' 'use a newer release of the distribution'
  need_file "${etc}/mesh.env"
  need_file "${etc}/machine.env"
  for t in $(tables); do need_file "$(rules "${t}")"; done
  users check_user
  # What the rules of others do, what the kernel takes and what helps a resolver is the doctor's to say, where there is one.
  ! has mesh-machine-doctor || mesh-machine-doctor --before "${note}" || exit
  ! uses_resolved || uses_stub || fail 3 resolver '/etc/resolv.conf does not lead to the stub of systemd-resolved' \
    'names of the cluster would not be found' 'let it, see docs/machine.md; or mesh.dns.provider: none'
  refuse_ssh
}
