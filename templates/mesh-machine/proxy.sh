# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Questions to the agent and the proxy: is an identity to be had, and does the proxy serve with it?

# agent_listens: a socket file may outlive its agent. Flag 00010000 stands for "listening". The kernel lists none of another
# network namespace, such as a container's: AGENT_DIAL of an agent that is not ours dials it.
agent_listens() { grep -q " 00010000 0001 01 [ 0-9]*${AGENT_SOCKET}\$" /proc/net/unix || ${AGENT_DIAL-false}; }

# query PATH: what the proxy answers on its admin port, and the head of that.
query() {
  if has curl; then
    curl -sD - --noproxy '*' -m 2 "${ADMIN_URL}/$1"
  else
    wget -qSO - --no-proxy -T 2 -t 1 "${ADMIN_URL}/$1" 2>&1
  fi
}

# answers STATUS: whether /ready of the proxy does so; "\|" between several.
answers() { query ready | grep -q "^ *HTTP/[0-9.]* \\($1\\)"; }

# proxy_ready: 403 and 404: the proxy's default policy refuses us the answer. No answer is proof of a proxy that serves: 200
# says one as well that lost its identity task, for good. Its certificate is, with the port that it opens behind it. Sets
# up and shown.
proxy_ready() {
  up=false shown=''
  answers '200\|403\|404' && has_certificate && proxy_listens && up=true
}

# has_certificate: this machine's, and not ended. Sets shown, what is known of it, or nothing. Shown by the mesh's TLS on the
# admin port, whatever the policy hides there. Not on 4143: where the kernel tracks no connections, as before the first
# rule, the proxy closes each that comes there.
has_certificate() {
  shown=$(timeout 3 openssl s_client -connect "${ADMIN_URL#*//}" -servername "$(identity NAME)" </dev/null 2>/dev/null |
    openssl x509 -noout -checkend 0 -dates -ext subjectAltName 2>/dev/null)
  case "${shown} " in *"URI:$(identity ID)"[,[:space:]]*) ;; *) shown='' ;; esac
  echo "${shown}" | grep -q 'not exp'
}

# dated Before|After: when the certificate begins or ends.
dated() { echo "${shown}" | sed -n "s/not$1=//p"; }

# proxy_listens: whether anything does on 4143.
proxy_listens() { grep -qs ':102F [0:]* 0A' /proc/net/tcp /proc/net/tcp6; }

# is_joined: not the units' states: what publishes may be a step of theirs. apply notes what it loaded.
is_joined() { proxy_ready && has_joined && { [ -e "${off}" ] || [ -e "${run}/loaded" ]; }; }
