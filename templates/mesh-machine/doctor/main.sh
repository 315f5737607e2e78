# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

when=after form=''
for word; do
  case ${word} in
    --before) when=before ;;
    --json) form=--json ;;
    *) usage ;;
  esac
done
{ is_root && [ -r "${etc}/mesh-machine.conf" ] && [ -r "${etc}/machine.env" ]; } || {
  say 'the doctor looks as root, on a machine that has the files of its document'
  exit 2
}
load_configuration

# look WHEN PART: look_at_PART beside all others, where it is for this time: "before", "after" or "always". Each is bounded by
# itself, and what one of them trips over is no matter to the others.
look() { case $1 in always | "${when}") "look_at_$2" || : & ;; *) ;; esac }

# The order is no matter: findings are told by their stage.
notes=$(
  look always clock
  look after agent
  look after proxy
  look always networks
  look always way
  look after spire_port
  look after process
  look after traffic
  wait
)
report "${notes}" ${form} || exit 1
