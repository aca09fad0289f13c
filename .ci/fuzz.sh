#!/usr/bin/env bash
# Builds the fuzz targets with coverage and the address sanitizer, and runs each from its committed corpus:
#
#     bash .ci/fuzz.sh [SECONDS [TARGET…]]      60 seconds and every target by default, one target per core
#
# Needs nightly Rust and a C++ compiler, nothing else: these are the flags that cargo-fuzz sets, without its minutes of
# compiling. A crash is left in fuzz/artifacts/TARGET/; mended, it becomes a file of fuzz/corpus/TARGET/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then
    for file in fuzz/fuzz_targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

host=$(rustc +nightly -vV | sed -n 's/^host: //p')
target_dir="${CARGO_TARGET_DIR:-$PWD/fuzz/target}/fuzz"
flags=(
    --cfg fuzzing
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Zsanitizer=address
    # The linker must not drop the tables of counters.
    -Ccodegen-units=1
)

began=$SECONDS
# What is fuzzed is built from the same releases as what is shipped; cargo adds libFuzzer to the copy.
cp Cargo.lock fuzz/Cargo.lock
# With --target, build scripts and macros are built without the flags, which are for what is fuzzed alone.
RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR="$target_dir" \
    cargo +nightly build --release --manifest-path fuzz/Cargo.toml --target "$host" "${targets[@]/#/--bin=}"
printf 'Built in %d s\n' $((SECONDS - began))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run_target NAME: what it finds on the way stays in a folder of this run; the committed corpus is only read.
run_target() {
    local name=$1 dictionary=()
    case $name in
        filter | path) dictionary=(-dict=fuzz/dictionaries/filter.dict) ;;
        patch | ingest | import_body) dictionary=(-dict=fuzz/dictionaries/json.dict) ;;
        profile) dictionary=(-dict=fuzz/dictionaries/profile.dict) ;;
        protocol) dictionary=(-dict=fuzz/dictionaries/protocol.dict) ;;
    esac
    mkdir -p "$work/$name" "fuzz/artifacts/$name"
    "$target_dir/$host/release/$name" "$work/$name" "fuzz/corpus/$name" "${dictionary[@]}" \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="fuzz/artifacts/$name/" -print_final_stats=1 -verbosity=1 >"$work/$name.log" 2>&1
}

# report NAME STATUS: one line for a target that held, everything for one that did not.
report() {
    local name=$1 status=$2 log="$work/$1.log" seeds
    seeds=$(find "fuzz/corpus/$name" -type f | wc -l)
    if ((status == 0)); then
        printf '%-8s held: %s inputs from %d seeds; %s\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seeds" \
            "$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)"
    else
        printf '%-8s FAILED with status %d\n' "$name" "$status"
        tail -n 60 "$log"
    fi
}

passed=0 failed=0
cores=$(nproc)
for ((first = 0; first < ${#targets[@]}; first += cores)); do
    pids=()
    for name in "${targets[@]:first:cores}"; do
        run_target "$name" &
        pids+=("$!:$name")
    done
    for entry in "${pids[@]}"; do
        status=0
        wait "${entry%%:*}" || status=$?
        report "${entry#*:}" "$status"
        if ((status == 0)); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
