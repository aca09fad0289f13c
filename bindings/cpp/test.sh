#!/usr/bin/env bash
# Tests the C++ wrapper as it is installed: `bash bindings/cpp/test.sh`. Steps as arguments run those alone.
#
# Needs a C++17 compiler, make, pkg-config, valgrind, curl, Python 3, and the headers of nlohmann-json and cpp-httplib, which
# the tests and the example use; apt installs what is missing if this is root.
#
# SCIMDB_PREFIX  where the library is installed; without it, it is built and installed into target/prefix
# FEATURES       what the library is built with (default ffi,server): without server, the tests expect that it serves nothing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
ROOT=$PWD
HERE=$ROOT/bindings/cpp
OUT=$ROOT/target/bindings-cpp
CHECKS=("$HERE"/tests/{main,store,host,profiles,repositories}.cpp)
WARNINGS=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

tools() {
    local missing=()
    apt_tools pkg-config:pkg-config make:make
    command -v valgrind >/dev/null || missing+=(valgrind)
    command -v curl >/dev/null || missing+=(curl)
    pkg-config --exists nlohmann_json || missing+=(nlohmann-json3-dev)
    pkg-config --exists cpp-httplib || missing+=(libcpp-httplib-dev)
    [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
}

# compile SOURCE... -o PROGRAM ...
compile() {
    # shellcheck disable=SC2046 # the flags are words
    c++ -std=c++17 -g "${WARNINGS[@]}" "$@" $(pkg-config --cflags --libs scimdb nlohmann_json) -lpthread
}

# The header alone, by every compiler that is there: one at least.
headers() {
    local compiler standard tried=()
    printf '#include <scimdb.hpp>\nint main() {}\n' >"$OUT/alone.cpp"
    for compiler in g++ clang++; do
        command -v "$compiler" >/dev/null || continue
        tried+=("$compiler")
        for standard in c++17 c++20; do
            "$compiler" -std="$standard" "${WARNINGS[@]}" -fsyntax-only -I"$SCIMDB_PREFIX/include" "$OUT/alone.cpp"
        done
    done
    ((${#tried[@]} > 0)) || die 'Neither g++ nor clang++ is here to read the header: install one of them.'
    printf 'read by %s\n' "${tried[*]}"
}

plain() {
    compile "${CHECKS[@]}" -o "$OUT/check"
    "$OUT/check"
}

# A program that was built with the header of another ABI.
abi() {
    compile "$HERE/tests/abi.cpp" -o "$OUT/check-abi"
    "$OUT/check-abi"
}

sanitizers() {
    compile -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer "${CHECKS[@]}" \
        -o "$OUT/check-san"
    "$OUT/check-san"
}

memory() {
    compile "${CHECKS[@]}" -o "$OUT/check"
    valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --error-exitcode=1 \
        "$OUT/check"
}

corpus() {
    compile -O1 "$HERE/tests/driver.cpp" -o "$OUT/driver"
    cargo test --quiet --test drive -- "$OUT/driver"
}

# The first program in a language that the README shows.
program() {
    awk -v begin="^\140\140\140$1\$" '$0 ~ begin { on = 1; next } on && /^\140/ { exit } on' "$HERE/README.md"
}

# Ends the server that a step has left, whatever became of the step.
server=''
stop() {
    [[ -n $server ]] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=''
}
trap stop EXIT

# example_of NAME WORD: the first of the README's examples that has a word, as it stands there.
example_of() {
    awk -v word="$2" '/^\140\140\140/ { if (on && index(text, word)) { printf "%s", text; exit } on = !on; text = ""; next }
        on { text = text $0 "\n" }' "$HERE/README.md" >"$OUT/readme-$1.inc"
    [[ -s $OUT/readme-$1.inc ]] || die "the README shows no $1"
}

examples() {
    example_of hooks set_hooks
    example_of repositories set_repositories
    example_of queue options.queue
    example_of keys value_keys
    compile -I"$OUT" "$HERE"/tests/{main,readme}.cpp -o "$OUT/readme-examples"
    "$OUT/readme-examples" 2>"$OUT/readme-examples.log" || die "$(cat "$OUT/readme-examples.log")"
}

# The first program of the README, as it stands there but for its port: it takes a free one, and tells it.
readme() {
    examples
    program cpp >"$OUT/readme.cpp"
    grep -q 'web.listen("127.0.0.1", 8080)' "$OUT/readme.cpp"
    sed -i 's/web.listen("127.0.0.1", 8080)/std::cout << "port " << web.bind_to_any_port("127.0.0.1") << std::endl, web.listen_after_bind()/' \
        "$OUT/readme.cpp"
    # shellcheck disable=SC2046 # the flags are words
    c++ -std=c++17 -g "$OUT/readme.cpp" -o "$OUT/readme" $(pkg-config --cflags --libs scimdb cpp-httplib) -lpthread
    : >"$OUT/readme.out"
    (cd "$OUT" && rm -rf people && exec ./readme) >"$OUT/readme.out" &
    server=$!
    local port='' secret='' status wrong
    for _ in $(seq 600); do
        port=$(sed -n 's/^port //p' "$OUT/readme.out")
        [[ -z $port ]] || break
        sleep 0.1
    done
    secret=$(sed -n 's/.*"secret":"\([^"]*\)".*/\1/p' "$OUT/readme.out")
    # The port is bound: who comes before the program listens is let in when it does, or asks again.
    local url=http://127.0.0.1:$port/scim/v2/Users curl=(curl -s --retry 20 --retry-connrefused --retry-delay 1 -w '%{http_code}')
    status=$("${curl[@]}" -o "$OUT/readme.json" -H "Authorization: Bearer $secret" "$url?count=1") || status=000
    wrong=$("${curl[@]}" -o /dev/null -H 'Authorization: Bearer wrong' "$url") || wrong=000
    stop
    [[ $status$wrong == 200401 ]] || die "the README's program answered $status, and $wrong without its token"
    grep -q totalResults "$OUT/readme.json"
    rm -rf "$OUT/people"
}

example() {
    make -s -C "$ROOT/examples/cpp"
    python3 examples/provision.py --run examples/cpp/people
    python3 examples/provision.py --people-file --run examples/cpp/people
}

bench() {
    compile -O2 "$HERE/bench/bench.cpp" -o "$OUT/bench"
    python3 benches/facade_check.py "$OUT/bench"
}

# What is left out for want of a server is left out where this says so, and nowhere else.
FEATURES=${FEATURES:-ffi,server}
unset SCIMDB_WITHOUT_SERVER
[[ ,$FEATURES, == *,server,* ]] || export SCIMDB_WITHOUT_SERVER=1
mkdir -p "$OUT"
tools
if [[ -z ${SCIMDB_PREFIX:-} ]]; then
    SCIMDB_PREFIX=$ROOT/target/prefix
    make -C "$ROOT/bindings/c" install "PREFIX=$SCIMDB_PREFIX" "FEATURES=$FEATURES"
fi
export SCIMDB_PREFIX
export PKG_CONFIG_PATH=$SCIMDB_PREFIX/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH=$SCIMDB_PREFIX/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
STEPS=(headers plain abi sanitizers memory corpus readme example bench)
[[ $# -eq 0 ]] || STEPS=("$@")
for step in "${STEPS[@]}"; do
    printf '== cpp: %s\n' "$step"
    "$step"
done
