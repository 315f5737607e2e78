# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC2317,SC3043
# What preparing and sealing have in common.

# stand_apart: notes of failures go into a folder that goes with this run, and none to a console, which with chroot is
# another machine's. Sets run and failure_file.
stand_apart() {
  run=$(mktemp -d)
  failure_file=${run}/failure
  write_console() { false; }
}

# enable_units: those that begin at the boot of an instance. Without machine.env they do nothing. Works with chroot.
enable_units() {
  local unit
  for unit in linkerd-mesh.target linkerd-redirect-early.service mesh-machine-join.timer; do
    [ ! -e "${units}/${unit}" ] || systemctl -q enable "${unit}"
  done
}
