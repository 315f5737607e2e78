# shellcheck shell=sh disable=SC2154
# Rules as a table of nft, by the functions that backend.sh lists.

# nftables_tables: one for both families.
nftables_tables() { echo nft; }

# nftables_file: see backend.sh.
nftables_file() { echo "${etc}/redirect.nft"; }

# nftables_inbound: see backend.sh.
nftables_inbound() { sed '1,/chain inbound/d; /chain outbound/,$d' "${etc}/redirect.nft"; }

# nftables_switch_off: see backend.sh.
nftables_switch_off() { sed 's/ redirect to .*/ ct state new return/'; }

# nftables_list: see backend.sh.
nftables_list() { nft -s list table inet meshjoin 2>/dev/null || :; }

# nftables_is_first: the priority says who is.
nftables_is_first() { :; }

# nftables_prepare: nothing to be refused.
nftables_prepare() { :; }

# nftables_compose: the file is a transaction.
nftables_compose() { cat; }

# nftables_loader: see backend.sh.
nftables_loader() { echo nft -f; }

# nftables_unload: see backend.sh.
nftables_unload() { nft delete table inet meshjoin; }
