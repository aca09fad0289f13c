#!/usr/bin/env bash
# What others say that SCIM is, and what nobody would send, against a started server: `bash tests/conformance/run.sh`.
#
# The names of suites as arguments run those alone:
#   tester        the checks of PyPI's scim2-tester, through scim2-cli; every one must pass
#   differential  the same random requests to us and to PyPI's scim2-server; differences are explained, or are bugs
#   random        random requests made from the schemas that the server describes; never a 5xx, always a SCIM error
#
# SCIMDB_BIN                   the binary to test; without it, one is built
# SCIMDB_CI_CACHE              where the packages are installed (default ~/.cache/scimdb-ci)
# SCIMDB_CONFORMANCE_SEED      what the random requests are made from (default 1)
# SCIMDB_CONFORMANCE_REQUESTS  how many requests each random suite sends (default: what fits a minute)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

suites=(tester differential random)
if (($# > 0)); then
    suites=("$@")
fi
for suite in "${suites[@]}"; do
    if [[ ! -e "tests/conformance/run_$suite.py" ]]; then
        printf 'There is no suite "%s".\n' "$suite" >&2
        exit 2
    fi
done

SCIMDB_BIN=$(scimdb_binary)
export SCIMDB_BIN PYTHONDONTWRITEBYTECODE=1
# The server as a process is the one of the clients' suites.
export PYTHONPATH=tests/clients/python:tests/conformance
mapfile -t packages < <(grep -v '^#' tests/conformance/requirements.txt)
python=$(python_tool "${packages[@]}")
for suite in "${suites[@]}"; do
    "$python" "tests/conformance/run_$suite.py"
done
