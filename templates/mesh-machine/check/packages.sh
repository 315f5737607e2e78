# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# What to install, in the words of the distribution.

# name_packages NAME...: the command that installs what has these; nothing where no tool is known.
name_packages() {
  local tool packages='' name
  for tool in apt-get dnf zypper ''; do
    ! has "${tool}" || break
  done
  [ -n "${tool}" ] || return 0
  for name; do packages="${packages} $(package_of "${tool}" "${name}")"; done
  echo ": ${tool} install${packages}"
}
