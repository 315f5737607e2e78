# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# Listens to the kernel, so that rules are back at once. Where this program is missing, the timer puts them back.

# watch_changes: the kernel tells of every change of nf_tables; legacy iptables has the timer only. Listens before it
# looks, so that nothing gets lost in between, and leaves a change a second for the rest of it. Sets listener, for its trap.
watch_changes() {
  local monitor='xtables-monitor -e'
  [ "${REDIRECT_BACKEND}" != nftables ] || monitor='nft monitor'
  has "${monitor%% *}" || return 0
  trap 'kill "${listener}" 2>/dev/null || :; finish' EXIT
  while :; do
    rm -f "${run}/events"
    mkfifo "${run}/events"
    exec 7<>"${run}/events"
    exec 6<"${run}/events"
    # shellcheck disable=SC2086
    stdbuf -oL ${monitor} >&7 2>/dev/null 6<&- 7>&- &
    listener=$!
    exec 7>&-
    sleep 1
    restore_rules
    grep -qm 1 'nat \|eshjoin\|MESHJOIN\|DEL table' <&6 || :
    kill "${listener}" 2>/dev/null || :
    wait "${listener}" 2>/dev/null || :
  done
}
