# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Binaries: fetched, unpacked beside those in use, taken into use.

# Sets url, sha256, member, ca, proxy, version of PROXY or AGENT for this machine's architecture.
source_of() {
  case $(uname -m) in x86_64) arch=AMD64 ;; aarch64) arch=ARM64 ;; *) arch=$(uname -m) ;; esac
  eval "url=\${$1_URL_${arch}-} sha256=\${$1_SHA256_${arch}-} member=\${$1_MEMBER_${arch}-}"
  eval "ca=\${$1_CA_FILE-} proxy=\${$1_HTTP_PROXY-} version=\${$1_VERSION}"
  [ -n "${sha256}" ] || fail 3 no-checksum "the document has no sha256 of the $1 for ${arch}" \
    'nothing was changed' 'add it, generate and copy again'
}

downloads() {
  if [ "${PROXY_FROM}" = download ]; then echo PROXY; fi
  if managed && [ "${AGENT_INSTALL}" = download ]; then echo AGENT; fi
}

# fetch URL FILE CA PROXY. A proxy's address may hold a password: environment, not command line.
fetch() {
  [ -z "$4" ] || export http_proxy="$4" https_proxy="$4"
  case $1 in https:*) schemes='=https' ;; *) schemes='=http,https' ;; esac
  if has curl; then
    curl -fsSL --proto "${schemes}" --connect-timeout 10 -Y 1000 -y 30 -m 900 --retry 4 --retry-connrefused ${3:+--cacert "$3"} -o "$2" "$1"
  else
    wget -nv -T 20 -t 3 ${3:+--ca-certificate="$3"} -O "$2" "$1"
  fi 2>&1
}

# install_binary PROXY|AGENT BASE FILE: BASE/VERSION/FILE beside what is in use. Unpacked on the same file system, moved into
# place whole; .meshjoin names the archive's sum and the binary's. Another archive of the same version gets a folder of
# its own.
install_binary() {
  source_of "$1"
  folder=$(grep -lsx "${sha256}" "$2"/[!cp]*/.meshjoin | head -n 1)
  folder=${folder%/*}
  if [ -z "${folder}" ] || ! grep -qx "$(sum "${folder}/$3")" "${folder}/.meshjoin"; then
    if [ -z "${folder}" ]; then
      folder=$2/${version}
      [ ! -e "${folder}" ] || folder=${folder}-$(printf '%.8s' "${sha256}")
    fi
    rm -rf "$2"/.new.*
    work=$2/.new.$$
    mkdir -p "$(dirname "${work}/v/$3")" || :
    say "downloading ${url}"
    error=$(fetch "${url}" "${work}/archive" "${ca}" "${proxy}") || fail 4 download "${url}: ${error}" \
      'nothing was changed' 'see that the server is up and that there is room'
    got=$(sum "${work}/archive")
    [ "${got}" = "${sha256}" ] || fail 3 checksum "${url} has sha256 ${got}, not ${sha256}" \
      'nothing was changed' 'correct the document or the mirror'
    # The one file is written by us: no path, owner or mode of the archive counts.
    error=$(tar -xzOf "${work}/archive" "${member}" 2>&1 >"${work}/v/$3") || fail 4 unpack "${member} of ${url}: ${error}" \
      'nothing was changed' 'see that it is in the archive and that there is room'
    chmod 755 "${work}/v/$3"
    printf '%s\n' "${sha256}" "$(sum "${work}/v/$3")" >"${work}/v/.meshjoin"
    [ ! -e "${folder}" ] || mv "${folder}" "${work}/old"
    mv "${work}/v" "${folder}"
    rm -rf "${work}"
    if has restorecon; then restorecon -RF "$2" || :; fi
    sync
  fi
  eval "$1_FOLDER=\${folder##*/}"
}

flip() { # PROXY|AGENT BASE
  eval "folder=\${$1_FOLDER}"
  point "$2" "${folder}"
}

# point BASE FOLDER: BASE/current, at one moment. What it was before is BASE/previous.
point() {
  was=$(readlink "$1/current" || :)
  [ "${was}" != "$2" ] || return 0
  [ -z "${was}" ] || ln -sfn "${was}" "$1/previous"
  ln -sfn "$2" "$1/.current"
  mv -fT "$1/.current" "$1/current"
}

# Takes away the versions of ours that are neither in use nor the ones before. Ours carry .meshjoin.
prune() {
  rm -rf /opt/linkerd/.new.* /opt/spire/.new.*
  for v in /opt/linkerd/*/.meshjoin /opt/spire/*/.meshjoin; do
    v=${v%/*}
    [ -L "${v}" ] || readlink "${v%/*}/current" "${v%/*}/previous" | grep -qxF "${v##*/}" || rm -rf "${v}"
  done
}

# The proxy has no --version: without settings it refuses with 64, if it can run here at all.
try_binaries() {
  code=0
  path=$(proxy_path "${PROXY_FOLDER-}")
  error=$(env -i timeout 20 "${path}" 2>&1) || code=$?
  [ "${code}" -eq 64 ] || cannot_run proxy
  managed || return 0
  # Not "validate": that wants the join token's credential, which only the unit has.
  path=$(agent_path "${AGENT_FOLDER-}")
  error=$(timeout 20 "${path}" --version 2>&1) || cannot_run agent
}

cannot_run() {
  fail 3 "$1-cannot-run" "${path} cannot run here: ${error}" 'it is for another architecture or a newer glibc' \
    'use another build, or a newer release of the distribution'
}

each() { # COMMAND
  for name in $(downloads); do
    if [ "${name}" = PROXY ]; then "$1" PROXY /opt/linkerd linkerd2-proxy; else "$1" AGENT /opt/spire bin/spire-agent; fi
  done
}
