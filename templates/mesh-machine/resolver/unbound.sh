# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# unbound.

# unbound_folder: the one that it reads, by family of distributions; nothing where it reads neither.
unbound_folder() {
  sed -n 's|^[[:space:]]*include[a-z-]*:[[:space:]]*"\{0,1\}\(/etc/unbound/\(unbound\.\)\{0,1\}conf\.d\)/\*\.conf.*|\1|p' \
    /etc/unbound/unbound.conf 2>/dev/null | head -n 1
}

# unbound_file: where it reads ours. Also where that is no more.
unbound_file() {
  local folder
  folder=$(unbound_folder)
  echo "${folder:-/etc/unbound/unbound.conf.d}/linkerd-mesh.conf"
}

# unbound_reload: not with what would end it.
unbound_reload() { unbound-checkconf >/dev/null && systemctl reload-or-restart unbound; }
