#!/bin/sh
# Upgrades a machine again and again, and kills "mesh-machine upgrade" before one of the commands by which it changes
# something: each time before another one. Runs in a root of its own (in-root.sh), where systemd and the download server
# are stand-ins that do as they are told by files below /srv.
#
#   usage: upgrade.sh FROM TO EXIT FIRST STEP    folders with the files before and after, how an upgrade that nobody
#                                                kills ends, and which calls it is killed at
set -eu
from=$1 to=$2
state='/etc/linkerd /etc/spire /etc/systemd /etc/sysusers.d /opt /usr/local/sbin /var/lib/linkerd /run/mesh-machine /srv/systemd'

# --- stand-ins

stub() { printf '#!/bin/sh\n%s\n' "$2" >"/usr/local/sbin/$1"; chmod 755 "/usr/local/sbin/$1"; }

# What the machine's systemd would do: a proxy that starts runs what "current" and its settings say at that moment.
stub systemctl 'proxy() {
  . /srv/tick
  if grep -q soon /etc/linkerd/mesh.env; then echo failed; else echo active; fi >/srv/systemd/proxy
  cat /opt/linkerd/current/linkerd2-proxy /etc/linkerd/mesh.env /etc/linkerd/machine.env | sha256sum >/srv/systemd/running
}
case $* in
  --version) echo systemd 252 ;;
  *"is-active linkerd-proxy") grep -q active /srv/systemd/proxy ;;
  *is-active*) exit 3 ;;
  *SubState*linkerd-proxy) cat /srv/systemd/proxy ;;
  *ExecMainStatus*) if grep -q failed /srv/systemd/proxy; then echo 64; else echo 0; fi ;;
  *"try-restart linkerd-proxy.service") proxy ;;
  *"start linkerd-mesh.target") grep -q active /srv/systemd/proxy 2>/dev/null || proxy ;;
  *) . /srv/tick ;;
esac'
stub curl 'for last; do :; done
case $* in
  */ready) if grep -q active /srv/systemd/proxy; then echo "HTTP/1.1 200 OK"; fi ;;
  *) while [ "$1" != -o ]; do shift; done; cp "/srv/www/${last##*/}" "$2" ;;
esac'
# Its certificate, and the port behind it.
stub openssl 'case $1 in x509)
  printf "%s\n" "Certificate will not expire" "notBefore=Jan  1 00:00:00 2020 GMT" "notAfter=Jan  1 00:00:00 2099 GMT" \
    "    URI:spiffe://root.linkerd.cluster.local/mixed-env/legacy-app" ;; esac'
perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(4143, INADDR_ANY)) or die; listen(S, 1); sleep' &
# The machine's own resolver.
stub ss 'echo "UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*"'
stub journalctl 'exit 0'
stub sleep 'exit 0'
stub sync '. /srv/tick'
for command in mv cp ln rm mkdir chmod tar systemd-sysusers; do
  stub "${command}" ". /srv/tick
exec $(PATH=/usr/bin:/usr/sbin command -v "${command}") \"\$@\""
done
# Before each call: the next number, and the end of it all where it is the one.
cat >/srv/tick <<'TICK'
count=$(($(cat /srv/count) + 1))
echo "${count}" >/srv/count
[ "${count}" != "$(cat /srv/at)" ] || kill -9 0
TICK
# Only mesh-machine finds them.
PATH=/usr/bin:/usr/sbin:/bin:/sbin

# --- what is looked at

# Every file with its sum, every link with where it leads, and what runs.
look() {
  for f in $(find /etc/linkerd /etc/spire/agent.json /etc/spire/bundle.pem /etc/systemd/system /etc/sysusers.d /usr/local/sbin \
    -type f -newer /srv/epoch | sort); do printf '%s %s\n' "$(stat -c '%a %U' "${f}") $(sha256sum <"${f}")" "${f}"; done
  for base in /opt/linkerd /opt/spire; do
    for v in $(ls "${base}"); do
      if [ -L "${base}/${v}" ]; then printf '%s -> %s\n' "${base}/${v}" "$(readlink "${base}/${v}")"; else echo "${base}/${v}"; fi
    done
  done
  cat /srv/systemd/running
}
# Any file is as it was or as it shall be, and what is in use can run.
whole() {
  for f in $(cd "${to}" && find . -type f | cut -c2-) $(cd "${from}" && find . -type f | cut -c2-); do
    cmp -s "${f}" "${to}${f}" || cmp -s "${f}" "${from}${f}" || wrong "${f} is neither old nor new"
  done
  /opt/linkerd/current/linkerd2-proxy || [ "$?" = 64 ] || wrong 'the proxy in use cannot run'
  /opt/spire/current/bin/spire-agent || wrong 'the agent in use cannot run'
}
wrong() { echo "not ok: ${step}: $*"; }
upgrade() { # NUMBER of the call to be killed at, 0 for none
  echo "$1" >/srv/at
  echo 0 >/srv/count
  code=0
  setsid -w /usr/local/sbin/mesh-machine upgrade >/srv/said 2>&1 || code=$?
}
reset() {
  rm -rf ${state}
  tar -xf /srv/joined.tar -C /
}
copy() { cp -a "${to}/." /; }

# --- the machine joins, and what both ends look like

echo 0 >/srv/count
echo 0 >/srv/at
touch -d '1 minute ago' /srv/epoch
mkdir -p /srv/systemd /run/mesh-machine /var/lib/linkerd
cp -a "${from}/." /
rm -f /etc/resolv.conf
echo 'nameserver 127.0.0.53' >/etc/resolv.conf
# The units would have done these.
touch /var/lib/linkerd/joined /run/mesh-machine/loaded
step=join
/usr/local/sbin/mesh-machine install >/srv/said 2>&1 || { cat /srv/said; wrong 'does not join'; exit 0; }
tar -cf /srv/joined.tar ${state} 2>/dev/null
look >/srv/look.old
copy
step='upgrade'
upgrade 0
[ "${code}" = "$3" ] || { cat /srv/said; wrong "exit ${code}, not $3"; }
look >/srv/look.new
[ "$3" = 0 ] || cmp -s /srv/look.old /srv/look.new || { diff /srv/look.old /srv/look.new; wrong 'not as before'; }
calls=$(cat /srv/count)

# --- killed before each of the calls

n=$4
while [ "${n}" -le "${calls}" ]; do
  step="killed before call ${n} of ${calls}"
  reset
  copy
  upgrade "${n}"
  [ "${code}" = 137 ] || wrong "exit ${code}: was not killed"
  whole
  # Every third is killed once more before it may go on.
  if [ $((n % 3)) = 0 ]; then upgrade $((n * 7 % 40 + 1)); whole; fi
  if [ "${code}" = 137 ]; then upgrade 0; fi
  look >/srv/look.now
  case ${code} in
    0) cmp -s /srv/look.now /srv/look.new || cmp -s /srv/look.now /srv/look.old || { diff /srv/look.now /srv/look.new; wrong 'is neither old nor new'; } ;;
    7) cmp -s /srv/look.now /srv/look.old || { diff /srv/look.now /srv/look.old; wrong 'went back to something else'; } ;;
    *) cat /srv/said; wrong "exit ${code}" ;;
  esac
  [ ! -e /var/lib/linkerd/upgrade ] || wrong 'is not done'
  echo "killed: ${n}, then exit ${code}"
  n=$((n + $5))
done
