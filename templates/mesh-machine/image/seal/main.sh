# shellcheck shell=sh disable=SC2154,SC2310,SC2312
# What it was asked for.

if [ "$#" -ne 0 ]; then
  echo 'mesh-machine: seal takes no arguments' >&2
  exit 2
fi
stand_apart
trap 'rm -rf "${run}"' EXIT
trap 'exit 143' TERM INT HUP
is_root || fail root
load_configuration
seal_image
say 'sealed. Shut down and capture the disk: a boot before that makes it somebody again'
