# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

when=after form='' file=''
while [ "$#" -gt 0 ]; do
  case $1 in
    --before) when=before ;;
    --json | --changes) form=$1 ;;
    --bundle)
      form=$1
      case ${2-} in '' | -*) file=${run}/support.tar.gz ;; /*) file=$2 ;; *) file=${OLDPWD}/$2 ;; esac
      case ${2-} in '' | -*) ;; *) shift ;; esac
      ;;
    *) usage ;;
  esac
  shift
done
{ is_root && [ -r "${etc}/mesh-machine.conf" ] && [ -r "${etc}/machine.env" ]; } || {
  say 'the doctor looks as root, on a machine that has the files of its document'
  exit 2
}
load_configuration

# look WHEN PART: look_at_PART beside all others, where it is for this time: "before", "after" or "always". Each is bounded by
# itself, and what one of them trips over is no matter to the others.
look() { case $1 in always | "${when}") "look_at_$2" 2>/dev/null || : & ;; *) ;; esac }

# The order is no matter: findings are told by their stage.
notes=$(
  look always files
  look always disks
  look always clock
  look always system
  look always resolver
  look always programs
  look always owners
  look always rules
  look always ssh
  look always firewall
  look always containers
  look before joining
  look after users
  look after units
  look after agent
  look after proxy
  look always networks
  look always way
  look after spire_port
  look after process
  look after traffic
  look after redirect
  look after applications
  wait
)
case ${form} in
  --changes) report_changes ;;
  --bundle) write_bundle "${file}" ;;
  *)
    report "${notes}" "${form}" || exit 1
    ;;
esac
