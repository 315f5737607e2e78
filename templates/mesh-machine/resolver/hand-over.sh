# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# Hands the file to the resolver, and takes it back.

# call_provider NAME WHAT: the function of it.
call_provider() { "$(echo "$1" | tr - _)_$2"; }

# providers_with_files: those whose file a resolver reads.
providers_with_files() { echo dnsmasq unbound networkmanager dns-delegate; }

# service_of PROVIDER: what runs it.
service_of() { case $1 in networkmanager) echo NetworkManager ;; dns-delegate) echo systemd-resolved ;; *) echo "$1" ;; esac }

# hand_over PROVIDER: what the document has. Undone where the resolver does not run with it.
hand_over() {
  local file new error
  file=$(call_provider "$1" file)
  if cmp -s "${given}" "${file}" && [ ! -e "${telling}" ]; then return; fi
  # Resolvers pass over names that begin with a dot.
  new=${file%/*}/.${file##*/}
  rm -f "${run}/resolver.old"
  [ ! -e "${file}" ] || cp -a "${file}" "${run}/resolver.old"
  : >"${telling}"
  mkdir -p "${file%/*}"
  cp "${given}" "${new}"
  mv -f "${new}" "${file}"
  if error=$(call_provider "$1" reload 2>&1); then
    rm -f "${telling}"
    return
  fi
  rm -f "${file}"
  [ ! -e "${run}/resolver.old" ] || mv "${run}/resolver.old" "${file}"
  call_provider "$1" reload >/dev/null 2>&1 || :
  rm -f "${telling}"
  fail resolver-refused "$(service_of "$1")" "${file}" "${error}"
}

# take_back PROVIDER: its file, where there is one.
take_back() {
  local file
  file=$(call_provider "$1" file)
  [ -e "${file}" ] || return 0
  rm -f "${file}"
  # Only this folder is not there before us.
  [ "$1" != dns-delegate ] || rmdir "${file%/*}" 2>/dev/null || :
  # One that the machine has left is not started again.
  ! is_active "$(service_of "$1")" || call_provider "$1" reload >/dev/null 2>&1 || :
}

# take_others: from whom an earlier document told. A provider comes into use before another goes.
take_others() {
  local provider
  for provider in $(providers_with_files); do
    [ "${provider}" = "${RESOLVER_PROVIDER}" ] || take_back "${provider}"
  done
  [ "${RESOLVER_PROVIDER}" = hosts ] || hosts_take
  [ "${RESOLVER_PROVIDER}" = systemd-resolved ] || systemd_resolved_take
  case ${RESOLVER_PROVIDER} in systemd-resolved | none) rm -f "${given}" ;; *) ;; esac
}

# apply_provider: what the document says.
apply_provider() {
  case " $(providers_with_files) " in *" ${RESOLVER_PROVIDER} "*) hand_over "${RESOLVER_PROVIDER}" ;; *) ;; esac
  take_others
}
