# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# A restart of the proxy, bounded. While it drains it takes nothing new, in or out, for as long as one connection lasts.

# drained COMMAND...: one that restarts a unit. Where that is the proxy, says first what will hold it up, and for how long.
drained() {
  local pid
  pid=$(property linkerd-proxy MainPID)
  if [ "$3" = linkerd-proxy.service ] && [ "${pid:-0}" -gt 0 ]; then
    optional mesh-machine-drain --wait "${wait}" || say_limit "${pid}"
    # It holds no lock of ours, and goes on where we are killed.
    if [ -n "${drain}" ]; then cut_off "${pid}" 8>&- & fi
  fi
  "$@"
}

# say_limit PID: of this proxy. What it began with counts, and not what its files say by now.
say_limit() {
  local limit="${drain:+${drain} s}"
  limit=${limit:-$(tr '\000' '\n' <"/proc/$1/environ" | sed -n 's/^LINKERD2_PROXY_SHUTDOWN_GRACE_PERIOD=//p')}
  say "the proxy restarts: while they last, but at most ${limit}, nothing new gets in or out"
}

# cut_off PID: this proxy, where it drains for longer than it may. Killed before its stop began, it would count as failed.
cut_off() {
  within 60 is_stopping "$1" || return 0
  within "${drain}" has_ended "$1" || {
    say "${drain} s are over: what is still open is cut off"
    kill -s KILL "$1" || :
  }
}

# is_stopping PID: or has already.
is_stopping() { has_ended "$1" || [ "$(property linkerd-proxy ActiveState)" = deactivating ]; }

# has_ended PID: whether this proxy has.
has_ended() { [ ! -d "/proc/$1" ]; }
