# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# Loads the rules, compares them, takes them away.

# Listings are compared with listings: they are in other words than what was loaded.
differs() {
  listed=$(ours "$1")
  if [ -z "${listed}" ]; then echo 'not loaded'
  elif [ "${listed}" != "$(cat "${run}/$1" 2>/dev/null)" ]; then echo 'not as loaded'
  elif [ "$(text "$1" | sha256sum)" != "$(cat "${run}/$1.sum")" ]; then echo 'older than its file'
  elif ! second && { ! first "$1" PREROUTING || ! first "$1" OUTPUT; }; then echo 'not first'
  else return 1; fi
}

# Whoever takes the first place back five times, with less than half an hour between (Calico's Felix), has it for so long.
# Ours decide all the same about what comes to them.
second() { [ -n "$(sed -n 5p "${run}/lost" 2>/dev/null)" ]; }

# In nft the priority says who is.
first() { [ "$1" = nft ] || nat "$1" | sed -n "/^-A $2 /{p;q;}" | grep -q MESHJOIN_; }

# One transaction: killed at any point, the kernel has the old rules or the new ones.
load() {
  [ "$1" = nft ] || refuse_mix "$1"
  [ "$1" = nft ] || grep -qx COMMIT "$(rules "$1")" ||
    fail 3 no-rules "$(rules "$1") is missing or cut short" 'nothing was changed' 'copy them here'
  if [ "$1" = nft ]; then
    text nft >"${run}/load"
    error=$(nft -f "${run}/load" 2>&1) || no_load nft
  else
    note_before "$1"
    merge "$1" "$(nat "$1")" >"${run}/load"
    error=$("$1-restore" --noflush -w 5 <"${run}/load" 2>&1) || no_load "$1-restore"
  fi
  ours "$1" >"${run}/$1"
  text "$1" | sha256sum >"${run}/$1.sum"
}

no_load() { fail 1 rules "$1: ${error}" 'nothing was changed' "is every module of the kernel there? See ${run}/load"; }

loaded() { ! there "$1" || ours "$1"; }

unload() {
  lock_rules
  rm -f "${run}/loaded"
  for t in ${all}; do unload_table "${t}"; done
}

unload_table() {
  rm -f "${run}/$1" "${run}/$1.sum"
  [ -n "$(loaded "$1")" ] || return 0
  if [ "$1" = nft ]; then
    nft delete table inet meshjoin
    return
  fi
  before=$(nat "$1")
  left=$(echo "${before}" | sed '/MESHJOIN_/d')
  error=$({
    echo '*nat'
    echo "${before}" | jumps
    echo "${before}" | chains | sed 's/^/-F /'
    echo "${before}" | chains | sed 's/^/-X /'
    # Built-in chains that came with our rules go with them, unless somebody else uses them by now.
    for c in PREROUTING OUTPUT; do
      case ${left} in *"-A ${c} "*) ;; *) caused "$1" "${c}" && echo "-X ${c}" ;; esac
    done
    echo COMMIT
  } | "$1-restore" --noflush -w 5 2>&1) ||
    fail 1 rules "$1-restore: ${error}" 'nothing was changed' 'mesh-machine redirect down'
  # So does the table: without --noflush an empty one is deleted.
  if caused "$1" table && ! nat "$1" | grep -q '^-A\|^:.* - '; then printf '*nat\nCOMMIT\n' | "$1-restore" -w 5; fi
}

saved_with() { grep -rlsE "$1" /etc/iptables /etc/sysconfig /etc/nftables* /etc/ufw /etc/firewalld /etc/rc.local "${units}" || :; }

# Loaded at a boot without a proxy they would be a black hole.
report_saved() {
  saved=$(saved_with 'MESHJOIN_|table inet meshjoin')
  [ -n "${saved}" ] || return 0
  say "our rules were saved and would be loaded without a proxy: take them out of $(clean "${saved}")"
  return 1
}
