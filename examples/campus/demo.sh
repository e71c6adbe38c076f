#!/usr/bin/env bash
# Shows the main job on a simulated campus: plan, apply, plan again, drift, heal. Everything happens on loopback addresses
# and in a temporary folder.
set -euo pipefail

camform=$(realpath "${1:-bin/camform}")
example=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
simulator=

finish() {
  if [ -n "$simulator" ]; then kill "$simulator" 2>/dev/null || true; wait "$simulator" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

say() { printf '\n\033[1m=== %s\033[0m\n' "$*"; }
run() { printf '$ camform %s\n' "$*"; "$camform" "$@"; }

# Passwords for this demonstration only, new each time.
password() { printf 'Aa1-%s' "$(od -An -N5 -tx1 /dev/urandom | tr -d ' \n')"; }
CAMERA_PASSWORD=$(password)
VIEWER_PASSWORD=$(password)
export CAMERA_PASSWORD VIEWER_PASSWORD

cp "$example"/main.cam.hcl "$work"
cd "$work"

say "A simulated campus: 24 cameras and recorders, every built-in model, each on its own address"
"$camform" simulate -net 127.10.0.0/16 -port "${DEMO_PORT:-18443}" -tls -count 24 -seed 7 \
  -inventory inventory.csv -ready ready &
simulator=$!
for _ in $(seq 1 300); do
  [ -e ready ] && break
  kill -0 "$simulator" 2>/dev/null || { echo "The simulator did not start." >&2; exit 1; }
  sleep 0.1
done
head -4 inventory.csv

say "init: create the state"
run init

say "plan: what would change? Nothing is written to any device"
run plan -out campus.plan

say "apply: carry out exactly that plan"
run apply campus.plan

say "plan again: nothing to do"
code=0; run plan -detailed-exitcode || code=$?
[ "$code" -eq 0 ] || { echo "Expected no changes, but plan exited with $code." >&2; exit 1; }

address=$(awk -F, '$6 == "V5.7.15" {print $2; exit}' inventory.csv)
path=/ISAPI/System/Network/UPnP
say "Somebody opens a camera to the internet without camform: UPnP on at $address, with curl"
device() { curl --silent --show-error --insecure --digest --user "admin:$CAMERA_PASSWORD" "$@"; }
device "$address$path" | sed '0,/<enabled>false/s//<enabled>true/' >upnp.xml
device --request PUT --header 'Content-Type: application/xml' --data-binary @upnp.xml "$address$path" |
  sed -n 's/.*<statusString>\(.*\)<.*/the camera says: \1/p'

say "drift: what did somebody change?"
code=0; run drift || code=$?
[ "$code" -eq 2 ] || { echo "Expected drift, but drift exited with $code." >&2; exit 1; }

say "apply: put it back"
run apply -auto-approve

say "drift: none left"
run drift

say "Done. Everything ran against simulated devices. Next: camform settings lists what you can set."
