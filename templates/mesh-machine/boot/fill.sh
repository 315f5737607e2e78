# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Fills what was found into the machine's files.

# fill_script: of sed: @{...} is a value. Before a line "@not ADDRESS" keeps it where this machine has not that address, "@ipv4" and
# "@ipv6" where it has one of that family.
fill_script() {
  local family value
  for value in ${ipv4} ${ipv6}; do echo "/^@not ${value} /d"; done
  echo 's/^@not [^ ]* //'
  for family in ipv4 ipv6; do
    eval "value=\${${family}}"
    if [ -n "${value}" ]; then echo "s/^@${family} //;s/@{${family}}/${value}/g"; else echo "/^@${family} /d"; fi
  done
  echo "s/@{name}/${name}/g;s/@{addresses}/${addresses}/g"
}

# fill_files: each at one moment, with the mode of the file that it is made of. False where all were so already.
fill_files() {
  local from to sed changed=1
  sed=$(fill_script)
  for from in "${etc}"/*.in; do
    to=${from%.in}
    if [ -e "${to}" ] && [ "$(sed "${sed}" "${from}"; echo .)" = "$(cat "${to}"; echo .)" ]; then continue; fi
    changed=0
    (umask 077; sed "${sed}" "${from}" >"${to}.new")
    chmod --reference="${from}" "${to}.new"
    mv -f "${to}.new" "${to}"
  done
  return "${changed}"
}

# keep_workload SPIFFEID: what this machine is, for status.json and for the next boot. It is news for whoever tells the cluster.
keep_workload() {
  local json words
  json=$(printf '{"name": "%s", "namespace": "%s", "addresses": ["%s"], "spiffeId": "%s"}' \
    "${name}" "${NAMESPACE}" "$(echo "${addresses}" | sed 's/,/", "/')" "$1")
  [ "${json}" != "$(cat "${workload}" 2>/dev/null)" ] || return 0
  mkdir -p "${state}"
  printf '%s\n' "${json}" >"${workload}.new"
  mv -f "${workload}.new" "${workload}"
  words="tell the cluster: ExternalWorkload ${NAMESPACE}/${name}, addresses ${addresses}, SPIFFE ID $1"
  say "${words}"
  write_console "${words}" || :
}

# identity_to_be: the SPIFFE ID that will be filled in.
identity_to_be() { sed "$(fill_script)" "${etc}/machine.env.in" | sed -n "s/^LINKERD2_PROXY_IDENTITY_SERVER_ID='\(.*\)'\$/\1/p"; }

# restart_what_runs: with other files than at its start.
restart_what_runs() {
  systemctl --no-block try-restart linkerd-proxy
  systemctl --no-block try-reload-or-restart linkerd-redirect
} 2>/dev/null
