#!/usr/bin/env bash
# Measures what a get and a search cost through every face: builds the C library and the benches of the bindings, and runs the
# bench `facade` with them. Arguments are handed on to it: `benches/facade.sh --json facade.json`.
#
# A bench that cannot be built ends the run before anything is measured. A face that the arguments name by
# `--face NAME=COMMAND` is not built.
#
# SCIMDB_PREFIX  where the C library is installed, built for release; without it, it is built and installed first
# SCIMDB_FACES   only these, with spaces between: c cpp python node go java; what is not named here is left out
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
made=$root/target/facade
mkdir -p "$made"

if [[ -z "${SCIMDB_PREFIX:-}" ]]; then
    SCIMDB_PREFIX=$root/target/prefix
    make -C bindings/c install PREFIX="$SCIMDB_PREFIX"
fi
SCIMDB_PREFIX=$(realpath "$SCIMDB_PREFIX")
export SCIMDB_PREFIX PKG_CONFIG_PATH="$SCIMDB_PREFIX/lib/pkgconfig"
export LD_LIBRARY_PATH="$SCIMDB_PREFIX/lib" SCIMDB_LIBRARY="$SCIMDB_PREFIX/lib/libscimdb.so"

# bench_…: each builds the bench of a binding, and prints the command that runs it.

# shellcheck disable=SC2046
bench_c() {
    cc -std=c11 -D_GNU_SOURCE -O2 -o "$made/c" bindings/c/bench/bench.c $(pkg-config --cflags --libs scimdb jansson)
    printf '%s\n' "$made/c"
}

# shellcheck disable=SC2046
bench_cpp() {
    c++ -std=c++17 -O2 -Ibindings/cpp -o "$made/cpp" bindings/cpp/bench/bench.cpp $(pkg-config --cflags --libs scimdb)
    printf '%s\n' "$made/cpp"
}

bench_python() {
    python3 -m venv "$made/python"
    "$made/python/bin/python" -m pip install --quiet --disable-pip-version-check ./bindings/python >&2
    printf '%s bindings/python/bench/bench.py\n' "$made/python/bin/python"
}

bench_node() {
    (cd bindings/node && npm ci --silent --ignore-scripts --no-audit --no-fund && npm run --silent build) >&2
    printf 'node bindings/node/bench/bench.mjs\n'
}

bench_go() {
    local program
    program=$(type -P go) || program=/usr/local/go/bin/go
    (cd bindings/go && "$program" build -o "$made/go" ./bench) >&2
    printf '%s\n' "$made/go"
}

bench_java() {
    bash bindings/java/build.sh >&2
    printf 'bash bindings/java/bench/bench\n'
}

declare -A names=([c]=C [cpp]=C++ [python]=Python [node]=Node [go]=Go [java]=Java) given=()
arguments=("$@")
for ((i = 0; i + 1 < ${#arguments[@]}; i++)); do
    [[ ${arguments[i]} != --face ]] || given[${arguments[i + 1]%%=*}]=1
done
faces=() broken=()
for face in ${SCIMDB_FACES:-c cpp python node go java}; do
    if [[ -z "${names[$face]:-}" ]]; then
        printf 'SCIMDB_FACES names %s, which is no face\n' "$face" >&2
        exit 2
    fi
    [[ -z "${given[${names[$face]}]:-}" ]] || continue
    # A function called as a condition would go on after what fails: it has a shell of its own, and its status is looked at.
    set +e
    command=$(
        set -e
        "bench_$face"
    )
    status=$?
    set -e
    if ((status == 0)); then
        faces+=(--face "${names[$face]}=$command")
    else
        broken+=("$face")
    fi
done
if ((${#broken[@]} > 0)); then
    printf 'These benches cannot be built here, and SCIMDB_FACES does not leave them out: %s\n' "${broken[*]}" >&2
    exit 1
fi
cargo bench --locked --bench facade -- "${faces[@]}" "$@"
