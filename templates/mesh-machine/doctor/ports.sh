# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154,SC2310,SC2312,SC3043
# Do the ports of the control plane and of SPIRE answer, whoever dials them here?

# dial_as UID ADDRESS PORT: "open", or why not; no answer within 2 s is none at all.
dial_as() {
  local said
  if said=$(dialling "$1" timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$2" "$3" 2>&1); then
    echo open
  else
    case ${said} in
      *refused*) echo refused ;;
      '') echo 'no answer' ;;
      *) echo "${said##*: }" ;;
    esac
  fi
}

# blocks UID OTHER ADDRESS PORT: whether it is the user who is kept from there, since OTHER, who is redirected no more than that
# one, gets through, or a rule says so. Sets by, how that is known.
blocks() {
  by=$(rules_of_user "$1" | head -n 2 | tr '\n' ';')
  if [ -n "${by}" ]; then
    by="a rule about it: ${by%;}"
    return
  fi
  [ -n "$2" ] && [ "$(dial_as "$2" "$3" "$4")" = open ] || return 1
  by="user $2 gets through"
}

# rules_of_user UID: those of filters that stop it, as root is told of them. Asked for a table that is not there, legacy iptables
# would make it.
rules_of_user() {
  local table
  for table in iptables ip6tables; do
    case $("${table}-save" --version 2>/dev/null) in
      '') continue ;;
      *nf_tables*) ;;
      *) grep -qsx filter "/proc/net/$(echo "${table}" | sed s/tables/_tables/)_names" || continue ;;
    esac
    "${table}-save" -t filter 2>/dev/null | grep -E -- "--uid-owner $1 .*-j (DROP|REJECT)" || :
  done
  nft list ruleset 2>/dev/null | sed 's/^[[:space:]]*//' | grep -E "skuid (\"?$(getent passwd "$1" | cut -d: -f1)\"?|$1) .*(drop|reject)" || :
}

# look_at_way: to the control plane: first names, then the ports that they lead to, then what passes there.
look_at_way() {
  local target found
  if [ "${when}:$(cluster_servers)" = before: ] && [ "${RESOLVER_PROVIDER}" != none ]; then
    unchecked 'the names of the control plane: nothing leads there before the machine has joined'
    return
  fi
  found=$(for target in ${CONTROL_PLANE}; do
    case ${target} in
      \[*) echo "found ${target%]:*} ${target##*:}" | sed 's/ \[\(.*\) / \1 \1 /' ;;
      *[!0-9.]*:*) look_up "${target%:*}" "${target##*:}" & ;;
      *) echo "found ${target%:*} ${target%:*} ${target##*:}" ;;
    esac
  done; wait)
  blame_names "${found}"
  look_at_ports "$(printf '%s\n' "${found}" | sed -n 's/^found //p' | sort -u | head -n 12)"
}

# blame_names LINES of look_up: one finding for each thing that is wrong, with all the names.
blame_names() {
  local kind by
  for kind in resolver away unknown; do
    set -- "$1" "$(printf '%s\n' "$1" | sed -n "s/^${kind} //p" | sort)"
    [ -n "$2" ] || continue
    set -- "$1" "$(echo "$2" | cut -d' ' -f1 | sort -u | sed 's/\.$//' | tr '\n' ' ')" "$(echo "$2" | cut -d' ' -f2- | sort -u | tr '\n' ' ')"
    case ${kind} in
      resolver) finding names-not-forwarded "${2% }" "${3% }" ;;
      away)
        by=$(rules_of_user "${PROXY_UID}" | head -n 2 | tr '\n' ';')
        if [ -n "${by}" ]; then
          finding user-blocked "${PROXY_USER}" "${2% }" "a rule about it: ${by%;}"
        else finding cluster-dns-away "${2% }" "${3% }"; fi
        ;;
      *) finding name-unknown "${2% }" "${3% }" ;;
    esac
  done
}

# look_at_ports LINES of NAME ADDRESS PORT: nothing is wrong with a name while one of its addresses answers.
look_at_ports() {
  local name address port said
  [ -n "$1" ] || return 0
  said=$(echo "$1" | {
    while read -r name address port; do
      (echo "${name%.}:${port} ${address} ${port} $(dial_as "${PROXY_UID}" "${address}" "${port}")") &
    done
    wait
  })
  for name in $(echo "${said}" | cut -d' ' -f1 | sort -u); do
    set -- $(echo "${said}" | grep -F "${name} " | sort | awk '$4 == "open"' | head -n 1)
    if [ "$#" -gt 0 ]; then
      look_at_path "${name}" "$2" "$3" &
    else blame_port "${name}" "$(echo "${said}" | grep -F "${name} " | sort)" & fi
  done
  wait
}

# blame_port NAME LINES of NAME ADDRESS PORT WORDS: all of its addresses fail.
blame_port() {
  local name evidence by
  name=$1
  evidence=$(echo "$2" | awk '{ line = $2 " port " $3 ":"; for (i = 4; i <= NF; i++) line = line " " $i; print line }' | tr '\n' ';' | sed 's/;$//; s/;/; /g')
  set -- $(echo "$2" | head -n 1)
  if blocks "${PROXY_UID}" "${AGENT_UID-}" "$2" "$3"; then
    finding user-blocked "${PROXY_USER}" "${name}" "${evidence}; ${by}"
  else
    case ${evidence} in
      *refused*) finding control-plane-refused "${name}" "${evidence}" ;;
      # look_at_networks says so.
      *unreachable* | *'No route'* | *'Invalid arg'* | *'not perm'* | *denied*) [ -n "$(networks_without_route)" ] || finding control-plane-silent "${name}" "${evidence}" ;;
      *) finding control-plane-silent "${name}" "${evidence}" ;;
    esac
  fi
}

# look_at_spire_port: as the agent's user. Where others get no answer either, it is the server that is away.
look_at_spire_port() {
  local by
  if ! owns_agent || [ -z "${AGENT_SERVER-}" ]; then return; fi
  set -- "${AGENT_SERVER%:*}" "${AGENT_SERVER##*:}"
  case $(dial_as "${AGENT_UID}" "$1" "$2") in
    open) ;;
    *) if blocks "${AGENT_UID}" 0 "$1" "$2"; then finding user-blocked "${AGENT_USER}" "${AGENT_SERVER}" "${by}"; fi ;;
  esac
}
