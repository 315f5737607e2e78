# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Binaries: fetched, unpacked beside those in use, taken into use. NAME is PROXY or AGENT, BASE the folder that has one of
# each version, FILE the binary's path below that.

# for_each_binary COMMAND: NAME BASE FILE of those that come from elsewhere.
for_each_binary() {
  [ "${PROXY_FROM}" = preinstalled ] || "$1" PROXY /opt/linkerd linkerd2-proxy
  if owns_agent && [ "${AGENT_INSTALL}" = download ]; then "$1" AGENT /opt/spire bin/spire-agent; fi
}

# read_source NAME: sets url, sha256, member, ca, proxy and version for this machine's architecture.
read_source() {
  local architecture
  case $(uname -m) in x86_64) architecture=AMD64 ;; aarch64) architecture=ARM64 ;; *) architecture=$(uname -m) ;; esac
  eval "url=\${$1_URL_${architecture}-} sha256=\${$1_SHA256_${architecture}-} member=\${$1_MEMBER_${architecture}-}"
  eval "ca=\${$1_CA_FILE-} proxy=\${$1_HTTP_PROXY-} version=\${$1_VERSION}"
  [ -n "${sha256}" ] || fail no-checksum "$1" "${architecture}"
}

# fetch URL FILE CA PROXY: a proxy's address may hold a password: environment, not command line. Sets
# http_proxy and https_proxy: not for the shell that goes on.
fetch() {
  local schemes
  [ -z "$4" ] || export http_proxy="$4" https_proxy="$4"
  case $1 in https:*) schemes='=https' ;; *) schemes='=http,https' ;; esac
  if has curl; then
    curl -fsSL --proto "${schemes}" --connect-timeout 10 -Y 1000 -y 30 -m 900 --retry 4 --retry-connrefused \
      ${3:+--cacert "$3"} -o "$2" "$1"
  else
    wget -nv -T 20 -t 3 ${3:+--ca-certificate="$3"} -O "$2" "$1"
  fi 2>&1
}

# install_binary NAME BASE FILE: BASE/VERSION/FILE beside what is in use. Unpacked on the same file system, moved into place
# whole; .meshjoin names the archive's checksum and the binary's. Another archive of the same version gets a folder of its
# own. Sets NAME_FOLDER.
install_binary() {
  local folder error got
  read_source "$1"
  folder=$(grep -lsx "${sha256}" "$2"/[!cp]*/.meshjoin | head -n 1)
  folder=${folder%/*}
  if [ -z "${folder}" ] || ! grep -qx "$(checksum "${folder}/$3")" "${folder}/.meshjoin"; then
    if [ -z "${folder}" ]; then
      folder=$2/${version}
      [ ! -e "${folder}" ] || folder=${folder}-$(printf '%.8s' "${sha256}")
    fi
    rm -rf "$2"/.new.*
    work=$2/.new.$$
    mkdir -p "$(dirname "${work}/v/$3")" || :
    say "downloading ${url}"
    if [ "$1${PROXY_FROM}" = PROXYimage ]; then
      mesh-machine-registry "${url}" "${work}/archive" "${failure_file}" || exit
    else error=$(fetch "${url}" "${work}/archive" "${ca}" "${proxy}") || fail download "${url}" "${error}"; fi
    got=$(checksum "${work}/archive")
    [ "${got}" = "${sha256}" ] || fail checksum "${url}" "${got}" "${sha256}"
    # The one file is written by us: no path, owner or mode of the archive counts. Some builders of images begin names with "./".
    error=$(tar -xzOf "${work}/archive" --no-anchored "${member}" 2>&1 >"${work}/v/$3") || fail unpack "${member} of ${url}" "${error}"
    chmod 755 "${work}/v/$3"
    printf '%s\n' "${sha256}" "$(checksum "${work}/v/$3")" >"${work}/v/.meshjoin"
    [ ! -e "${folder}" ] || mv "${folder}" "${work}/old"
    mv "${work}/v" "${folder}"
    rm -rf "${work}"
    optional restorecon -RF "$2" || :
    sync
  fi
  eval "$1_FOLDER=\${folder##*/}"
}

# try_binaries: refuses those that cannot run here. The proxy has no --version: without settings it refuses with 64, if it
# can run at all. Of the agent not "validate": that wants the join token's credential, which only the unit has.
try_binaries() {
  local path error code=0
  path=$(proxy_path "${PROXY_FOLDER-}")
  error=$(env -i timeout 20 "${path}" 2>&1) || code=$?
  [ "${code}" -eq 64 ] || fail proxy-cannot-run "${path}" "${error}"
  owns_agent || return 0
  path=$(agent_path "${AGENT_FOLDER-}")
  error=$(timeout 20 "${path}" --version 2>&1) || fail agent-cannot-run "${path}" "${error}"
}

# use_binary NAME BASE: the folder that install_binary has found.
use_binary() {
  local folder
  eval "folder=\${$1_FOLDER}"
  switch_current "$2" "${folder}"
}

# switch_current BASE FOLDER: BASE/current, at one moment. What it was before is BASE/previous.
switch_current() {
  local was
  was=$(readlink "$1/current" || :)
  [ "${was}" != "$2" ] || return 0
  [ -z "${was}" ] || ln -sfn "${was}" "$1/previous"
  ln -sfn "$2" "$1/.current"
  mv -fT "$1/.current" "$1/current"
}

# prune: those of ours that are neither in use nor the ones before. Ours carry .meshjoin.
prune() {
  local folder
  rm -rf /opt/linkerd/.new.* /opt/spire/.new.*
  for folder in /opt/linkerd/*/.meshjoin /opt/spire/*/.meshjoin; do
    folder=${folder%/*}
    [ -L "${folder}" ] || readlink "${folder%/*}/current" "${folder%/*}/previous" | grep -qxF "${folder##*/}" || rm -rf "${folder}"
  done
}
