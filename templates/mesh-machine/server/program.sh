# shellcheck shell=sh disable=SC2034,SC2086,SC2154,SC2310,SC2312,SC3043
# The program of the server, which the agent's archive has too.

# bring_server: beside the one in use, tried, then in use. What runs with other settings starts anew.
bring_server() {
  local error folder
  if [ "${SERVER_INSTALL}" = download ]; then
    install_binary SERVER /opt/spire-server bin/spire-server
    SERVER_PATH=/opt/spire-server/${SERVER_FOLDER}/bin/spire-server
  fi
  error=$(timeout 20 "${SERVER_PATH}" --version 2>&1) || fail server-cannot-run "${SERVER_PATH}" "${error}"
  [ "${SERVER_INSTALL}" = preinstalled ] || switch_current /opt/spire-server "${SERVER_FOLDER}"
  mkdir -p "${state}"
  restart_changed spire-server.service /etc/spire/server.json "${SERVER_PATH%/bin/*}/.meshjoin" "${CA_CERT_FILE}" "${CA_BUNDLE_FILE:-/dev/null}"
  for folder in /opt/spire-server/*/.meshjoin; do
    folder=${folder%/*}
    [ -L "${folder}" ] || [ "${folder##*/}" = "${SERVER_FOLDER-}" ] || rm -rf "${folder}"
  done
}

# remove_server: with its keys. What the operator put here stays.
remove_server() {
  systemctl stop mesh-machine-enroll.service spire-server.service 2>/dev/null || :
  rm -rf "${units}/spire-server.service" /etc/spire/server.json /etc/spire/entries.json "${server_state}" /run/spire/server /opt/spire-server
  systemctl daemon-reload
  systemctl reset-failed spire-server.service 2>/dev/null || :
  remove_user spire-server
  say "${CA_CERT_FILE} and ${CA_KEY_FILE} stay: you put them there"
}
