# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# A token is asked for when there is no identity yet, and once in five minutes: each that is given out is good for one join.

# has_fresh_token: whether one was asked for a short while ago.
has_fresh_token() { [ -n "$(find "${JOIN_TOKEN_FILE}" -mmin -5 2>/dev/null)" ]; }

# refuse_token REASON: "unable" is a word that the reason of a failure is looked for by.
refuse_token() {
  rm -f "${JOIN_TOKEN_FILE}.new"
  say "unable to join by ${JOIN_TOKEN_COMMAND}: $1"
  exit 1
}

# bring_token: into a file of the agent's alone; never into an argument, an environment or a log.
bring_token() {
  local code=0
  mkdir -p "${JOIN_TOKEN_FILE%/*}"
  umask 077
  if [ -e /var/lib/spire-agent/agent-data.json ]; then
    # With an identity the agent needs none, but refuses an empty file. Old, so that it is not taken for one.
    echo no-join-token-on-this-machine >"${JOIN_TOKEN_FILE}.new"
    touch -d @0 "${JOIN_TOKEN_FILE}.new"
  elif has_fresh_token; then
    return
  else
    timeout 60 "${JOIN_TOKEN_COMMAND}" >"${JOIN_TOKEN_FILE}.new" || code=$?
    [ "${code}" -eq 0 ] || refuse_token "it ended with ${code}"
    [ -s "${JOIN_TOKEN_FILE}.new" ] || refuse_token 'it printed nothing'
  fi
  chown "${AGENT_USER}:" "${JOIN_TOKEN_FILE}.new"
  mv -f "${JOIN_TOKEN_FILE}.new" "${JOIN_TOKEN_FILE}"
}
