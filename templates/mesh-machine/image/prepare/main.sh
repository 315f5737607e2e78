# shellcheck shell=sh disable=SC2034,SC2154,SC2310,SC2312
# What it was asked for.

if [ "$#" -ne 0 ]; then
  echo 'mesh-machine: prepare takes no arguments' >&2
  exit 2
fi
JOIN_TOKEN_FILE=''
stand_apart
trap 'rm -rf "${run}" ${work:+"${work}"}' EXIT
trap 'exit 143' TERM INT HUP
is_root || fail root
prepare_image
say 'prepared. When all else is in the image, seal it'
