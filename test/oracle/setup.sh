#!/bin/sh
# Brings what the readers tier needs onto a Debian 12 (or later) host, as root: packages, two root file systems,
# environments of Ansible, real SPIRE, newest and oldest, and Kubernetes' API server. A second run takes a second. The tests
# call it themselves.
#
#   usage: test/oracle/setup.sh
#
# MESHJOIN_CACHE is where all but the packages goes, /var/cache/meshjoin-test by default.
set -eu

die() {
  echo "setup.sh: $*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || die 'the readers tier needs root: it mounts copies of Debian and loads rules in network namespaces'
cache=${MESHJOIN_CACHE:-/var/cache/meshjoin-test}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# command:package
needed='mmdebstrap:mmdebstrap shellcheck:shellcheck flock:util-linux unshare:util-linux ip:iproute2 dash:dash nft:nftables
bash:bash busybox:busybox gcc:gcc iptables:iptables python3:python3
openssl:openssl ssh-keygen:openssh-client setpriv:util-linux swtpm:swtpm swtpm_setup:swtpm-tools tpm2:tpm2-tools
etcd:etcd-server dnsmasq:dnsmasq-base'

missing=
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
/usr/bin/python3 -c 'import apt' 2>/dev/null || missing="$missing python3-apt"
[ -f /usr/include/stdlib.h ] || missing="$missing libc6-dev"
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || die "this is not Debian; what is missing:$missing"
  echo "installing$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # shellcheck disable=SC2086 # a list of package names
  apt-get install -y -qq --no-install-recommends $missing >&2
fi

"$here/../setup/roots.sh" >/dev/null
"$here/../setup/ansible.sh" >/dev/null
mkdir -p -- "$cache"
(
  flock 9
  "$here/../spire/build.sh" "$cache/spire"
  "$here/../spire/oldest/build.sh" "$cache/spire-oldest"
) 9>"$cache/.spire.lock" >&2
(
  flock 9
  "$here/../kubernetes/build.sh" "$cache/kubernetes"
) 9>"$cache/.kubernetes.lock" >&2
(
  flock 9
  # python-hcl2 reads what Packer does.
  [ -e "$cache/hcl/.whole" ] || {
    rm -rf -- "$cache/hcl"
    python3 -m venv "$cache/hcl" >&2
    "$cache/hcl/bin/pip" install --quiet --disable-pip-version-check python-hcl2==8.1.4 >&2
    : >"$cache/hcl/.whole"
  }
) 9>"$cache/.hcl.lock"
(
  flock 9
  # Prometheus reads what is made for it. Unpacked rather than installed: its service must not run here.
  [ -e "$cache/prometheus/.whole" ] || {
    rm -rf -- "$cache/prometheus"
    mkdir -p -- "$cache/prometheus"
    cd -- "$cache/prometheus"
    # The folder is root's alone, so root fetches.
    fetch() { apt-get -qq -o APT::Sandbox::User=root download prometheus >&2; }
    fetch || { apt-get update -qq >&2 && fetch; }
    dpkg-deb -x prometheus_*.deb .
    rm -- prometheus_*.deb
    : >.whole
  }
) 9>"$cache/.prometheus.lock"
