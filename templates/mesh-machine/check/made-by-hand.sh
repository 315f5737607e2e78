# shellcheck shell=sh disable=SC2046,SC2154,SC2310,SC2312,SC3043
# Rules of a mesh that was made by hand catch what ours let pass, the proxy's own connections too.

# iptables_made_by_hand TABLE: prints the commands that take away those of it.
iptables_made_by_hand() {
  ! iptables_has_nat "$1" || iptables_nat "$1" | sed -n "/MESHJOIN_/d; s/^-A\\(.* --to-ports 414[03]\\)\$/$1 -t nat -D\\1/p"
}

# nftables_made_by_hand: the same for all tables of nft.
nftables_made_by_hand() {
  nft -s list ruleset 2>/dev/null | sed -n '/^table /{s/^table //;s/ {$//;h;}
    /^\tchain /{s/.*chain //;s/ {$//;x;s/\n.*//;G;x;};/redirect to :414[03]/{g;s/\n/ /;s/^/nft flush chain /p;}' |
    sed '/MESHJOIN_\| inet meshjoin /d'
}

# refuse_made_by_hand: with the commands, and the files that would load such rules at the next boot. One table at a time:
# iptables is one of the others by another name.
refuse_made_by_hand() {
  local pattern table fix file
  pattern='PROXY_INIT_|--to-ports?[ =]414[03]|redirect to :414[03]'
  for table in $(all_tables); do
    fix=$(backend made_by_hand "${table}" | tr '\n' ';')
    [ -z "${fix}" ] || break
  done
  for file in $(saved_with "${pattern}"); do
    ! sed '/table inet meshjoin/,/^}/d; /chain MESHJOIN_/,/}/d; /MESHJOIN_/d' "${file}" | grep -qE "${pattern}" || fix="${fix} take them out of ${file};"
  done
  [ -z "${fix}" ] || fail made-by-hand "${fix}"
}
