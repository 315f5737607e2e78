#!/bin/sh
# mesh-machine-registry: fetches a layer of the proxy's image from its registry into a file. "mesh-machine install" calls it
# with the layer's address, the file, and where to note a failure. By meshjoin; see docs/proxy-binary.md.
#
# Exit: 0 fetched, 2 usage, 3 refused, 4 not to be had

# SC2154, SC1091: mesh-machine has the functions and the variables. SC2310, SC2312: questions are asked in conditions, where
# "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine

# curl's configuration with the login, and the one host that it is for: whoever asked for it.
login=''
login_of=''
