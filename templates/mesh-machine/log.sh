# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Words: on stderr, on the console, and the failure that ends a run.

# say WORDS...: a line on stderr.
say() { printf 'mesh-machine: %s\n' "$*" >&2 || :; }

# usage: the text at the top of the program, and the end.
usage() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# write_console TEXT: false where there is no console (units with PrivateDevices=); whoever has one says it.
write_console() { [ -c /dev/console ] && { printf 'meshjoin: %s\n' "$1" 2>/dev/null >/dev/console || :; }; }

# one_line TEXT: printable, and not too long. An agent's own ID ends in the join token that it came with: never repeat it.
one_line() { printf '%s' "$1" | tr '\n\t' '  ' | tr -cd ' -~' | sed 's|/join_token/[^ "]*|/join_token/...|g' | cut -c1-400; }

# json TEXT: one line of it as JSON.
json() { printf '"%s"' "$(one_line "$1" | sed 's/[\\"]/\\&/g')"; }

# fail ID VALUES...: ends the run with a failure of failures.yaml: on stderr, in a note for status.json and, where it is
# news, on the console. The program's trap on EXIT publishes the note.
fail() {
  local exit_code what meaning remedy
  describe_failure "$@"
  what=$(one_line "${what}")
  say "${what}. It means: ${meaning}. To do: ${remedy}."
  case ${exit_code} in [34]) say 'nothing that runs was changed' ;; *) ;; esac
  if is_root; then
    mkdir -p "${run}"
    [ "${exit_code}" -ne 3 ] || : >"${run}/refused"
    if [ "$(cat "${run}/said" 2>/dev/null)" != "${what}" ] && write_console "${what}"; then
      printf '%s' "${what}" >"${run}/said"
    fi
    printf '{"id": "%s", "what": %s, "meaning": %s, "remedy": %s}' \
      "$1" "$(json "${what}")" "$(json "${meaning}")" "$(json "${remedy}")" >"${failure_file}"
    failed=yes
  fi
  exit "${exit_code}"
}

# is_root: whether this runs as root.
is_root() { [ "$(id -u)" -eq 0 ]; }
