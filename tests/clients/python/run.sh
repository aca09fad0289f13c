#!/usr/bin/env bash
# Tests a started server with Python's clients of gRPC, and runs the corpus: `bash tests/clients/python/run.sh`. With
# arguments, pytest alone is run with them.
#
# SCIMDB_BIN       the binary to test; without it, one is built
# SCIMDB_CI_CACHE  where the clients are installed (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

SCIMDB_BIN=$(scimdb_binary)
export SCIMDB_BIN PYTHONDONTWRITEBYTECODE=1
mapfile -t packages < <(grep -v '^#' tests/clients/python/requirements.txt)
python=$(python_tool "${packages[@]}")
(cd tests/clients/python && "$python" -m pytest -p no:cacheprovider --timeout 60 "$@")
if (($# == 0)); then
    corpus "$python" tests/clients/python/driver.py
fi
