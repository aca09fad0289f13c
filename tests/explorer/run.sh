#!/usr/bin/env bash
# Tests the explorer's page in headless Chromium: `bash tests/explorer/run.sh`, with node's arguments.
# `bash tests/explorer/run.sh --picture` makes docs/explorer.png anew instead.
#
# SCIMDB_BIN       the binary to test; without it, one is built
# CHROMIUM         the browser; without it, the chromium or chrome of the system, which is installed where apt can
# SCIMDB_CI_CACHE  where what drives the browser is installed (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

# browser: prints the path of a browser, and installs one first where none is.
browser() {
    local name
    for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
        command -v "$name" && return
    done
    apt_install chromium fonts-inter fonts-jetbrains-mono
    command -v chromium
}

# packages: installs what the lock file names; prints the folder of it.
packages() {
    local folder
    folder="$CI_CACHE/npm/explorer-$(cat tests/explorer/package*.json | cksum | cut -d' ' -f1)"
    if [[ ! -e "$folder/complete" ]]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        cp tests/explorer/package*.json "$folder"
        npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" >&2
        touch "$folder/complete"
    fi
    printf '%s\n' "$folder/node_modules"
}

CHROMIUM=$(browser)
SCIMDB_BIN=$(scimdb_binary)
NODE_PATH=$(packages)
export CHROMIUM SCIMDB_BIN NODE_PATH
if [[ "${1:-}" == --picture ]]; then
    node tests/explorer/picture.js
    "$(python_tool pillow==12.3.0)" tests/explorer/smaller.py docs/explorer*.png
    exit
fi
node --test --test-reporter spec --test-timeout 300000 "$@" tests/explorer/*.test.js
