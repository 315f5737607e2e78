#!/bin/sh
# Takes away what must not be in an image: who this machine was, its identifiers, logs and the state of cloud-init. Runs last, as
# root, before the disk is captured; may be run again. By meshjoin; see README.md above.

# SC1090, SC1091, SC2154: mesh-machine has the functions and the variables. SC2310, SC2312: as there. SC2034: its functions read
# what is set here.
# shellcheck disable=SC1090,SC1091,SC2034,SC2154,SC2310,SC2312

# By its name the program that is read below knows that it has not been called itself.
case $0 in mesh-machine-*) ;; *) exec sh -c '. "$1"' mesh-machine-seal "$(readlink -f "$0")" "$@" ;; esac
if [ ! -r /usr/local/sbin/mesh-machine ]; then
  echo 'mesh-machine: there is no mesh layer here to seal: run prepare first' >&2
  exit 3
fi
. /usr/local/sbin/mesh-machine
shift
