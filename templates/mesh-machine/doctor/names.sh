# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2059,SC2154,SC2310,SC2312,SC3043
# Does the proxy find the control plane by its names? It asks the servers of /etc/resolv.conf itself, past nsswitch.conf and
# resolved's own bus, for SRV, then A, then AAAA. So do we: a query is a datagram that we write.

# ask_server SERVER NAME TYPE: "SERVER TYPE CODE ADDRESS:PORT..." of its answer, with "silent" for the code where none comes. The
# port is that of an SRV record, or 0. As the proxy's user, whose packets a rule may drop.
ask_server() {
  local said
  # dd makes one datagram of what printf writes in pieces.
  said=$(question "$2" "$3" | dialling "${PROXY_UID}" timeout 4 bash -c \
    'exec 3<>"/dev/udp/$1/53" && dd obs=512 >&3 && dd bs=4096 count=1 <&3' - "$1" 2>/dev/null | od -An -v -tu1 | read_answer "$3") || :
  echo "$1 $3 ${said:-silent}"
}

# question NAME TYPE: asks for recursion.
question() {
  local label rest="${1%.}."
  printf 'MJ\001\000\000\001\000\000\000\000\000\000'
  while [ -n "${rest}" ]; do
    label=${rest%%.*} rest=${rest#*.}
    printf "\\$(printf %03o "${#label}")%s" "${label}"
  done
  printf "\\000\\000\\$(printf %03o "$2")\\000\\001"
}

# read_answer TYPE: the bytes of an answer, as numbers, as its code and its addresses. An SRV record's target begins with the
# address, its dots or colons as hyphens.
read_answer() {
  awk -v "type=$1" '
    { for (i = 1; i <= NF; i++) b[n++] = $i }
    function two(at) { return b[at] * 256 + b[at + 1] }
    function skip(at) { while (b[at] > 0 && b[at] < 192) at += b[at] + 1; return at + (b[at] ? 2 : 1) }
    function label(at,  i, word) { if (b[at] >= 192) at = (b[at] - 192) * 256 + b[at + 1]; for (i = 1; i <= b[at]; i++) word = word sprintf("%c", b[at + i]); return word }
    function six(at,  i, word) { for (i = 0; i < 16; i += 2) word = word (i ? ":" : "") sprintf("%x", two(at + i)); return word }
    END {
      if (n < 12) exit
      said = b[3] % 16
      at = 12
      for (i = 0; i < two(4); i++) at = skip(at) + 4
      for (i = 0; i < two(6) && at < n; i++) {
        at = skip(at); kind = two(at); size = two(at + 8); at += 10
        if (kind == type && type == 1) said = said " " b[at] "." b[at + 1] "." b[at + 2] "." b[at + 3] " 0"
        if (kind == type && type == 28) said = said " " six(at) " 0"
        if (kind == type && type == 33) {
          word = label(at + 6)
          if (word ~ /^[0-9]+-[0-9]+-[0-9]+-[0-9]+$/) gsub("-", ".", word); else gsub("-", ":", word)
          said = said " " word " " two(at + 4)
        }
        at += size
      }
      print said
    }'
}

# ask_servers NAME SERVER...: all of them at a time, in all three ways.
ask_servers() {
  local server type name="$1"
  shift
  for server; do
    for type in 33 1 28; do ask_server "${server}" "${name}" "${type}" & done
  done
  wait
}

# cluster_servers: those that the document has for names of the cluster, as the file of its provider says.
cluster_servers() {
  local file=resolver.conf
  ! uses_resolved || file=resolved.conf
  sed -n 's/^DNS=\(.\)/\1/p; s|^server=/.*/||p; s/^ *forward-addr: //p; s/^nameserver //p' "${etc}/${file}" 2>/dev/null |
    awk '!seen[$0]++' || :
}

# known_hosts NAME PORT: "found NAME ADDRESS PORT" for each address in /etc/hosts, which the proxy looks into first.
known_hosts() {
  awk -v "name=$1" -v "port=$2" '
    !/^#/ { for (i = 2; i <= NF; i++) if ($i == name || $i "." == name) { print "found", name, $1, port; break } }' /etc/hosts 2>/dev/null || :
}

# look_up NAME PORT: "found NAME ADDRESS PORT", a line each; or what is wrong, the name, and how that is known.
look_up() {
  local said direct
  said=$(known_hosts "$1" "$2")
  if [ -n "${said}" ]; then
    echo "${said}"
    # While nobody says where it is, a control plane that moves is lost.
    [ "${RESOLVER_PROVIDER}" = hosts ] || return 0
    direct=$(ask_servers "$1" $(cluster_servers))
    found_in "${direct}" "$1" "$2" >/dev/null || echo "$(blame_answers "${direct}") $1 $(tell_answers "${direct}")"
    return
  fi
  # Before the machine has joined nothing leads its own resolver to the cluster's.
  said=$(ask_servers "$1" $(if [ "${when}" = before ]; then cluster_servers; else nameservers | head -n 3; fi))
  if found_in "${said}" "$1" "$2"; then return; fi
  direct=${said}
  [ "${when}" = before ] || direct=$(ask_servers "$1" $(cluster_servers))
  if [ "${when}" = after ] && found_in "${direct}" "$1" "$2" >/dev/null; then
    echo "resolver $1 $(tell_answers "${said}"), but $(tell_answers "${direct}")"
  elif [ -n "${direct}" ]; then
    echo "$(blame_answers "${direct}") $1 $(tell_answers "${direct}")"
  else echo "$(blame_answers "${said}") $1 $(tell_answers "${said}")"; fi
}

# blame_answers ANSWERS: "unknown" where a server has said that there is no such name, or no address of it; else "away".
blame_answers() { if echo "$1" | grep -q ' [03]$'; then echo unknown; else echo away; fi; }

# found_in ANSWERS NAME PORT: prints what was found; false where nothing was. SRV counts before the others.
found_in() {
  local found
  found=$(echo "$1" | sort -k 2,2nr | awk -v "name=$2" -v "port=$3" '
    $2 == 33 || !srv { for (i = 4; i < NF; i += 2) { if ($2 == 33) srv = 1; print "found", name, $i, ($(i + 1) > 0 ? $(i + 1) : port) } }' | sort -u)
  [ -z "${found}" ] || echo "${found}"
  [ -n "${found}" ]
}

# tell_answers ANSWERS: in words, one for each server.
tell_answers() {
  echo "$1" | sort -k 1,1 -k 2,2n | awk '
    NF > 3 { code[$1] = "an address" }
    NF == 3 && code[$1] != "an address" && ($3 != "silent" || code[$1] == "") { code[$1] = $3 }
    END { for (server in code) { word = code[server]
      if (word == "silent") word = "no answer"; else if (word == 0) word = "no address"; else if (word == 3) word = "no such name"
      else if (word == 2) word = "server failure"; else if (word == 5) word = "refused"
      print server " says: " word } }' | sort | tr '\n' ',' | sed 's/,$//; s/,/, /g'
}
