# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# The users of the proxy and the agent.

users() { # COMMAND
  "$1" "${PROXY_USER}" "${PROXY_UID}" proxy.user
  ! managed || "$1" "${AGENT_USER}" "${AGENT_UID}" spire.agent.user
}

check_user() { # USER UID FIELD
  for kind in passwd group; do
    owner=$(getent "${kind}" "$2" | cut -d: -f1)
    number=$(getent "${kind}" "$1" | cut -d: -f3)
    ! misnumbered "$1" "$2" || number=''
    [ "${owner:-$1}:${number:-$2}" = "$1:$2" ] ||
      fail 3 uid-taken "$1 cannot be ${kind} $2: that is ${owner:-nobody}, and $1 is ${number:-none}" \
        'the redirect exempts by number' "choose another $3.uid or $3.name${number:+ ($3.uid: ${number} takes the $1 that is there, if its group has that number too)}"
  done
}

# At an earlier boot systemd may have made our user with another number, because the right one was taken then.
misnumbered() { getent passwd "$1" | grep -F '(meshjoin):' | grep -qv "^$1:[^:]*:$2:"; }

renumber() { ! misnumbered "$1" "$2" || leave_user "$1"; }

# Ours are known by the description that our sysusers file gives them.
leave_user() {
  getent passwd "$1" | grep -qF '(meshjoin):' || return 0
  userdel "$1" 2>/dev/null || say "user $1 stays: it is in use"
  ! getent group "$1" >/dev/null || groupdel "$1" 2>/dev/null || :
}
