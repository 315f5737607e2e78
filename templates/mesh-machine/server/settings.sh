#!/bin/sh
# mesh-machine-server: the SPIRE server that is on this machine, to try it out. By meshjoin; see docs/spire.md
#
#   (nothing) looks at the CA and brings the program; "mesh-machine install" calls it
#   enroll    registers this machine at its own server; a unit calls it before each start of the agent
#   leave     takes the server away; "mesh-machine leave" calls it
#
# Exit: 0 done, 1 failed, 2 usage, 3 refused, 4 download, 5 waits for the CA

# SC2154, SC1091: mesh-machine has the functions, mesh-machine.conf the variables. SC2310, SC2312: questions are asked in
# conditions, where "set -e" does not reach, and filters may come up empty. SC2034: functions of mesh-machine read what is
# set here.
# shellcheck disable=SC1091,SC2034,SC2154,SC2310,SC2312

. /usr/local/sbin/mesh-machine
server_state=/var/lib/spire-server
agent_data=/var/lib/spire-agent/agent-data.json
SERVER_PATH='' CA_BUNDLE_FILE=''
