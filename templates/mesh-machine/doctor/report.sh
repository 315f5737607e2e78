# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Findings, for people and for programs.

# finding ID VALUES...: notes one of findings.yaml. Sets findings and told. Nothing that came with a join token is repeated.
finding() {
  local what cause evidence next
  describe_finding "$@"
  findings="${findings}${findings:+,}
    {\"id\": \"$1\", \"what\": $(json "${what}"), \"cause\": $(json "${cause}"),
      \"evidence\": $(json "${evidence:-none}"), \"next\": $(json "${next}")}"
  told="${told}$1: $(one_line "${what}")
  cause:    $(one_line "${cause}")
  evidence: $(one_line "${evidence:-none}")
  next:     $(one_line "${next}")
"
}

# unchecked WORDS: notes what could not be looked at, and why. Sets not_looked and left.
unchecked() {
  not_looked="${not_looked}${not_looked:+, }$(json "$1")"
  left="${left}not looked at: $1
"
}

# report [--json]: prints all of it. False where something is wrong.
report() {
  if [ "${1-}" = --json ]; then
    printf '{\n  "version": 1,\n  "updated": %s,\n  "spiffeId": %s,\n  "findings": [%s],\n  "unchecked": [%s]\n}\n' \
      "$(utc now)" "$(json "$(identity ID)")" "${findings}" "${not_looked}"
  else
    [ -n "${told}" ] || printf 'nothing is wrong with %s%s\n' "$(identity ID)" "${ends:+: its certificate ${ends}}"
    printf '%s%s' "${told}" "${left}"
  fi
  [ -z "${findings}" ]
}
