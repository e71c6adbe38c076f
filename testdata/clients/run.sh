#!/usr/bin/env bash
# Runs clients that other people wrote against the simulated devices of a program: bash testdata/clients/run.sh bin/camform
set -euo pipefail
CAMFORM=$(realpath "$1")
export CAMFORM
cd "$(dirname "$0")"

skipped() { echo "SKIPPED: $1 were not tried: $2."; }

# Programs in Go that read plans. They are a module of their own, so that camform does not depend on them.
if go list -deps -test ./... >/dev/null 2>&1; then
  go vet ./...
  go test -count=1 ./...
elif go mod download github.com/hashicorp/terraform-json; then
  go list -deps -test ./... >/dev/null
  exit 1
else
  skipped "the clients in Go" "their modules cannot be downloaded"
fi

skip() {
  skipped "the clients in JavaScript" "$1"
  exit 0
}

command -v node >/dev/null && command -v npm >/dev/null || skip "node and npm are not installed"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || skip "$(node --version) is older than v20"
if ! cmp -s package-lock.json node_modules/installed; then
  if ! npm ci --ignore-scripts --no-audit --no-fund; then
    npm view hikvision-api version >/dev/null 2>&1 && exit 1
    skip "the npm registry does not answer"
  fi
  cp package-lock.json node_modules/installed
fi
exec node --test --test-force-exit clients.test.mjs formats.test.mjs
