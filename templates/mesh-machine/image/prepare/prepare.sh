# shellcheck shell=sh disable=SC1090,SC2034,SC2154,SC2310,SC2312,SC2317,SC3043
# Brings the mesh layer into a system that will be an image.

# refuse_identity: clones of a machine that is somebody would all be that one.
refuse_identity() {
  local file found=''
  for file in "${etc}/machine.env" "${etc}/boot.env" "${state}" $(! owns_agent || echo /var/lib/spire-agent); do
    [ ! -e "${file}" ] || found="${found} ${file}"
  done
  [ -z "${found}" ] || fail has-identity "${found}"
}

# check_files: whether each is here as it was generated. A checkout or a copy may have changed line ends.
check_files() {
  local mode sum path
  while read -r mode sum path; do
    [ "$(checksum "${overlay}${path}" 2>/dev/null)" = "${sum}" ] || fail layer-changed "${overlay}${path}"
  done <"${manifest}"
}

# place_files: those that are not in their places yet, and what the way here did to modes and owners.
place_files() {
  local mode sum path
  while read -r mode sum path; do
    if [ "$(checksum "${path}" 2>/dev/null)" != "${sum}" ]; then
      mkdir -p "${path%/*}"
      install -m 600 "${overlay}${path}" "${path}.new"
      mv -fT "${path}.new" "${path}"
    fi
    [ "$(stat -c %u:%g "${path}")" = 0:0 ] || chown 0:0 "${path}"
    [ "$(stat -c %a "${path}")" = "${mode}" ] || chmod "${mode}" "${path}"
    if has restorecon; then restorecon -F "${path}" || :; fi
  done <"${manifest}"
}

# remove_others: files of ours that another layer has left here.
remove_others() {
  local file
  for file in $(our_files '' | grep -v '^/opt'); do
    ! grep -q " ${file}\$" "${manifest}" || continue
    case ${file} in "${units}"/*) systemctl -q disable "${file##*/}" 2>/dev/null || : ;; *) ;; esac
    rm -f "${file}"
  done
}

# missing_names: the commands and files that check_packages misses, whose failure is not one here yet.
missing_names() {
  (
    fail() { echo "$2"; }
    check_packages
  )
}

# install_packages: those of what is missing.
install_packages() {
  local missing command
  missing=$(missing_names)
  [ -n "${missing}" ] || return 0
  # Names of commands: a word each.
  # shellcheck disable=SC2086
  command=$(name_packages ${missing})
  case ${command} in
    ': apt-get '*)
      export DEBIAN_FRONTEND=noninteractive
      apt-get -q update >&2 || :
      command="apt-get -q -y ${command#* * }"
      ;;
    ': dnf '*) command="dnf -q -y ${command#* * }" ;;
    ': zypper '*) command="zypper -q -n ${command#* * }" ;;
    *) ;;
  esac
  if [ -n "${command}" ]; then
    say "${command}"
    # The command and the names of packages: a word each.
    # shellcheck disable=SC2086
    ${command} >&2 || :
  fi
  missing=$(missing_names)
  # shellcheck disable=SC2086
  [ -z "${missing}" ] || fail missing-packages "${missing}" "$(name_packages ${missing})"
}

# prepare_image: nothing is changed before everything is there that can be known.
prepare_image() {
  check_files
  . "${overlay}${etc}/mesh-machine.conf"
  refuse_identity
  [ "$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')" -ge 249 ] || fail systemd
  for_each_user check_user
  install_packages
  place_files
  remove_others
  bring_programs
  enable_units
  sync
}
