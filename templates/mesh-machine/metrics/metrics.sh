# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What the status says, as the numbers of a file that the textfile collector of node_exporter reads.

# keep_metrics: writes them each half minute. Once this program or its settings are other ones, systemd starts it anew, by its
# exit status; once they are gone it ends.
keep_metrics() {
  local known missing=''
  known=$(own_files)
  trap 'rm -f "${metrics_file}" "${metrics_file}.new"; finish' EXIT
  while [ -e "$0" ]; do
    [ "$(own_files)" = "${known}" ] || exit 75
    publish
    if [ -d "${TEXTFILE_DIRECTORY}" ]; then
      # What was not there when the unit started it may not write to.
      [ -z "${missing}" ] || exit 75
      write_metrics
    elif [ -z "${missing}" ]; then
      say "${TEXTFILE_DIRECTORY} is missing: no numbers until it is there"
      missing=yes
    fi
    sleep 30 &
    wait "$!"
  done
}

# own_files: what this is, and what it was told.
own_files() { cat "$0" "${etc}/mesh-machine.conf" 2>/dev/null | sha256sum; }

# write_metrics: whole or not at all, and for everybody to read.
write_metrics() {
  print_metrics >"${metrics_file}.new"
  chmod 644 "${metrics_file}.new"
  mv -f "${metrics_file}.new" "${metrics_file}"
}

# print_metrics: of the status that was just published, and of the rules that the kernel has.
print_metrics() {
  local labels one word loaded=false fault=''
  labels="machine=\"$(workload_key external_workload)\",namespace=\"$(workload_key ns)\""
  word=$(sed -n 's/^ *"state": "\([a-z]*\)",$/\1/p' "${run}/status.json")
  describe state 'Whether the machine is in this state; one of them is 1.'
  for one in joined degraded joining refused; do
    echo "meshjoin_machine_state{${labels},state=\"${one}\"} $(digit [ "${one}" = "${word}" ])"
  done
  if redirect_is_active && ! redirect_is_off && ! find_rule_fault; then loaded=true; fi
  describe redirect_loaded 'Whether the kernel has all rules of the redirect.'
  echo "meshjoin_machine_redirect_loaded{${labels}} $(digit "${loaded}")"
  describe redirect_off 'Whether somebody has turned the redirect off.'
  echo "meshjoin_machine_redirect_off{${labels}} $(digit redirect_is_off)"
  describe certificate_expiration_timestamp_seconds "When the proxy's certificate ends; 0 without one."
  echo "meshjoin_machine_certificate_expiration_timestamp_seconds{${labels}} $(moment After)"
  describe certificate_refresh_timestamp_seconds "When the proxy's certificate was made; 0 without one."
  echo "meshjoin_machine_certificate_refresh_timestamp_seconds{${labels}} $(moment Before)"
  describe control_plane_connected 'Whether a service of the control plane answers; not there before the first look.'
  for one in destination policy; do
    word=$(sed -n "s/.*\"${one}\": {\"answers\": \([a-z]*\),.*/\1/p" "${run}/status.json")
    [ -z "${word}" ] || echo "meshjoin_machine_control_plane_connected{${labels},service=\"${one}\"} $(digit "${word}")"
  done
  describe failure 'What is the matter, by its name in docs/failures.md; not there where nothing is.'
  one=$(sed -n 's/^{"id": "\([a-z-]*\)".*/\1/p' "${run}/failure" 2>/dev/null || :)
  [ -z "${one}" ] || echo "meshjoin_machine_failure{${labels},id=\"${one}\"} 1"
  describe report_timestamp_seconds 'When this was written.'
  echo "meshjoin_machine_report_timestamp_seconds{${labels}} $(date +%s)"
}

# describe NAME WORDS: what a number is.
describe() {
  printf '# HELP meshjoin_machine_%s %s\n# TYPE meshjoin_machine_%s gauge\n' "$1" "$2" "$1"
}

# digit COMMAND...: 1 where it succeeds.
digit() { if "$@"; then echo 1; else echo 0; fi; }

# moment After|Before: of the certificate that was shown, in seconds.
moment() {
  local when
  when=$(dated "$1")
  if [ -n "${when}" ]; then date -d "${when}" +%s; else echo 0; fi
}
