# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Programs, units and ports: can what should run do so?

# look_at_programs: the proxy and the agent in use; before, those that were there already.
look_at_programs() {
  if [ "${PROXY_FROM}" = preinstalled ] || [ "${when}" = after ]; then look_at_program "$(proxy_path)"; fi
  ! owns_agent || if [ "${AGENT_INSTALL}" = preinstalled ] || [ "${when}" = after ]; then look_at_program "$(agent_path)"; fi
}

# look_at_program FILE: is it there, for this processor and this glibc, and what was downloaded?
look_at_program() {
  local found needed there sums
  if [ ! -x "$1" ]; then
    finding program-missing "$1"
    return
  fi
  found=$(elf_machine "$1")
  case $(uname -m):${found} in x86_64:62 | aarch64:183 | *:) ;; *)
    finding wrong-architecture "$1" "${found}" "$(uname -m)"
    return
    ;;
  esac
  there=$(getconf GNU_LIBC_VERSION 2>/dev/null | tr -cd '0-9.') || :
  needed=$(grep -aoE 'GLIBC_2\.[0-9]+' "$1" | sort -uV | tail -n 1) || :
  if [ -n "${needed}" ] && [ -n "${there}" ] && [ "$(printf '%s\n' "${needed#*_}" "${there}" | sort -V | tail -n 1)" != "${there}" ]; then
    finding glibc-too-old "$1" "${needed}" "glibc ${there}"
  fi
  # The archive's checksum, then the program's.
  sums=$(cat "${1%/bin/*}/.meshjoin" "${1%/*}/.meshjoin" 2>/dev/null) || :
  found=$(checksum "$1")
  [ -z "${sums}" ] || printf '%s\n' "${sums}" | grep -qx "${found}" ||
    finding program-changed "$1" "${found}" "$(printf '%s\n' "${sums}" | tail -n 1)"
}

# elf_machine FILE: e_machine of its header; nothing for what is no ELF.
elf_machine() {
  case $(od -An -tx1 -N4 "$1" | tr -d ' ') in 7f454c46) od -An -tu2 -j18 -N2 "$1" | tr -d ' ' ;; *) ;; esac
}

# look_at_units: all of ours.
look_at_units() {
  local unit state
  for unit in $(our_units); do
    case $(property "${unit}" LoadState) in
      loaded) ;;
      *) finding unit-masked "${unit}" "LoadState=$(property "${unit}" LoadState); $(ls -l "${units}/${unit}")" ;;
    esac
    [ "$(property "${unit}" ActiveState)" != failed ] ||
      finding unit-failed "${unit}" "$(property "${unit}" Result): $(newest_line . -u "${unit}")"
  done
  for unit in linkerd-mesh.target linkerd-redirect-early.service; do
    [ -e "${units}/${unit}" ] || continue
    state=$(systemctl is-enabled "${unit}" 2>&1) || finding unit-disabled "${unit}" "${state}"
  done
}

# look_at_owners: of the proxy. Whatever has them besides it.
look_at_owners() {
  local port own owner
  own=$(property linkerd-proxy MainPID)
  for port in 4140 4143 4190 4191; do
    owner=$(ss -Hltnp "sport = :${port}" | sed -n 's/.*users:((\(.*\)))/\1/p' | tr ')' '\n' |
      sed -n 's/^[,(]*"\([^"]*\)",pid=\([0-9]*\),.*/\1 \2/p' | grep -v " ${own:-0}\$" | head -n 1)
    [ -z "${owner}" ] || finding port-taken "${port}" "$(echo "${owner}" | sed 's/\(.*\) /\1, process /')"
  done
}

# look_at_applications: of the declared ports.
look_at_applications() {
  local port found
  for port in $(setting INBOUND_PORTS | tr ',' ' '); do
    found=$(ss -Hltn "sport = :${port}" | tr -s ' ' | cut -d' ' -f4 | tr '\n' ' ')
    case " ${found}" in
      ' ') finding application-absent "${port}" ;;
      *' 127.'* | *' [::1]'*)
        # Somebody besides these.
        printf '%s' "${found}" | tr ' ' '\n' | grep -qv '^127\.\|^\[::1\]' || finding application-loopback "${port}" "listens on ${found}"
        ;;
      *) ;;
    esac
  done
}
