# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Findings, for people and for programs. Parts look side by side, and each prints what it finds as lines of fields.

# note RANK KIND TEXT...: one line, a tab between the fields. Nothing that came with a join token is repeated.
note() {
  local field line="$1"
  shift
  for field; do line="${line}	$(one_line "${field}")"; done
  printf '%s\n' "${line}"
}

# finding ID VALUES...: notes one of findings/.
finding() {
  local rank what cause evidence next
  describe_finding "$@"
  note "${rank}" "$1" "${what}" "${cause}" "${evidence:-none}" "${next}"
}

# unchecked WORDS: notes what could not be looked at, and why.
unchecked() { note 900 - "$1"; }

# lasts WORDS: notes when the certificate ends, for a machine with which nothing is wrong.
lasts() { note 0 . "$1"; }

# report NOTES [--json]: prints all of them, by their ranks. False where something is wrong.
report() {
  local notes
  notes=$(printf '%s\n' "$1" | sort -s -n -k 1,1)
  if [ "${2-}" = --json ]; then print_json; else print_text; fi
  ! printf '%s\n' "${notes}" | grep -q '^[1-8]'
}

# print_text: notes, for people.
print_text() {
  local ends rank id what cause known next
  ends=$(printf '%s\n' "${notes}" | sed -n 's/^0	.	//p')
  printf '%s\n' "${notes}" | grep -q '^[1-8]' ||
    printf 'nothing is wrong with %s%s\n' "$(identity ID)" "${ends:+: its certificate ${ends}}"
  printf '%s\n' "${notes}" | while IFS='	' read -r rank id what cause known next; do
    case ${rank} in
      '' | 0) ;;
      900) printf 'not looked at: %s\n' "${what}" ;;
      *) printf '%s: %s\n  cause:    %s\n  evidence: %s\n  next:     %s\n' "${id}" "${what}" "${cause}" "${known}" "${next}" ;;
    esac
  done
}

# print_json: the same for programs.
print_json() {
  printf '{\n  "version": 1,\n  "updated": %s,\n  "spiffeId": %s,\n  "findings": [%s],\n  "unchecked": [%s]\n}\n' \
    "$(utc now)" "$(json "$(identity ID)")" "$(json_findings)" "$(json_unchecked)"
}

# json_findings: those of notes, a line each.
json_findings() {
  local rank id what cause known next
  printf '%s\n' "${notes}" | grep '^[1-8]' | while IFS='	' read -r rank id what cause known next; do
    printf '\n    {"id": "%s", "what": %s, "cause": %s, "evidence": %s, "next": %s},' \
      "${id}" "$(json "${what}")" "$(json "${cause}")" "$(json "${known}")" "$(json "${next}")"
  done | sed '$s/,$//'
}

# json_unchecked: what those of notes say.
json_unchecked() {
  local rank id what
  printf '%s\n' "${notes}" | grep '^900' | while IFS='	' read -r rank id what; do printf '%s, ' "$(json "${what}")"; done | sed 's/, $//'
}
