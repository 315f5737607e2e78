# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

case $*:$# in :0 | --json:1) ;; *) usage ;; esac
{ is_root && [ -r "${etc}/mesh-machine.conf" ] && [ -r "${etc}/machine.env" ]; } || {
  say 'the doctor looks as root, on a machine that has the files of its document'
  exit 2
}
load_configuration
findings='' told='' not_looked='' left='' ends='' shown=''
! look_at_agent || look_at_identities
look_at_proxy
look_at_clock
report "$@" || exit 1
