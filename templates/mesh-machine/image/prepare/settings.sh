#!/bin/sh
# Prepares this system to become an image: files, packages, users and programs of the mesh layer, its units enabled, nothing
# started. Runs once as root while the image is made, in the system itself or with chroot; may be run again, and a second run changes
# nothing. "root" and "manifest" are beside it. By meshjoin; see README.md above.

# SC1090, SC1091, SC2154: mesh-machine has the functions and the variables. SC2310, SC2312: as there. SC2034: its functions read
# what is set here.
# shellcheck disable=SC1090,SC1091,SC2034,SC2154,SC2310,SC2312

# By its name the program that is read below knows that it has not been called itself.
case $0 in mesh-machine-*) ;; *) exec sh -c '. "$1"' mesh-machine-prepare "$(readlink -f "$0")" "$@" ;; esac
here=${1%/*}
manifest=${here}/manifest
# Where the files are: beside, or brought to their places already.
overlay=''
[ ! -d "${here}/root" ] || overlay=${here}/root
if [ ! -r "${manifest}" ] || [ ! -r "${overlay}/usr/local/sbin/mesh-machine" ]; then
  echo "mesh-machine: root and manifest have to be in ${here}, beside this program: copy the whole folder" >&2
  exit 3
fi
. "${overlay}/usr/local/sbin/mesh-machine"
shift
