# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# How all parts ask.

# as_proxy COMMAND...: with the user and the groups that the proxy has.
as_proxy() { setpriv --reuid="${PROXY_UID}" --regid="${PROXY_UID}" --init-groups "$@"; }

# dialling UID COMMAND...: as a user who may not be there yet, with no group but its own.
dialling() {
  local uid="$1"
  shift
  setpriv --reuid="${uid}" --regid="${uid}" --clear-groups "$@"
}

# fail ID VALUES...: in place of that of mesh-machine: what its checks refuse is a finding of the same name and values.
fail() {
  finding "$@"
  exit 0
}

# would_refuse IDS COMMAND: whether a check of mesh-machine does.
would_refuse() { ("$2") 2>/dev/null || :; }

# setting NAME: a value of machine.env.
setting() { sed -n "s/^LINKERD2_PROXY_$1='\(.*\)'\$/\1/p" "${etc}/machine.env"; }

# mount_of FOLDER: its mount point, type and options as the first process sees them; a unit has its own.
mount_of() { findmnt -N 1 -no TARGET,FSTYPE,OPTIONS -T "$1" 2>/dev/null | tail -n 1 | tr -s ' '; }

# our_units: names of those that are here.
our_units() { our_files '' | sed -n "s|^${units}/||p"; }
