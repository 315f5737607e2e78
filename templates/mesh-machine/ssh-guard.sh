# shellcheck shell=sh disable=SC2034,SC2046,SC2153,SC2154,SC2310,SC2312
# SSH is never redirected: what sshd listens on, is configured and called for, and systemd listens on for it.

ssh_ports() {
  {
    ss -Hltnp | sed -n '/"sshd"\|"dropbear"/s/^[^ ]* *[0-9]* *[0-9]* *[^ ]*:\([0-9]*\) .*/\1/p'
    # Sockets by their names and by what they start, also those that are still to listen.
    systemctl show -p Id -p Listen -p Triggers '*.socket' | sed -e '/./{H;$!d;}' -e 'x;/ssh\|dropbear/!d' | sed -n 's/.*:\([0-9]*\) (Stream).*/\1/p'
    cat /etc/default/ssh /etc/default/dropbear /etc/sysconfig/sshd |
      grep -oE '(-p *|PORT=|Port[= ])"?[0-9]+' | grep -oE '[0-9]+$' || :
    echo "${said}" | sed -n 's/^port //p; s/^listenaddress .*:\([0-9]*\)$/\1/p'
  } 2>/dev/null
}

# Before it has been started since boot, -T misses its folder, which its unit would make; -G (OpenSSH 9.3) wants nothing.
sshd_says() {
  sshd -G 2>/dev/null && return
  folder=$(sshd -T 2>&1 | tr -d '\r' | sed -n 's/^Missing privilege separation directory: //p')
  [ -z "${folder}" ] || mkdir -p "${folder}"
  sshd -T
}

# Where sshd does not answer: each number that its files may mean, and 0 for those that no rule names.
ssh_guesses() {
  echo 0 22
  # shellcheck disable=SC2086
  grep -rhisE '^[[:space:]]*"?(port|listenaddress)' /etc/ssh /usr/etc/ssh \
    $(grep -rhisE '^[[:space:]]*"?include' /etc/ssh /usr/etc/ssh | tr -d '"=' | cut -c8-) | grep -oE '[0-9]+' || :
}

refuse_ssh() {
  what='' said='' guesses=''
  if has sshd && ! said=$(sshd_says 2>&1); then guesses=$(ssh_guesses) what="sshd -T fails (${said}), its port may be redirected"; fi
  ports=$(ssh_ports)
  # Not "t": sh has one of each name, and whoever calls may be in a loop over it.
  for table in $(tables); do
    # shellcheck disable=SC2086
    for port in $(printf '%s\n' ${ports} ${guesses} | sort -un); do
      ! inbound "${table}" | redirects "${port}" || fail 3 ssh "${what:-"sshd's port ${port} would be redirected"} by $(rules "${table}")" \
        'nothing was changed: it could lock you out' "${what:+mend that, or }take port ${port} out of the document's ports, or exempt it"
    done
  done
}

inbound() { if [ "$1" = nft ]; then sed '1,/chain inbound/d; /chain outbound/,$d' "$(rules nft)"; else grep '^-A MESHJOIN_INBOUND' "$(rules "$1")"; fi; }

# Walks the inbound rules on stdin as the kernel does for a connection to port $1 that meets every requirement: somebody
# of the mesh may be who comes by SSH.
redirects() {
  while read -r rule; do
    case ${rule} in *return | *RETURN | *redirect* | *REDIRECT*) ;; *) continue ;; esac
    case ${rule} in *'dport '*)
      range=${rule##*dport }
      range=${range%% *}
      if [ "$1" -lt "${range%%[:-]*}" ] || [ "$1" -gt "${range##*[:-]}" ]; then continue; fi ;;
    *) ;; esac
    case ${rule} in
      *' REDIRECT'* | *redirect*) return 0 ;;
      *' -s '* | *' -d '* | *' -i '* | *' -m '* | *addr* | *iif*) ;; # exempts some connections only
      *) return 1 ;;
    esac
  done
  return 1
}
