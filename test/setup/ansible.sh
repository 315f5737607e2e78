#!/bin/sh
# Makes a Python environment for every ansible-core from 2.16 to the newest that a Python of this machine runs, and one with
# the newest ansible-lint and yamllint. Cached outside of the repository; a cached one is not looked at again.
#
#   usage: test/setup/ansible.sh             prints "VERSION FOLDER" for each, oldest first, then "lint FOLDER"
#
# MESHJOIN_CACHE is where they go, /var/cache/meshjoin-test by default.
set -eu

cache=${MESHJOIN_CACHE:-/var/cache/meshjoin-test}/ansible
oldest=16

die() {
  echo "ansible.sh: $*" >&2
  exit 1
}

# Python interpreters that can make an environment, oldest first, one of each version.
pythons() {
  for python in /usr/bin/python3 /usr/local/bin/python3 "${HOME:-/root}"/.pyenv/versions/*/bin/python3 \
    $(command -v python3 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15); do
    [ -x "$python" ] || continue
    "$python" -c 'import ensurepip, sys
assert sys.version_info >= (3, 10)
print("%d.%02d" % sys.version_info[:2], sys.executable)' 2>/dev/null || :
  done | sort -s -u -k 1,1
}

# make NAME REQUIREMENT... PYTHON: a new environment, there as a whole or not at all.
make() {
  name=$1 python=$2
  shift 2
  rm -rf -- "${cache:?}/$name"
  "$python" -m venv "$cache/$name" >&2 &&
    "$cache/$name/bin/pip" install --quiet --disable-pip-version-check "$@" >"$cache/$name.log" 2>&1 &&
    : >"$cache/$name/.whole" && return 0
  rm -rf -- "${cache:?}/$name"
  return 1
}

# With the oldest Python that has it: those that came after a release are none that it was made for.
make_core() { # MINOR
  [ ! -e "$cache/2.$1/.whole" ] || return 0
  for python in $(pythons | cut -d' ' -f2); do
    ! make "2.$1" "$python" "ansible-core~=2.$1.0" || return 0
  done
  return 1
}

mkdir -p -- "$cache"
exec 9>"$cache/.lock"
flock 9
[ -n "$(pythons)" ] || die 'there is no Python 3.10 or later that has the module ensurepip: apt-get install python3-venv'
minor=$oldest
# Which one there is not is asked again after a week: each answer takes an environment and a look at the registry.
none=$cache/.none
[ -z "$(find "$none" -mtime +6 2>/dev/null)" ] || rm -f -- "$none"
until [ "$(cat "$none" 2>/dev/null)" = "$minor" ]; do
  if make_core "$minor"; then
    echo "2.$minor $cache/2.$minor"
    minor=$((minor + 1))
  else
    echo "$minor" >"$none"
  fi
done
[ "$minor" -gt "$oldest" ] || { rm -f -- "$none"; false; } || die "ansible-core 2.$oldest cannot be installed: $(cat "$cache/2.$oldest.log" 2>/dev/null)"
if [ ! -e "$cache/lint/.whole" ]; then
  newest=$(pythons | tail -n 1 | cut -d' ' -f2)
  make lint "$newest" ansible-lint yamllint || die "ansible-lint cannot be installed: $(cat "$cache/lint.log")"
fi
echo "lint $cache/lint"
