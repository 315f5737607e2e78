#!/bin/sh
# Builds kube-apiserver and kubectl, of the release that go.mod names, into a
# directory. Does nothing when that directory already holds this very build:
# its stamp file names the sources built and the digests of both programs.
#
#   usage: test/kubernetes/build.sh DIR
set -eu

min_go=1.26.6

die() {
  echo "build.sh: $*" >&2
  exit 1
}

if [ $# -ne 1 ] || [ -z "$1" ]; then
  die 'usage: build.sh DIR'
fi
mkdir -p -- "$1"
out=$(CDPATH='' cd -- "$1" && pwd)
CDPATH='' cd -- "$(dirname -- "$0")"

version=$(sed -n 's|^require k8s.io/kubernetes ||p' go.mod)
[ -n "$version" ] || die 'go.mod names no version of k8s.io/kubernetes'

# All that decides what comes out of the build, apart from the Go version.
sum=$(cat go.mod go.sum build.sh cmd/*/main.go | sha256sum)
want="kubernetes $version $(uname -m) ${sum%% *}"
stamp=$out/.kubernetes-build
stamp_text() {
  printf '%s\n' "$want" && (CDPATH='' cd -- "$out" && sha256sum kube-apiserver kubectl)
}
if [ -x "$out/kube-apiserver" ] && [ -x "$out/kubectl" ] &&
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(stamp_text)" ]; then
  echo "kubernetes $version is already in $out"
  exit 0
fi

# A Go that is too old must say so here, not fetch a newer one.
export GOTOOLCHAIN=local
need="Kubernetes $version needs Go $min_go or later (Debian 12's golang-go is too old): unpack a Go release into /usr/local and put /usr/local/go/bin on PATH"
command -v go >/dev/null 2>&1 || die "there is no go command: $need"
have=$(CDPATH='' cd / && go env GOVERSION | sed -n 's/^.*go\([0-9][0-9.]*\).*$/\1/p')
[ -n "$have" ] || die "cannot tell which Go this is: $need"
lowest=$(printf '%s\n%s\n' "$min_go" "$have" | sort -V | head -n 1)
[ "$lowest" = "$min_go" ] || die "this is Go $have: $need"

# Nothing of the caller's Go settings may change the build.
export GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0
unset GOOS GOARCH

tmp=$(mktemp -d "$out/.kubernetes-tmp.XXXXXX")
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# One build for both: they share most of their packages. The API server does not start without the numbers of its release.
echo "building kube-apiserver and kubectl $version"
minor=${version#v1.}
at=k8s.io/component-base/version
linked="-X $at.gitVersion=$version -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*}"
rm -f -- "$stamp"
go build -trimpath -ldflags "-s -w $linked" -o "$tmp/" ./cmd/kube-apiserver ./cmd/kubectl
said=$("$tmp/kube-apiserver" --version 2>&1)
[ "$said" = "Kubernetes $version" ] || die "kube-apiserver calls itself '$said', not Kubernetes $version"
mv -f -- "$tmp/kube-apiserver" "$tmp/kubectl" "$out/"
stamp_text >"$tmp/stamp"
mv -f -- "$tmp/stamp" "$stamp"
echo "kubernetes $version is in $out"
