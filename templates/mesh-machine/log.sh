# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Words: on stderr, on the console, and the failure that ends a run.

say() { printf 'mesh-machine: %s\n' "$*" >&2 || :; }

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# Units with PrivateDevices= have no console: false there, and whoever has one says it.
console() { [ -c /dev/console ] && { printf 'meshjoin: %s\n' "$1" 2>/dev/null >/dev/console || :; }; }

# One printable line. An agent's own ID ends in the join token that it came with: never repeat it.
clean() { printf '%s' "$1" | tr '\n\t' '  ' | tr -cd ' -~' | sed 's|/join_token/[^ "]*|/join_token/...|g' | cut -c1-400; }

json() { printf '"%s"' "$(clean "$1" | sed 's/[\\"]/\\&/g')"; }

# fail STATUS ID WHAT MEANING REMEDY: on stderr, in status.json and, where it is news, on the console. What made an
# upgrade fail is noted elsewhere, since the machine may be well again by the time that somebody asks.
fail() {
  text=$(clean "$3")
  say "${text}. It means: $4. To do: $5."
  if is_root; then
    mkdir -p "${run}"
    [ "$1" -ne 3 ] || : >"${run}/refused"
    if [ "$(cat "${run}/said" 2>/dev/null)" != "${text}" ] && console "${text}"; then printf '%s' "${text}" >"${run}/said"; fi
    printf '{"id": "%s", "what": %s, "meaning": %s, "remedy": %s}' \
      "$2" "$(json "${text}")" "$(json "$4")" "$(json "$5")" >"${note}"
    publish
  fi
  exit "$1"
}
