# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# What is new since the last look, for the journal.

# report_changes: what is found now and was not then, and what was found then and is no more. Its memory goes with the machine's
# power: after a boot everything is new.
report_changes() {
  local before rank id what cause known next
  before=$(cat "${run}/doctor" 2>/dev/null) || :
  printf '%s\n' "${notes}" | grep '^[1-8]' | sort -n | while IFS='	' read -r rank id what cause known next; do
    printf '%s\n' "${before}" | grep -qxF "${id}: ${what}" ||
      say "found ${id}: ${what}. Cause: ${cause}. Evidence: ${known}. Next: ${next}"
  done
  printf '%s\n' "${notes}" | sed -n '/^[1-8]/s/^[0-9]*	\([^	]*\)	\([^	]*\)	.*/\1: \2/p' >"${run}/doctor.new"
  [ -z "${before}" ] || printf '%s\n' "${before}" | grep -vxF -f "${run}/doctor.new" | while read -r what; do say "gone ${what}"; done
  mv -f "${run}/doctor.new" "${run}/doctor"
}
