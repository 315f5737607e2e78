# shellcheck shell=sh disable=SC2034,SC2153,SC2154,SC2310,SC2312,SC3043
# Whether the control plane answers: by the proxy's own numbers, and by dialling it.

# control_address SERVICE: HOST:PORT of destination or policy, as the document has it.
control_address() { case $1 in destination) echo "${CONTROL_PLANE% *}" ;; *) echo "${CONTROL_PLANE#* }" ;; esac; }

# dial_service ADDRESS: HOST:PORT; whether a connection comes about within 2 s. As the proxy's user, whom the redirect leaves alone; a name is
# asked of the machine's resolver.
dial_service() {
  local host="${1%:*}"
  host=${host#[}
  # In this order: without CAP_KILL nobody else may end what runs as that user. SC2016: bash has them as its arguments.
  # shellcheck disable=SC2016
  setpriv --reuid="${PROXY_UID}" --regid="${PROXY_UID}" --clear-groups \
    timeout 2 bash -c ': <"/dev/tcp/$0/$1"' "${host%]}" "${1##*:}" 2>/dev/null
}

# endpoints SERVICE: to how many addresses of that service the proxy is connected; nothing where it does not say: it is
# down, or a policy hides its numbers. Refused, it says 0 at once; where packets are dropped half a minute later.
endpoints() { query metrics | sed -n "s/^control_$1_balancer_endpoints{.*\"ready\".*} //p" | sort -n | tail -n 1; }

# answers_of SERVICE: true or false.
answers_of() { if dial_service "$(control_address "$1")" && [ "$(endpoints "$1")" != 0 ]; then echo true; else echo false; fi; }

# note_answers SERVICE ANSWER: since when, as JSON. Kept while the answer is the same.
note_answers() {
  grep -so "\"$1\": {\"answers\": $2,[^}]*}" "${run}/connected" ||
    echo "\"$1\": {\"answers\": $2, \"since\": $(utc now)}"
}

# look_at_control_plane: asks about both at once. Sets away, the services that do not answer, and connected, for the status.
look_at_control_plane() {
  local answers service
  answers=$(
    for service in destination policy; do echo "${service} $(answers_of "${service}")" & done
    wait
  )
  away=$(echo "${answers}" | sed -n 's/ false//p' | sort | paste -sd' ' -)
  connected="{$(echo "${answers}" | sort | while read -r service answer; do note_answers "${service}" "${answer}"; done | paste -sd, -)}"
}
