#!/bin/sh
# Prints the ExternalWorkload of a machine whose address, or name, is found when it boots. Made by meshjoin.
#
#   usage: register.sh MACHINE ADDRESS [ADDRESS] | kubectl apply -f -
#          register.sh GROUP NAME ADDRESS [ADDRESS] | kubectl apply -f -
#
# The machine says both on its console, in its log and as "workload" in /run/mesh-machine/status.json, once it knows them. A group of
# instances wants the name of the instance; a machine that the document names has it already.
set -eu

usage() {
  sed -n 's/^#   usage: /usage: /p; s/^#          /       /p' "$0" >&2
  exit 2
}

die() {
  echo "register.sh: $*" >&2
  exit 1
}

[ $# -ge 2 ] || usage
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/at-boot
case $1 in */* | .* | '') usage ;; esac
template=$folder/$1.yaml
[ -r "$template" ] || die "there is no machine or group $1 that finds anything at boot: see $folder"
shift

name=
if grep -q '^  name: "{name}"$' "$template"; then
  name=$1
  shift
  case $name in
    *[!a-z0-9.-]* | '' | [.-]* | *[.-]) die "\"$name\" is not the name of a machine" ;;
  esac
fi
[ $# -eq 1 ] || [ $# -eq 2 ] || usage
for address do
  case $address in
    *[!0-9A-Fa-f.:]* | '') die "\"$address\" is not an address" ;;
  esac
done

# Names stand in the metadata above the labels, and in the spec; annotations may have braces of their own.
sed \
  -e "/^metadata:\$/,/^  namespace: /s/{name}/$name/g" \
  -e "/^spec:\$/,\$s/{name}/$name/g" \
  -e "/^    - ip: \"{address}\"\$/{" \
  -e "s/{address}/$1/" \
  -e "${2:+p}" \
  -e "${2:+s/\"$1\"/\"$2\"/}" \
  -e '}' \
  "$template"
