# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Questions to the agent and the proxy: is an identity to be had, and does the proxy serve with it?

# A socket file may outlive its agent. Flag 00010000 stands for "listening".
listening() { grep -q " 00010000 0001 01 [ 0-9]*${AGENT_SOCKET}\$" /proc/net/unix; }

answers() { # STATUS of the proxy's /ready, or several
  if has curl; then curl -sD - --noproxy '*' -m 2 -o /dev/null "${ADMIN_URL}/ready"; else
    wget -qS --no-proxy -T 2 -t 1 -O /dev/null "${ADMIN_URL}/ready" 2>&1
  fi | grep -q "^ *HTTP/[0-9.]* \\($1\\)"
}

# 403 and 404: the proxy's default policy refuses us the answer. No answer is proof of a proxy that serves: 200 says
# one as well that lost its identity task, for good. Its certificate is, with the port that it opens behind it. Sets up
# and expires.
ready() {
  up=false expires=''
  answers '200\|403\|404' && certificate && serves && up=true
}

# Shown by the mesh's TLS on the admin port, whatever the policy hides there. Not on 4143: where the kernel tracks no
# connections, as before the first rule, the proxy closes each that comes there.
certificate() {
  if has openssl; then
    shown=$(timeout 3 openssl s_client -connect "${ADMIN_URL#*//}" -servername "$(server NAME)" </dev/null 2>/dev/null |
      openssl x509 -noout -enddate -ext subjectAltName 2>/dev/null)
    case "${shown} " in *"URI:$(server ID)"[,[:space:]]*) ;; *) return 1 ;; esac
  else
    shown=$(curl -vskm 3 --noproxy '*' -o /dev/null --connect-to "::${ADMIN_URL#*//}" "https://$(server NAME)" 2>&1) || :
  fi
  expires=$(printf '%s\n' "${shown}" | sed -n 's/.*notAfter=//p; s/.*expire date: //p')
  [ "$(date -d "${expires:-never}" +%s 2>/dev/null || echo 0)" -gt "$(date +%s)" ]
}

serves() { grep -qs ':102F [0:]* 0A' /proc/net/tcp /proc/net/tcp6; } # 4143, listening

# Not the units' states: what publishes may be a step of theirs. load notes what it loaded.
joined_now() { ready && marked && { [ -e "${off}" ] || [ -e "${run}/loaded" ]; }; }

# Joined, and with the units and the rules that it should have.
healthy() { active linkerd-proxy && joined_now && { ! in_charge || ! amiss; }; }

# A restart that is still to come would let the proxy of before answer. An upgrade does not wait for a second try.
settled() {
  [ -z "$(property linkerd-proxy Job)" ] || return 1
  healthy || case ${detach}$(property linkerd-proxy SubState)$(property linkerd-proxy NRestarts) in
    *failed* | auto-restart* | start*[1-9]*) ;; *) false ;;
  esac
}

amiss() {
  for t in $(tables); do ! words=$(differs "${t}") || return 0; done
  return 1
}
