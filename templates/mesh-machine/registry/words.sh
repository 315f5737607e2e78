# shellcheck shell=sh disable=SC2154,SC2310,SC2312,SC3043
# What a registry says, taken apart. All of it may be hostile: what is not of the expected letters counts as not said.

# is_address TEXT: whether it is an https address, without a user and without what means something to curl's configuration.
is_address() {
  case $1 in *[!!-~]* | *[\"\\]*) return 1 ;; *) ;; esac
  printf '%s\n' "$1" | grep -Eqx 'https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?].*)?'
}

# origin ADDRESS: its host and port, the latter only where it is not 443.
origin() { printf '%s\n' "$1" | sed 's|^https://\([^/?]*\).*|\1|; s|:443$||' | tr '[:upper:]' '[:lower:]'; }

# is_akin HOST REGISTRY: whether a token server may have the password for a registry: it is the registry's host, below it, or
# in the same domain, which is what is behind the first dot of the registry's host. A domain such as "com" or "co.uk" is
# everybody's.
is_akin() {
  local host="${1%:*}" registry="${2%:*}" domain
  [ "${host}" != "${registry}" ] || return 0
  case ${registry} in *[!0-9.]*) ;; *) return 1 ;; esac
  case ${host} in *."${registry}") return 0 ;; *) ;; esac
  domain=${registry#*.}
  case ${domain} in
    com.?? | co.?? | org.?? | or.?? | net.?? | ne.?? | gov.?? | go.?? | edu.?? | ac.??) return 1 ;;
    *.*) ;;
    *) return 1 ;;
  esac
  case ${host} in "${domain}" | *."${domain}") ;; *) return 1 ;; esac
}

# last_answer: of the header lines on stdin those of the last answer, without carriage returns.
last_answer() { tr -d '\r' | sed -n "/^HTTP\//!H; /^HTTP\//h; \${x;p;}"; }

# challenge KIND: of such lines, what the registry says of one way to log in. Says "yes" where that is nothing.
challenge() { sed -n "s/^[Ww][Ww][Ww]-[Aa]uthenticate: *$1\( .*\)\{0,1\}\$/yes\1/Ip" | head -n 1; }

# parameter NAME WORDS: one of a challenge, in quotes there.
parameter() { printf '%s\n' "$2" | sed -n "s/.*[ ,]$1=\"\([^\"]*\)\".*/\1/Ip"; }

# token: of a token server's answer on stdin. JSON may write a slash as "\/".
token() {
  tr '\t\r\n' '   ' | sed -n 's|\\/|/|g
    s|^ *{\(.*[,{ ]\)\{0,1\}"\(access_\)\{0,1\}token" *: *"\([A-Za-z0-9._~+/-]\{1,\}=*\)" *[,}].*|\3|p'
}

# escape: stdin as a value between the quotes of curl's configuration.
escape() { sed 's/[\\"]/\\&/g'; }
