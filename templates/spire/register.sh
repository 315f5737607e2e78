#!/bin/sh
# Brings the registration entries of entries.json, beside this file, to a SPIRE server. May be run again: what is there already stays
# as it is. Nothing is removed: entries of meshjoin that are no longer in the document are listed with the command that removes them.
# Made by meshjoin; needs SPIRE 1.8.0 or later, and sh, sed, grep and coreutils here.
#
#   usage: register [check] [FLAG ...]
#
# "check" changes nothing, and fails where something would change. Flags go to every call of spire-server, such as
# "-socketPath /run/spire/server/api.sock". SPIRE_SERVER is what to call in its place, such as "kubectl exec -i -n spire spire-server-0
# -- /opt/spire/bin/spire-server".
set -eu
export LC_ALL=C

spire_server=${SPIRE_SERVER:-spire-server}
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
only_check=
if [ "${1:-}" = check ]; then
  only_check=1
  shift
fi

die() {
  echo "register: $*" >&2
  exit 1
}

for file in entries.json entries.txt; do
  [ -r "$folder/$file" ] || die "$folder/$file is missing: copy the whole folder"
done

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM
tab=$(printf '\t')

# What the server has of ours, as entries.txt has it: ID, label and value of each line of "entry show".
ask() { # FILE [FLAG ...]
  shown=$1
  shift
  # shellcheck disable=SC2086 # it may be several words
  $spire_server entry show -output pretty "$@" </dev/null >"$work/listing" || die 'the SPIRE server does not answer: see above'
  grep -q '^Found [0-9]' "$work/listing" || die 'spire-server prints something else than entries: is it SPIRE 1.8.0 or later?'
  sed -n \
    -e '/^Entry ID *: /{' -e 's///' -e 'h' -e 'd' -e '}' \
    -e '/^Revision *: /d' \
    -e '/^[A-Za-z0-9]/{' -e "s/^\\([^:]*[^: ]\\) *: /\\1$tab/" -e 't found' -e 'd' -e '}' \
    -e 'd' \
    -e ': found' -e 'G' -e "s/^\\(.*\\)\\n\\(.*\\)\$/\\2$tab\\1/" -e '/^meshjoin\./p' \
    "$work/listing" | sort >"$shown"
}

# Sorts what is to be done into missing, changed and surplus, by ID.
compare() {
  comm -23 "$work/wanted" "$work/shown" | cut -f 1 >"$work/differs"
  comm -13 "$work/wanted" "$work/shown" | cut -f 1 >>"$work/differs"
  cut -f 1 "$work/shown" | sort -u >"$work/ids"
  comm -23 "$work/wanted.ids" "$work/ids" >"$work/missing"
  comm -13 "$work/wanted.ids" "$work/ids" >"$work/surplus"
  sort -u "$work/differs" | comm -12 - "$work/ids" | comm -12 - "$work/wanted.ids" >"$work/changed"
}

# Hands entries to the server, some hundreds at a time: a message to it may have 4 MB.
send() { # create|update FILE-OF-IDS [FLAG ...]
  verb=$1
  ids=$2
  shift 2
  [ -s "$ids" ] || return 0
  sed -e 's/^/{"entry_id":"/' -e 's/$/",/' "$ids" >"$work/begins"
  grep -F -f "$work/begins" "$folder/entries.json" | sed 's/,$//' >"$work/lines"
  rm -f "$work"/part.*
  split -a 4 -l 500 "$work/lines" "$work/part."
  for part in "$work"/part.*; do
    # shellcheck disable=SC2086
    { echo '{"entries": ['; sed '$!s/$/,/' "$part"; echo ']}'; } |
      $spire_server entry "$verb" -data - "$@" >>"$work/log" 2>&1 || true
  done
}

tell() { # WORDS FILE-OF-IDS
  while IFS= read -r id; do echo "$1 $id"; done <"$2"
}

sort "$folder/entries.txt" >"$work/wanted"
cut -f 1 "$work/wanted" | sort -u >"$work/wanted.ids"
: >"$work/log"
ask "$work/shown" "$@"
compare
mv "$work/missing" "$work/created"
mv "$work/changed" "$work/updated"
failed=

if [ ! -s "$work/created" ] && [ ! -s "$work/updated" ]; then
  echo "nothing to change: $(($(wc -l <"$work/wanted.ids"))) on the server, as in the document"
elif [ -n "$only_check" ]; then
  tell 'would create' "$work/created"
  tell 'would update' "$work/updated"
  failed=1
else
  send create "$work/created" "$@"
  send update "$work/updated" "$@"
  # What it says is not what counts: what it has does.
  ask "$work/shown" "$@"
  compare
  sort "$work/missing" "$work/changed" >"$work/left"
  comm -23 "$work/created" "$work/left" >"$work/done"
  tell created "$work/done"
  comm -23 "$work/updated" "$work/left" >"$work/done"
  tell updated "$work/done"
  if [ -s "$work/left" ]; then
    failed=1
    tell 'register: not as the document has it:' "$work/left" >&2
    grep -E '^(Failed|Error|rpc)|code: |already exists' "$work/log" | sort -u >&2 || cat "$work/log" >&2
    if grep -q 'similar entry already exists' "$work/log"; then
      echo 'register: the same parent, SPIFFE ID and selectors are there already, in an entry that was made by hand. Find its ID, remove it' >&2
      echo 'register: with "spire-server entry delete -entryID ID", and run this again:' >&2
      while IFS= read -r id; do
        sed -n "s/^$id${tab}SPIFFE ID$tab\(.*\)\$/  spire-server entry show -spiffeID '\1'/p" "$work/wanted" >&2
      done <"$work/missing"
    fi
  fi
fi

if [ -s "$work/surplus" ]; then
  echo 'made by meshjoin and not in this document; to remove them, unless another document of this server has them:'
  sed "s/.*/  spire-server entry delete -entryID '&'/" "$work/surplus"
fi
[ -z "$failed" ]
