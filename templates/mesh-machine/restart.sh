# shellcheck shell=sh disable=SC2034,SC2086,SC2154,SC2310,SC2312,SC3043
# Restarts what has other files than at its last start.

# files_changed NAME FILE...: whether they are others than at the last remember_files. Sets sum_file and sum.
files_changed() {
  sum_file=${state}/$1.sum
  shift
  sum=$(cat "$@" 2>/dev/null | sha256sum)
  [ "${sum}" != "$(cat "${sum_file}" 2>/dev/null)" ]
}

# remember_files: those of the last files_changed.
remember_files() { printf '%s\n' "${sum}" >"${sum_file}"; }

# restart_changed UNIT FILE...: where these files or its own are others than at its last start. An upgrade waits until
# that has gone well or not, for as long as systemd gives the unit to stop and to start.
restart_changed() {
  local unit="$1"
  shift
  [ -e "${units}/${unit}" ] || return 0
  files_changed "${unit}" "${units}/${unit}" "$@" || return 0
  ${before-} systemctl ${detach} try-restart "${unit}" || :
  remember_files
}
