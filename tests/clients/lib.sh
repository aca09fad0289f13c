# What the suites of real clients share: the binary that they start.
# shellcheck shell=bash

# scimdb_binary: prints the path of the binary: the one that SCIMDB_BIN names (from the root of the project, if it is
# relative), or else one that is built first.
scimdb_binary() {
    if [[ -n "${SCIMDB_BIN:-}" ]]; then
        realpath "$SCIMDB_BIN"
        return
    fi
    cargo build --locked --bin scimdb --message-format json-render-diagnostics | python3 -c '
import json, sys
print(*(made["executable"] for made in map(json.loads, sys.stdin) if made.get("executable")))'
}

# corpus COMMAND…: runs the corpus through a driver that is a client of gRPC, on a server that the runner starts.
corpus() {
    cargo test --locked --quiet --test drive -- --grpc "$@"
}
