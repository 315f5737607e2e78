# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312,SC3043
# The registry's HTTP API, as far as one layer needs it: /v2/<name>/blobs/<digest>. What comes is compared with the digest
# afterwards, by whoever asked; here it matters that no password and no token goes where it does not belong.

# request ADDRESS FILE BLOCKS SECONDS LINES: one request, whose answer is in FILE, at most so many times 512 bytes of it. The
# address may have a signature and the lines a password: by stdin, since everybody reads command lines. Redirects are not
# followed. Sets code, type and target.
request() {
  local said
  # Where the file is full, a write fails rather than kill.
  said=$(printf 'url = "%s"\n%s\n' "$1" "$5" | (
    trap '' XFSZ
    ulimit -f "$3"
    curl -qgsS --proto =https --connect-timeout 10 -Y 1000 -y 30 -m "$4" --retry 4 --retry-connrefused \
      --retry-max-time 60 ${PROXY_CA_FILE:+--cacert "${PROXY_CA_FILE}"} --suppress-connect-headers \
      -D "$2.headers" -o "$2" -w '%{http_code}\n%{content_type}\n%{redirect_url}\n' -K - 2>"$2.error"
  )) || {
    said=$(grep -am 1 '^curl:' "$2.error")
    case ${said} in *'(23)'*) said="it sends more than $(($3 / 2)) kB, or there is no room" ;; *) ;; esac
    fail registry "${1%%[?]*}" "${said}"
  }
  code=$(printf '%s\n' "${said}" | sed -n 1p)
  type=$(printf '%s\n' "${said}" | sed -n 2p)
  target=$(printf '%s\n' "${said}" | sed -n 3p)
}

# password_line: sets login to curl's line with user and password.
password_line() {
  local file="${PROXY_PASSWORD_FILE}" password
  [ -f "${file}" ] || fail registry-login "${file}" 'is not on this machine'
  case $(stat -Lc %a "${file}") in *00) ;; *) fail registry-login "${file}" 'is open to others than its owner: chmod 600' ;; esac
  password=$(cat "${file}")
  case ${password} in
    '' | *[[:cntrl:]]*) fail registry-login "${file}" 'is not one line with a password' ;;
    *) ;;
  esac
  login="user = \"$(printf '%s:%s' "${PROXY_USERNAME}" "${password}" | escape)\""
}

# reader: who asks, in words.
reader() { printf %s "${PROXY_USERNAME:-somebody without a password}"; }

# ask_for_token HOST NAME FILE WORDS: of the token server that the registry names, for no more than reading this image. The
# password goes only to one that is akin to the registry. Sets login.
ask_for_token() {
  local realm service scope token
  realm=$(parameter realm "$4")
  service=$(parameter service "$4")
  scope=$(parameter scope "$4")
  is_address "${realm}" || fail registry "https://$1" 'it names no https address of a token server'
  case ${service} in *[!A-Za-z0-9\ ._:/@-]*) fail registry "https://$1" 'the name of its service has strange letters' ;; *) ;; esac
  printf '%s\n' "${scope}" | grep -Eqx 'repository:[A-Za-z0-9._/-]+:pull' || scope=repository:$2:pull
  login=''
  if [ -n "${PROXY_USERNAME-}" ] && [ "$1" = "${registry}" ]; then
    is_akin "$(origin "${realm}")" "$1" ||
      fail registry-login "https://$1" "wants the password sent to $(origin "${realm}"), which is not akin to it"
    password_line
  fi
  request "${realm}" "$3" 128 60 "${login}
get
${service:+data-urlencode = \"service=${service}\"}
data-urlencode = \"scope=${scope}\""
  case ${code}:${login} in
    200:*) ;;
    40[13]:*) fail registry-login "${realm%%[?]*}" "gives $(reader) no token (${code})" ;;
    *) fail registry "${realm%%[?]*}" "the token server answers ${code}" ;;
  esac
  token=$(token <"$3")
  [ -n "${token}" ] || fail registry "${realm%%[?]*}" 'its answer has no token'
  login="header = \"Authorization: Bearer ${token}\""
}

# log_in HOST NAME FILE: as the answer asks for it: with a token, or else with the password, which is the registry's alone. Sets
# login and login_of.
log_in() {
  local answer words
  answer=$(head -c 65536 "$3.headers" | last_answer)
  words=$(printf '%s\n' "${answer}" | challenge Bearer)
  if [ -n "${words}" ]; then
    ask_for_token "$1" "$2" "$3" "${words}"
  elif [ -z "$(printf '%s\n' "${answer}" | challenge Basic)" ]; then
    fail registry "https://$1" 'it answers 401 and does not say how to log in'
  elif [ -z "${PROXY_USERNAME-}" ]; then
    fail registry-login "https://$1" 'wants a password, and the document has no username'
  elif [ "$1" != "${registry}" ]; then
    fail registry-login "https://$1" "wants a password, which is for ${registry} alone"
  else password_line; fi
  login_of=$1
}

# fetch_blob ADDRESS FILE: wherever the registry sends us, as long as it is https. A login is for the host
# that asked for it. Sets login and https_proxy.
fetch_blob() {
  local address="$1" turn host name registry
  name=${address#https://*/v2/} registry=$(origin "${address}")
  name=${name%/blobs/*}
  [ -z "${PROXY_HTTP_PROXY-}" ] || export https_proxy="${PROXY_HTTP_PROXY}"
  for turn in 1 2 3 4 5 6 7 8; do
    host=$(origin "${address}")
    [ "${host}" = "${login_of}" ] || login=''
    request "${address}" "$2" 1048576 900 "${login}"
    case ${code}:${login} in
      200:*)
        case ${type} in text/html*) fail registry "$1" 'what answers is a web page, not a layer' ;; *) return ;; esac
        ;;
      30[12378]:*)
        is_address "${target}" || fail registry "$1" 'it redirects to what is no https address'
        address=${target}
        ;;
      401:) log_in "${host}" "${name}" "$2" ;;
      40[13]:*)
        [ "${host}" != "${registry}" ] || fail registry-login "https://${host}" "does not let $(reader) read it (${code})"
        fail registry "$1" "${host} answers ${code}"
        ;;
      404:*) fail registry "$1" 'there is no such layer (404), or none for this user' ;;
      *) fail registry "$1" "${host} answers ${code}" ;;
    esac
  done
  fail registry "$1" 'it goes on redirecting'
}
