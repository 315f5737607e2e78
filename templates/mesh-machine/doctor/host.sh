# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What is the matter with the machine itself, whether it has joined or not?

# look_at_clock: containers have the clock of their host.
look_at_clock() {
  local said
  ! systemd-detect-virt -qc || return 0
  said=$(timeout 3 timedatectl show -p NTP -p NTPSynchronized 2>/dev/null | tr '\n' ' ') || :
  case ${said} in
    *NTPSynchronized=no*) finding clock-unsynchronised "timedatectl: ${said% }" ;;
    *) ;;
  esac
}
