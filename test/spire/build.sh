#!/bin/sh
# Builds spire-agent and spire-server, at the version go.mod names, into a
# directory. Does nothing when that directory already holds this very build:
# its stamp file names the sources built and the digests of both programs.
#
#   usage: test/spire/build.sh DIR
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

version=$(sed -n 's|^require github.com/spiffe/spire v||p' go.mod)
[ -n "$version" ] || die 'go.mod names no version of github.com/spiffe/spire'

# All that decides what comes out of the build, apart from the Go version.
stub=stub/ejbca-go-client-sdk
sum=$(cat go.mod go.sum build.sh "$stub/go.mod" "$stub/api/ejbca/ejbca.go" | sha256sum)
want="spire $version $(uname -m) ${sum%% *}"
stamp=$out/.spire-build
stamp_text() {
  printf '%s\n' "$want" && (CDPATH='' cd -- "$out" && sha256sum spire-agent spire-server)
}
if [ -x "$out/spire-agent" ] && [ -x "$out/spire-server" ] &&
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(stamp_text)" ]; then
  echo "spire $version is already in $out"
  exit 0
fi

# A Go that is too old must say so here, not fetch a newer one.
export GOTOOLCHAIN=local
need="SPIRE $version needs Go $min_go or later (Debian 12's golang-go is too old): unpack a Go release into /usr/local and put /usr/local/go/bin on PATH"
command -v go >/dev/null 2>&1 || die "there is no go command: $need"
have=$(CDPATH='' cd / && go env GOVERSION | sed -n 's/^.*go\([0-9][0-9.]*\).*$/\1/p')
[ -n "$have" ] || die "cannot tell which Go this is: $need"
lowest=$(printf '%s\n%s\n' "$min_go" "$have" | sort -V | head -n 1)
[ "$lowest" = "$min_go" ] || die "this is Go $have: $need"
cc=$(CDPATH='' cd / && go env CC)
command -v "${cc%% *}" >/dev/null 2>&1 ||
  die "there is no C compiler (${cc:-gcc}), which the server's SQLite needs: apt-get install gcc libc6-dev"

# Nothing of the caller's Go settings may change the build.
export GOWORK=off GOFLAGS=-mod=readonly
unset GOOS GOARCH

tmp=$(mktemp -d "$out/.spire-tmp.XXXXXX")
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

build() { # NAME CGO_ENABLED
  echo "building $1 $version"
  CGO_ENABLED=$2 go build -trimpath -ldflags '-s -w' -o "$tmp/$1" "github.com/spiffe/spire/cmd/$1"
  # With no release tag linked in, SPIRE calls itself "<version>-dev-unk".
  said=$("$tmp/$1" --version 2>&1)
  case $said in
    "$version" | "$version"-*) ;;
    *) die "$1 calls itself '$said', not $version" ;;
  esac
}

rm -f -- "$stamp"
build spire-agent 0
mv -f -- "$tmp/spire-agent" "$out/spire-agent"
build spire-server 1 # SQLite is C
mv -f -- "$tmp/spire-server" "$out/spire-server"
stamp_text >"$tmp/stamp"
mv -f -- "$tmp/stamp" "$stamp"
echo "spire $version is in $out"
