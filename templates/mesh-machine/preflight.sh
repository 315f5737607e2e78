# shellcheck shell=sh disable=SC2046,SC2153,SC2154,SC2310,SC2312,SC3043
# What has to be so before anything is changed.

# check_packages: PACKAGES has, for what may be missing, commands or files of which one is enough. mesh-machine-check knows the
# packages that have them.
check_packages() {
  local entry name missing=''
  for entry in ${PACKAGES}; do
    for name in $(echo "${entry}" | tr '|' ' '); do
      if has "${name}" || [ -r "${name}" ]; then continue 2; fi
    done
    missing="${missing} ${entry%%|*}"
  done
  # shellcheck disable=SC2086
  [ -z "${missing}" ] || fail missing-packages "${missing}" "$(optional mesh-machine-check --packages ${missing})"
}

# check_machine: refuses where something has to change first.
check_machine() {
  local table
  check_packages
  optional mesh-machine-boot
  optional mesh-machine-server
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 249 ] || fail systemd
  require_file "${etc}/mesh.env"
  require_file "${etc}/machine.env"
  for table in $(tables); do require_file "$(backend file "${table}")"; done
  for_each_user check_user
  # What the rules of others do, what the kernel takes and what helps a resolver is mesh-machine-check's to say, where there is one.
  optional mesh-machine-check --before "${failure_file}" || exit
  ! uses_resolved || uses_stub || fail resolver
  refuse_ssh
}
