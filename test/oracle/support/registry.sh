#!/bin/sh
# Installs the proxy as "mesh-machine install" does, and nothing else of it, on this host with folders of its own: what it
# writes is seen by nobody else. The network is the host's, for a server on loopback.
#
#   usage: registry.sh FOLDER    with the machine's files below root/; leaves what there is afterwards in FOLDER
set -eu
if [ "${STAGE:-}" = '' ]; then STAGE=inside exec unshare --mount sh "$0" "$@"; fi
folder=$1
mkdir -p "${folder}/etc" "${folder}/work"
mount -t tmpfs tmpfs "${folder}/work"
mkdir "${folder}/work/upper" "${folder}/work/scratch"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=${folder}/work/upper,workdir=${folder}/work/scratch" /etc
for place in /run /opt /usr/local/sbin /var/lib; do mount -t tmpfs tmpfs "${place}"; done
cp -a "${folder}/root/." /

# Notes its words and its environment, as everybody could read them, and does not wait for a server that is down.
cat >/usr/local/sbin/curl <<'CURL'
#!/bin/sh
{ printf '%s\n' "$@"; tr '\0' '\n' </proc/$$/environ; } >>/run/public
exec /usr/bin/curl "$@" --retry 0
CURL
# What mesh-machine does between its checks and its units.
cat >/usr/local/sbin/mesh-machine-try <<'TRY'
. /usr/local/sbin/mesh-machine
trap finish EXIT
publish() { :; }
load_configuration
for_each_binary install_binary
for_each_binary use_binary
prune
TRY
chmod 755 /usr/local/sbin/*
code=0
sh /usr/local/sbin/mesh-machine-try >"${folder}/said" 2>&1 || code=$?
# What is there is not fetched again.
[ "${code}" -ne 0 ] || sh /usr/local/sbin/mesh-machine-try >>"${folder}/said" 2>&1 || code=$?
echo "${code}" >"${folder}/code"
cp /run/public "${folder}/public" 2>/dev/null || :
cp /run/mesh-machine/failure "${folder}/failure" 2>/dev/null || :
cd /opt
find linkerd -printf '%p %y %m %l\n' 2>/dev/null | sort >"${folder}/tree"
cat linkerd/current/linkerd2-proxy >"${folder}/binary" 2>/dev/null || :
