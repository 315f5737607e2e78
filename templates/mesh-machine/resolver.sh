# shellcheck shell=sh disable=SC2034,SC2310,SC2312
# Whom the machine asks for names.

# uses_stub: the proxy and everybody else ask the first server of /etc/resolv.conf, which has to be systemd-resolved. Sets
# port53: who listens there.
uses_stub() {
  port53=$(ss -Hlun sport = :53)
  case ${port53}:$(nameservers | head -n 1) in *127.0.0.53*:127.0.0.53) ;; *) return 1 ;; esac
}

# follow_resolver: the proxy reads /etc/resolv.conf once, at its start.
follow_resolver() {
  [ "$(nameservers)" = "$(cat /run/linkerd-proxy/nameservers 2>/dev/null || nameservers)" ] ||
    systemctl --no-block try-restart linkerd-proxy
}
