#!/usr/bin/env bash
# Measures an import that is queued: N users, made on the fly and handed to `scimdb serve` as one request.
# benches/import_job.sh 1000000
#
# SCIMDB_PROFILE    activid, or plain: the endpoint beside the strict core (default activid)
# SCIMDB_KILLS      how often the server is killed in the middle, and started again (default 0)
# SCIMDB_PROGRAM    the program, built for release; without it, it is built first
# SCIMDB_BENCH_DIR  where the store is made (default: the directory for temporary files)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -z "${SCIMDB_PROGRAM:-}" ]]; then
    cargo build --release --quiet --bin scimdb
    SCIMDB_PROGRAM=${CARGO_TARGET_DIR:-target}/release/scimdb
fi
exec python3 benches/import_job.py "$SCIMDB_PROGRAM" "${1:-100000}" \
    --kills "${SCIMDB_KILLS:-0}" --profile "${SCIMDB_PROFILE:-activid}"
