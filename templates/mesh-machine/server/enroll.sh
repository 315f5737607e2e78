# shellcheck shell=sh disable=SC2153,SC2154,SC2310,SC2312,SC3043
# Registers this machine at its own server. Run before each start of the agent, it does nothing where nothing is to be done.

# ask WORDS...: a command of spire-server, by its socket.
ask() { timeout 20 "${SERVER_PATH}" "$@" -socketPath /run/spire/server/api.sock; }

# is_up: whether the server answers.
is_up() { ask healthcheck >/dev/null 2>&1; }

# register_proxy: the entry as it is in the document.
register_proxy() {
  local said
  ask entry update -data /etc/spire/entries.json >/dev/null 2>&1 && return
  said=$(ask entry create -data /etc/spire/entries.json 2>&1) || fail no-server "$(last_words "${said}")"
}

# last_words TEXT: the line of it that says why.
last_words() { printf '%s\n' "$1" | grep . | tail -n 1; }

# has_svid: whether the agent has an identity that has not ended. It may come back with that alone.
has_svid() {
  [ -s "${agent_data}" ] || return 1
  tr -d ' \n' <"${agent_data}" | sed -n 's/.*"svid":\["\([^"]*\)".*/\1/p' | openssl base64 -d -A 2>/dev/null |
    openssl x509 -noout -checkend 60 >/dev/null 2>&1
}

# make_token: of one use, for the agent that is about to start. Nobody sees it: it goes from one program into a file of root's.
# Aliases of tokens before it are of no use to anybody.
make_token() {
  local id
  for id in $(ask entry show -spiffeID "${PARENT_ID}" 2>/dev/null | sed -n 's/^Entry ID *: *//p'); do
    ask entry delete -entryID "${id}" >/dev/null 2>&1 || :
  done
  rm -f "${JOIN_TOKEN_FILE}.new"
  (umask 077 && ask 'token' generate -ttl 600 -spiffeID "${PARENT_ID}" | sed -n 's/^Token: *//p' >"${JOIN_TOKEN_FILE}.new")
  [ -s "${JOIN_TOKEN_FILE}.new" ] || fail no-server 'it gives no join token'
  mv -f "${JOIN_TOKEN_FILE}.new" "${JOIN_TOKEN_FILE}"
  say 'made a join token for this machine'
}

# enroll: waits for the server, which starts beside it.
enroll() {
  if [ "${SERVER_INSTALL}" = download ]; then SERVER_PATH=/opt/spire-server/current/bin/spire-server; fi
  within 60 is_up || fail no-server "$(last_message spire-server 'level=error' nable)"
  mkdir -p "${run}"
  register_proxy
  if has_svid; then rm -f "${JOIN_TOKEN_FILE}"; else make_token; fi
}
