# shellcheck shell=sh disable=SC2153,SC2154,SC2310,SC2312
# Where rules are: in a table of iptables, of ip6tables, or of nft. Each belongs to a backend, a file beside this one with
# these functions, all called by their backend's name:
#
#   tables           names of the tables that a machine has
#   file TABLE       where its rules are
#   inbound TABLE    rules for incoming connections, as its file has them
#   switch_off       rules on stdin with those that redirect replaced by ones that only ask about the connection: without
#                    these the kernel would track none, and the proxy could not tell where a peer of the mesh wants to go
#   list TABLE       rules of ours, as the kernel has them
#   is_first TABLE   whether ours come first
#   prepare TABLE    refuses what would not go well, before a load
#   compose TABLE    rules on stdin as one transaction
#   loader TABLE     the command that takes such a file
#   unload TABLE     takes rules of ours away

# backend FUNCTION TABLE: that of the table's backend.
backend() {
  case $2 in
    nft) "nftables_$1" nft ;;
    *) "iptables_$1" "$2" ;;
  esac
}

# own_tables: where the rules of any document are.
own_tables() { echo iptables ip6tables nft; }

# all_tables: where rules of ours could be: there, or in what was iptables before it was changed for its other kind.
all_tables() { echo "$(own_tables)" iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; }

# tables: what there is to do is done for each.
tables() { "${REDIRECT_BACKEND}_tables"; }
