# shellcheck shell=sh disable=SC1090,SC2154,SC2310,SC2312
# What it was asked for: by cloud-init once, by its unit after a failure and at the next boot. The mesh layer has a retry of its
# own before this one goes.

mkdir -p "${run}"
systemctl -q enable mesh-machine-fetch
if [ -e "${settings}" ]; then
  trap 'systemctl --no-block start mesh-machine-fetch' EXIT
  . "${settings}"
  fetch_layer
  trap - EXIT
  systemctl daemon-reload
fi
systemctl -q enable mesh-machine-join.timer
systemctl -q disable mesh-machine-fetch
rm /etc/systemd/system/mesh-machine-fetch.service "$0"
systemctl daemon-reload
exec mesh-machine install
