#!/usr/bin/env bash
# Tests a started server with the clients of gRPC for Node, and runs the corpus: `bash tests/clients/node/run.sh`. With
# arguments, the tests alone are run, with node's arguments.
#
# SCIMDB_BIN       the binary to test; without it, one is built
# SCIMDB_CI_CACHE  where the clients are installed (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

# packages: installs what the lock file names; prints the folder of it.
packages() {
    local folder
    folder="$CI_CACHE/npm/clients-$(cat tests/clients/node/package*.json | cksum | cut -d' ' -f1)"
    if [[ ! -e "$folder/complete" ]]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        cp tests/clients/node/package*.json "$folder"
        npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" >&2
        touch "$folder/complete"
    fi
    printf '%s\n' "$folder/node_modules"
}

SCIMDB_BIN=$(scimdb_binary)
NODE_PATH=$(packages)
export SCIMDB_BIN NODE_PATH
node --test --test-reporter spec --test-timeout 60000 "$@" tests/clients/node/*.test.js
if (($# == 0)); then
    corpus node tests/clients/node/driver.js
fi
