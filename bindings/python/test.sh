#!/usr/bin/env bash
# Builds the wheel, installs it into environments of its own, and runs every test against it:
# `bash bindings/python/test.sh`.
#
# The names of steps as arguments run those alone: `bash bindings/python/test.sh wheel tests`.
#
# The library is in the wheel, so that SCIMDB_PREFIX is of no use here. Needs valgrind; apt installs it if this is root.
#
# CARGO_TARGET_DIR      where builds and environments are (default target)
# PYTHON                the Python to test with (default python3)
# SCIMDB_WHEEL_PROFILE  the Cargo profile of the library (default release; dev is built sooner)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
root=$PWD
here=$root/bindings/python
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/bindings/python
export CARGO_TARGET_DIR=$target PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$work"

# environment NAME REQUIREMENTS: makes a virtual environment with what a file lists, unless it is there.
environment() {
    local folder=$work/$1 wanted
    wanted=$(cksum <"$2")
    if [[ "$(cat "$folder/made-of" 2>/dev/null)" != "$wanted" ]]; then
        rm -rf "$folder"
        "${PYTHON:-python3}" -m venv "$folder"
        "$folder/bin/python" -m pip install --quiet -r "$2"
        printf '%s\n' "$wanted" >"$folder/made-of"
    fi
}

wheel() {
    # The versions of what the library depends on are those of scimdb.
    cp Cargo.lock "$here/Cargo.lock"
    rm -rf "$work/dist"
    (cd "$here" && PATH="$work/tests/bin:$PATH" VIRTUAL_ENV="$work/tests" \
        maturin build --profile "${SCIMDB_WHEEL_PROFILE:-release}" --out "$work/dist" 2>&1 | tail -n 5)
    "$work/tests/bin/python" -m pip install --quiet --force-reinstall --no-deps "$work"/dist/*.whl
    # An environment with nothing else: what the wheel needs, it must say itself.
    rm -rf "$work/clean"
    "${PYTHON:-python3}" -m venv "$work/clean"
    "$work/clean/bin/python" -m pip install --quiet "$work"/dist/*.whl
    printf '%s\n' '{"op":"hello"}' | "$work/clean/bin/python" "$here/tests/driver.py" | grep '"kind": "binding"'
}

lints() {
    (cd "$here" && "$work/tests/bin/ruff" check . ../../examples/python && "$work/tests/bin/ruff" format --check . &&
        "$work/tests/bin/mypy" && "$work/tests/bin/mypy" ../../examples/provision.py ../../examples/python/product.py)
}

tests() {
    (cd "$here" && "$work/tests/bin/python" -m pytest -q -p no:cacheprovider)
}

corpus() {
    cargo test --test drive -- "$work/tests/bin/python" "$here/tests/driver.py"
}

product() {
    "$work/tests/bin/python" examples/provision.py --run "$work/tests/bin/python" examples/python/product.py
}

conformance() {
    environment tester tests/conformance/requirements.txt
    SCIM_CLI=$work/tester/bin/scim "$work/tests/bin/python" "$here/tests/conformance/run.py"
}

memory() {
    apt_tools valgrind:valgrind
    bash "$here/tests/valgrind.sh" "$work/tests/bin/python"
}

# The bench, where nothing but the wheel is installed.
bench() {
    python3 benches/facade_check.py --form dict "$work/clean/bin/python" "$here/bench/bench.py"
}

steps=(wheel lints tests corpus product conformance memory bench)
if (($# > 0)); then
    steps=("$@")
fi
environment tests "$here/tests/requirements.txt"
for step in "${steps[@]}"; do
    printf -- '-- python: %s\n' "$step"
    "$step"
done
printf 'python: %s passed\n' "${steps[*]}"
