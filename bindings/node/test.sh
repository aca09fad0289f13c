#!/usr/bin/env bash
# Builds the npm package, installs it in an empty project, and tests it there: `bash bindings/node/test.sh`.
#
# SCIMDB_PREFIX    where the C library is installed; without it, it is made: target/prefix
# FEATURES         what the library is built with (default ffi,server): without server, the tests expect that it serves nothing
# SCIMDB_CI_CACHE  where Python's packages are installed (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh

# The library must be the one that the package carries.
unset SCIMDB_LIBRARY
# What is left out for want of a server is left out where this says so, and nowhere else.
FEATURES=${FEATURES:-ffi,server}
unset SCIMDB_WITHOUT_SERVER
[[ ,$FEATURES, == *,server,* ]] || export SCIMDB_WITHOUT_SERVER=1
if [[ -z "${SCIMDB_PREFIX:-}" ]]; then
    SCIMDB_PREFIX=$PWD/target/prefix
    make -C bindings/c install PREFIX="$SCIMDB_PREFIX" FEATURES="$FEATURES"
fi
SCIMDB_PREFIX=$(realpath "$SCIMDB_PREFIX")
export SCIMDB_PREFIX
work=$PWD/target/node
project=$work/project
quiet=(--silent --ignore-scripts --no-audit --no-fund)

# The tarball, compiled and with the library in it.
package() {
    rm -rf "$work" bindings/node/dist
    mkdir -p "$work"
    npm ci "${quiet[@]}" --prefix bindings/node
    (cd bindings/node && npm run --silent build && node scripts/gather.js && npm pack --silent --ignore-scripts --pack-destination "$work")
}

# A project that has nothing but the tarball and what the tests need.
install() {
    mkdir -p "$project/example"
    cp bindings/node/tests/{package*.json,tsconfig.json,*.mjs,*.ts} bindings/node/bench/bench.mjs "$project"
    cp examples/node/*.js examples/node/package.json "$project/example"
    npm ci "${quiet[@]}" --prefix "$project"
    (cd "$project" && npm install "${quiet[@]}" --no-save "$work"/scimdb-*.tgz)
}

types() {
    (cd "$project" && npx --no-install tsc --project tsconfig.json)
}

tests() {
    SCIMDB_README=$PWD/bindings/node/README.md node --test --test-reporter spec --test-timeout 120000 "$project"/*.test.mjs
}

corpus() {
    cargo test --quiet --test drive -- node "$project/driver.mjs"
}

conformance() {
    mapfile -t packages < <(grep -v '^#' tests/conformance/requirements.txt)
    node "$project/conformance.mjs" "$(dirname "$(python_tool "${packages[@]}")")/scim"
}

example() {
    python3 examples/provision.py --run node "$project/example/server.js"
}

bench() {
    python3 benches/facade_check.py --form await node "$project/bench.mjs"
}

section package
section install
section types
section tests
section corpus
section conformance
section example
section bench
summary
