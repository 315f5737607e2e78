# shellcheck shell=sh disable=SC2046,SC2154,SC2310,SC2312,SC3043
# SSH is never redirected: what sshd listens on, is configured and called for, and systemd listens on for it.

# ssh_ports SSHD: ports that are known, SSHD being what sshd says of itself.
ssh_ports() {
  {
    ss -Hltnp | sed -n '/"sshd"\|"dropbear"/s/^[^ ]* *[0-9]* *[0-9]* *[^ ]*:\([0-9]*\) .*/\1/p'
    # Sockets by their names and by what they start, also those that are still to listen.
    systemctl show -p Id -p Listen -p Triggers '*.socket' | sed -e '/./{H;$!d;}' -e 'x;/ssh\|dropbear/!d' |
      sed -n 's/.*:\([0-9]*\) (Stream).*/\1/p'
    # What sshd says of itself, OpenSSH 10 with capitals, and the options that it is started with.
    echo "$1" | cat - /etc/default/ssh /etc/default/dropbear /etc/sysconfig/sshd |
      grep -oiE '(-p *|port[= ]|^listenaddress.*:)"?[0-9]+' | grep -oE '[0-9]+$' || :
  } 2>/dev/null
}

# sshd_configuration: as sshd says it. Before it has been started since boot, -T misses its folder, which its unit would
# make; -G (OpenSSH 9.3) wants nothing.
sshd_configuration() {
  local folder
  sshd -G 2>/dev/null && return
  folder=$(sshd -T 2>&1 | tr -d '\r' | sed -n 's/^Missing privilege separation directory: //p')
  [ -z "${folder}" ] || mkdir -p "${folder}"
  sshd -T
}

# possible_ssh_ports: where sshd does not answer: each number that its files may mean, and 0 for those that no rule names.
possible_ssh_ports() {
  echo 0 22
  # shellcheck disable=SC2086
  grep -rhisE '^[[:space:]]*"?(port|listenaddress)' /etc/ssh /usr/etc/ssh \
    $(grep -rhisE '^[[:space:]]*"?include' /etc/ssh /usr/etc/ssh | tr -d '"=' | cut -c8-) | grep -oE '[0-9]+' || :
}

# refuse_ssh: where a rule would redirect a port of SSH.
refuse_ssh() {
  local ports table port sshd='' guesses='' reason=''
  if has sshd && ! sshd=$(sshd_configuration 2>&1); then
    guesses=$(possible_ssh_ports) reason="sshd -T fails (${sshd}), its port may be"
  fi
  ports=$(ssh_ports "${sshd}")
  for table in $(tables); do
    # shellcheck disable=SC2086
    for port in $(printf '%s\n' ${ports} ${guesses} | sort -un); do
      ! backend inbound "${table}" | redirects_port "${port}" ||
        fail ssh "${reason:-"sshd's port ${port} would be"}" "$(backend file "${table}")" "${port}"
    done
  done
}

# redirects_port PORT: walks the inbound rules on stdin as the kernel does for a connection to it that meets every
# requirement: somebody of the mesh may be who comes by SSH.
redirects_port() {
  local rule range
  while read -r rule; do
    case ${rule} in *return | *RETURN | *redirect* | *REDIRECT*) ;; *) continue ;; esac
    case ${rule} in
      *'dport '*)
        range=${rule##*dport }
        range=${range%% *}
        if [ "$1" -lt "${range%%[:-]*}" ] || [ "$1" -gt "${range##*[:-]}" ]; then continue; fi
        ;;
      *) ;;
    esac
    case ${rule} in
      *' REDIRECT'* | *redirect*) return 0 ;;
      # Exempts some connections only.
      *' -s '* | *' -d '* | *' -i '* | *' -m '* | *addr* | *iif*) ;;
      *) return 1 ;;
    esac
  done
  return 1
}
