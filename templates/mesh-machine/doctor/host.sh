# shellcheck shell=sh disable=SC2034,SC2046,SC2154,SC2310,SC2312,SC3043
# What is the matter with the machine itself, whether it has joined or not?

# look_at_files: those without which nothing starts. Without the two that the doctor reads itself it does not come so far.
look_at_files() {
  local file table
  for file in "${etc}/mesh.env" "${units}/linkerd-mesh.target" "${units}/linkerd-proxy.service" "${units}/linkerd-redirect.service" \
    $(for table in $(tables); do backend file "${table}"; done); do
    [ -r "${file}" ] || finding file-missing "${file}"
  done
}

# look_at_disks: of the folders that are written to, and of those with programs.
look_at_disks() {
  local folder found left
  for folder in /run "${state}" /opt/linkerd /opt/spire; do
    [ -d "${folder}" ] || folder=${folder%/*}
    found=$(mount_of "${folder}")
    case ",${found##* }," in *,ro,*) finding disk-read-only "${folder}" "${found}" ;; *) ;; esac
    case ${folder}:,${found##* }, in /opt*,noexec,*) finding mounted-noexec "${folder}" "${found}" ;; *) ;; esac
    left=$(df -Pk "${folder}" 2>/dev/null | sed 1d)
    case $(echo "${left}" | tr -s ' ' | cut -d' ' -f4) in
      ? | ?? | ???) finding disk-full "${folder}" "df -Pk: ${left}" ;;
      *) ;;
    esac
  done | sort -u
}

# look_at_clock: against the trust anchors, which are good by now. Containers have the clock of their host.
look_at_clock() {
  local said
  said=$(trust_anchors | openssl x509 -noout -startdate 2>/dev/null) || :
  said=${said#*=}
  if [ -n "${said}" ] && [ "$(date +%s)" -lt "$(date -d "${said}" +%s)" ]; then
    finding clock-wrong "$(date -u +%FT%TZ)" "the trust anchor begins $(utc "${said}")"
  fi
  ! systemd-detect-virt -qc || return 0
  said=$(timeout 3 timedatectl show -p NTP -p NTPSynchronized 2>/dev/null | tr '\n' ' ') || :
  case ${said} in
    *NTPSynchronized=no*) finding clock-unsynchronised "timedatectl: ${said% }" ;;
    *) ;;
  esac
}

# trust_anchors: those of the proxy.
trust_anchors() { sed -n "/^LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS='/,/'\$/{s/^[^']*'//;s/'\$//;p;}" "${etc}/mesh.env" 2>/dev/null; }

# look_at_system: packages, users, families.
look_at_system() {
  local address
  would_refuse missing-packages check_packages
  would_refuse uid-taken check_users
  has_ipv6 || for address in $(setting INBOUND_IPS | tr ',' ' '); do
    case ${address} in *:*) finding without-ipv-six "${address}" ;; *) ;; esac
  done
  would_refuse credentials refuse_cleared_credentials
}

# check_users: of both, what mesh-machine would refuse.
check_users() { for_each_user check_user; }

# look_at_users: whether they are there.
look_at_users() { for_each_user find_user; }

# find_user USER UID: says so where there is none of that number.
find_user() { getent passwd "$2" >/dev/null || finding user-missing "$1" "$2"; }

# look_at_resolver: whether this machine asks whom the document says, and that reads what it is handed.
look_at_resolver() { would_refuse 'resolver-stub resolver-other resolver-settings' check_provider; }

# look_at_joining: at what only matters as long as nothing is loaded.
look_at_joining() {
  would_refuse rules-refused try_rules
  [ -z "${JOIN_TOKEN_FILE}" ] || [ -s "${JOIN_TOKEN_FILE}" ] || has_joined || finding no-join-token "${JOIN_TOKEN_FILE}"
}
