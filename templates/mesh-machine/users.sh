# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# The users of the proxy and the agent. Ours are known by the description that our sysusers file gives them.

# for_each_user COMMAND: USER UID FIELD of each, FIELD being what the document calls it.
for_each_user() {
  "$1" "${PROXY_USER}" "${PROXY_UID}" proxy.user
  ! owns_agent || "$1" "${AGENT_USER}" "${AGENT_UID}" spire.agent.user
}

# check_user USER UID FIELD: refuses where one of them, as user or as group, goes with another.
check_user() {
  local database owner number
  for database in passwd group; do
    owner=$(getent "${database}" "$2" | cut -d: -f1)
    number=$(getent "${database}" "$1" | cut -d: -f3)
    ! has_wrong_uid "$1" "$2" || number=''
    [ "${owner:-$1}:${number:-$2}" = "$1:$2" ] ||
      fail uid-taken "$1" "${database} $2" "${owner:-nobody}" "${number:-none}" \
        "$3.uid or $3.name${number:+ ($3.uid: ${number} takes the $1 that is there)}"
  done
}

# has_wrong_uid USER UID: at an earlier boot systemd may have made our user with another number, because the right one was
# taken then.
has_wrong_uid() { getent passwd "$1" | grep -F '(meshjoin):' | grep -qv "^$1:[^:]*:$2:"; }

# replace_user USER UID: takes it away, to be made again.
replace_user() { ! has_wrong_uid "$1" "$2" || remove_user "$1"; }

# remove_user USER: with its group, if it is ours.
remove_user() {
  getent passwd "$1" | grep -qF '(meshjoin):' || return 0
  userdel "$1" 2>/dev/null || say "user $1 stays: it is in use"
  ! getent group "$1" >/dev/null || groupdel "$1" 2>/dev/null || :
}
