# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# The mesh layer: fetched, compared with its checksum, unpacked. The rest of the machine's files are here already.

# fail ID VALUES...: ends the run with a failure of failures.yaml, as mesh-machine does: on stderr, in status.json and, where it
# is news, on the console. Nothing of the layer stays.
fail() {
  local exit_code what meaning remedy
  rm -f "${layer}"
  describe_failure "$@"
  # Without what JSON would have to escape.
  what=$(printf %s "${what}" | tr '\n"\134' " '/" | tr -cd ' -~' | cut -c1-400)
  echo "mesh-machine: ${what}. It means: ${meaning}. To do: ${remedy}." >&2
  grep -qsF "${what}" "${run}/status.json" || echo "meshjoin: ${what}" >/dev/console || :
  cat >"${layer}" <<STATUS
{
  "version": 1,
  "updated": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "state": "joining",
  "spiffeId": "",
  "agent": {"unit": "inactive", "socket": false},
  "proxy": {"unit": "inactive", "ready": false},
  "certificate": {"expires": null, "refreshed": null},
  "redirect": {"unit": "inactive", "off": false, "second": false},
  "workload": null,
  "failure": {"id": "$1", "what": "${what}", "meaning": "${meaning}", "remedy": "${remedy}"},
  "undone": null
}
STATUS
  mv "${layer}" "${run}/status.json"
  exit "${exit_code}"
}

# fetch_layer: what is not all that it should be is not used. The address goes by stdin, since its query may be a secret and
# everybody reads command lines, and no message repeats it. Sets https_proxy.
fetch_layer() {
  local address error sum
  address=${LAYER_URL%%[?]*}
  [ -z "${LAYER_HTTP_PROXY-}" ] || export https_proxy="${LAYER_HTTP_PROXY}"
  error=$(echo "url=${LAYER_URL}" | curl -fsSL --proto =https --connect-timeout 10 -Y 1000 -y 30 --retry 4 \
    --retry-connrefused ${LAYER_CA_FILE:+--cacert "${LAYER_CA_FILE}"} -o "${layer}" -K - 2>&1) ||
    fail download "${address}" "${error}"
  sum=$(sha256sum <"${layer}" | cut -d' ' -f1)
  [ "${sum}" = "${LAYER_SHA256}" ] || fail checksum "${address}" "${sum}" "${LAYER_SHA256}"
  error=$(tar -xzpf "${layer}" -C / --no-same-owner etc usr 2>&1) || fail unpack "${address}" "${error}"
  sync
  # From here on there is nothing to fetch, also after a power cut.
  rm "${settings}" "${layer}"
}
