# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What must be gone before a disk is captured.

# refuse_running: what runs would write its state again.
refuse_running() {
  local unit pid program list='' found=''
  for unit in $(our_files '' | sed -n "s|^${units}/||p"); do
    # By its word: with chroot there is none, whatever the status.
    case $(systemctl is-active "${unit}" 2>/dev/null) in
      active | activating | deactivating | reloading) list="${list} ${unit}" ;;
      *) ;;
    esac
  done
  [ -z "${list}" ] || fail still-running "${list}" "systemctl stop${list}"
  for pid in /proc/[0-9]*; do
    program=$(readlink "${pid}/exe" 2>/dev/null) || continue
    case ${program} in
      /opt/linkerd/* | /opt/spire/*) ;;
      *) continue ;;
    esac
    # Not those of the system around a chroot.
    [ "$(stat -Lc %d:%i "${pid}/root" 2>/dev/null)" = "$(stat -Lc %d:%i /)" ] || continue
    list="${list} ${pid##*/}" found="${found} ${program}"
  done
  [ -z "${list}" ] || fail still-running "${found}" "kill${list}"
}

# forget_identity: who this machine was in the mesh. A join token is for one machine.
forget_identity() {
  rm -rf "${etc}/machine.env" "${etc}/boot.env" "${etc}"/*.in "${etc}"/redirect.* "${state}" /run/mesh-machine /run/linkerd-proxy
  ! owns_agent || rm -rf /var/lib/spire-agent /run/spire/agent
  [ -z "${JOIN_TOKEN_FILE}" ] || rm -f "${JOIN_TOKEN_FILE}"
}

# forget_boot: what cloud-init keeps of an instance, and the user-data that it came with.
forget_boot() {
  local error
  if has cloud-init; then
    error=$(cloud-init clean --logs --seed 2>&1) || fail not-sealed 'cloud-init clean' "${error}"
    rm -f /var/log/cloud-init.log /var/log/cloud-init-output.log
  fi
}

# forget_machine: what tells this system from others. Not "uninitialized" and not a missing file: the first boot would enable units
# that somebody has disabled in the image.
forget_machine() {
  local file
  journalctl --relinquish-var >/dev/null 2>&1 || :
  rm -rf /var/log/journal/*
  : >/etc/machine-id
  [ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
  # Its end writes it once more.
  systemctl stop systemd-random-seed 2>/dev/null || :
  rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
  for file in /boot/loader /boot/efi/loader /efi/loader; do rm -f "${file}/random-seed"; done
}

# forget_host_keys: where something makes new ones at the next boot. Without keys sshd would let nobody in.
forget_host_keys() {
  if has cloud-init && [ ! -e /etc/cloud/cloud-init.disabled ]; then
    rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  elif [ -e /etc/ssh/sshd_config ]; then
    say "the host keys of SSH stay, since without cloud-init nothing here makes new ones: instances share them until you replace them"
  fi
}

# seal_image: the units of a machine that had joined are those of an image again.
seal_image() {
  refuse_running
  forget_identity
  enable_units
  forget_boot
  forget_host_keys
  forget_machine
  sync
}
