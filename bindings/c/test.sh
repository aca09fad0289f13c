#!/usr/bin/env bash
# Tests the C library as it is installed: `bash bindings/c/test.sh`. Steps as arguments run those alone.
#
# Needs a C and a C++ compiler, make, pkg-config, valgrind, curl, Python 3, and the headers of jansson and libmicrohttpd,
# which the tests and the example use; apt installs what is missing if this is root.
#
# SCIMDB_PREFIX  where the library is installed; without it, it is built and installed into target/prefix
# FEATURES       what the library is built with (default ffi,server): without server, the tests expect that it serves nothing
# SCIMDB_PANIC   1: builds the library once more, to test what is left behind a panic
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
ROOT=$PWD
HERE=$ROOT/bindings/c
OUT=$ROOT/target/bindings-c
WARNINGS=(-Wall -Wextra -Wpedantic -Wshadow -Werror)

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

tools() {
    local missing=()
    apt_tools pkg-config:pkg-config make:make
    command -v valgrind >/dev/null || missing+=(valgrind)
    command -v curl >/dev/null || missing+=(curl)
    pkg-config --exists jansson || missing+=(libjansson-dev)
    pkg-config --exists libmicrohttpd || missing+=(libmicrohttpd-dev)
    [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
}

# The flags of a program that uses the installed library.
flags() {
    pkg-config --cflags --libs scimdb jansson
}

# compile SOURCE... -o PROGRAM ...
compile() {
    # shellcheck disable=SC2046 # the flags are words
    cc -std=c99 -D_GNU_SOURCE -g "${WARNINGS[@]}" "$@" $(flags) -lpthread
}

# The header alone, in every dialect, by every compiler that is there: one at least.
headers() {
    local compiler standard tried=()
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null || continue
        tried+=("$compiler")
        for standard in c99 c11 c17; do
            "$compiler" -std="$standard" "${WARNINGS[@]}" -fsyntax-only -x c "$SCIMDB_PREFIX/include/scimdb.h"
        done
        for standard in c++11 c++14 c++17 c++20; do
            "$compiler" -std="$standard" "${WARNINGS[@]}" -fsyntax-only -x c++ "$SCIMDB_PREFIX/include/scimdb.h"
        done
    done
    ((${#tried[@]} > 0)) || die 'Neither gcc nor clang is here to read the header: install one of them.'
    printf 'read by %s\n' "${tried[*]}"
}

# The library exports what the header declares, and nothing else; the list of both is in version control.
symbols() {
    local library=$SCIMDB_PREFIX/lib/libscimdb.so
    nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort | diff "$HERE/scimdb.symbols" -
    grep -v '^ *\(//\|\*\|/\*\)' "$SCIMDB_PREFIX/include/scimdb.h" | grep -oE '\bscimdb_[a-z_]+\(' | tr -d ' (' |
        LC_ALL=C sort -u | diff "$HERE/scimdb.symbols" -
    # Each that takes text is in the table of the test that gives it what is none.
    diff <(grep -v '^ *\(//\|typedef\)' "$SCIMDB_PREFIX/include/scimdb.h" | tr '\n' ' ' |
        grep -oE '\bscimdb_[a-z_]+\([^)]*\)' | sed -n 's/(.*, *size_t [a-z_]*_n,.*//p; s/(.*, *size_t [a-z_]*_n)$//p' |
        LC_ALL=C sort) \
        <(grep -oE '^    \{"scimdb_[a-z_]+"' "$HERE/tests/arguments.c" | tr -d ' {"' | LC_ALL=C sort)
    readelf -d "$library" | grep -qF 'Library soname: [libscimdb.so.0.1]'
    [[ $(readlink "$library") == libscimdb.so.0.1 ]]
    grep -qxF "version = \"$(pkg-config --modversion scimdb)\"" Cargo.toml
}

# Installed twice, where a space is in the path, and by a user who is not root.
install() {
    local stage place user=()
    # Whoever is not root may not see into the folders of one who is: everything is where all can read.
    stage=$(mktemp -d)
    chmod 755 "$stage"
    place=$stage/'a place'
    mkdir -p "$place" "$stage/tree/bindings" "$stage/built"
    cp -r "$ROOT/include" "$ROOT"/LICENSE-* "$stage/tree/"
    cp -r "$HERE" "$ROOT/bindings/cpp" "$stage/tree/bindings/"
    cp "$SCIMDB_PREFIX"/lib/libscimdb.{so,a} "$stage/built/"
    chmod -R a+rX "$stage"
    if [[ $(id -u) == 0 ]]; then
        apt_tools setpriv:util-linux
        chown 65534:65534 "$place"
        user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    fi
    local make=("${user[@]}" make -s -C "$stage/tree/bindings/c" "BUILT=$stage/built")
    "${make[@]}" install "PREFIX=$place/prefix"
    "${make[@]}" install "PREFIX=$place/prefix"
    printf '#include <scimdb.h>\n#include <stdio.h>\nint main(void) { return puts(scimdb_version()) < 0; }\n' >"$OUT/version.c"
    local PKG_CONFIG_PATH=$place/prefix/lib/pkgconfig
    # What pkg-config tells is for a shell to read: the space is quoted in it.
    eval "cc -o '$OUT/version' '$OUT/version.c' $(pkg-config --cflags --libs scimdb)"
    [[ $(LD_LIBRARY_PATH=$place/prefix/lib "$OUT/version") == 0.1.0 ]]
    diff <(cat "$ROOT"/LICENSE-*) <(cat "$place/prefix/share/doc/scimdb"/LICENSE-*)
    "${make[@]}" uninstall "PREFIX=$place/prefix"
    [[ -z $(find "$place/prefix" ! -type d) ]] || die "uninstall left: $(find "$place/prefix" ! -type d)"
    "${make[@]}" install PREFIX=/usr "DESTDIR=$place/stage"
    [[ -f $place/stage/usr/include/scimdb.h && -f $place/stage/usr/lib/libscimdb.so.0.1 ]]
    grep -qx 'prefix=/usr' "$place/stage/usr/lib/pkgconfig/scimdb.pc"
    rm -rf "$stage"
}

plain() {
    compile "$HERE"/tests/[!d]*.c -o "$OUT/check"
    "$OUT/check"
}

sanitizers() {
    local options=(-fno-sanitize-recover=all -fno-omit-frame-pointer)
    export UBSAN_OPTIONS=print_stacktrace=1
    compile -fsanitize=address,undefined "${options[@]}" "$HERE"/tests/[!d]*.c -o "$OUT/check-san"
    SCIMDB_CHECK_SLOW=1 ASAN_OPTIONS=detect_stack_use_after_return=1 "$OUT/check-san" -fork:
    # The allocator of GCC 12's address sanitizer does not mind fork(): a child waits for ever for a lock of it that another
    # thread of its parent held. What a child does to memory is valgrind's to see.
    compile -fsanitize=undefined "${options[@]}" "$HERE"/tests/[!d]*.c -o "$OUT/check-san"
    "$OUT/check-san" fork:
}

memory() {
    compile "$HERE"/tests/[!d]*.c -o "$OUT/check"
    local valgrind=(valgrind --quiet --error-exitcode=1)
    SCIMDB_CHECK_SLOW=1 "${valgrind[@]}" --leak-check=full --show-leak-kinds=definite,indirect \
        --errors-for-leak-kinds=definite,indirect "$OUT/check" -fork:
    # A child frees nothing of what its parent opened: no leak, though it looks like one.
    SCIMDB_CHECK_SLOW=1 "${valgrind[@]}" --leak-check=no "$OUT/check" fork:
}

# Linked statically: the library's part of it, so that the program needs no libscimdb.so.
static() {
    mkdir -p "$OUT/static"
    cp "$SCIMDB_PREFIX/lib/libscimdb.a" "$OUT/static"
    # shellcheck disable=SC2046 # the flags are words
    cc -std=c99 -D_GNU_SOURCE "${WARNINGS[@]}" "$HERE"/tests/[!d]*.c -o "$OUT/check-static" -L"$OUT/static" \
        $(pkg-config --static --cflags --libs scimdb jansson | sed 's/-lscimdb/-l:libscimdb.a/g') -lpthread
    if readelf -d "$OUT/check-static" | grep -q 'NEEDED.*scimdb'; then
        die 'the program still needs libscimdb.so'
    fi
    "$OUT/check-static" life
    rm -rf "$OUT/static"
}

# Calls that panic, in a library that is built so that some do: what unwinds must free what it held, too.
panic() {
    if [[ ${SCIMDB_PANIC:-} != 1 ]]; then
        printf 'LEFT OUT: a call that panics needs a library of its own; SCIMDB_PANIC=1 builds it, as .ci/run does\n'
        return 0
    fi
    local prefix=$OUT/panic-prefix
    CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}/panic" RUSTFLAGS='--cfg scimdb_test_panic' \
        make -s -C "$HERE" install "PREFIX=$prefix" PROFILE=dev FEATURES=ffi
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig compile "$HERE/tests/panic/main.c" "$HERE/tests/harness.c" -o "$OUT/check-panic"
    LD_LIBRARY_PATH=$prefix/lib "$OUT/check-panic"
    LD_LIBRARY_PATH=$prefix/lib SCIMDB_CHECK_SLOW=1 valgrind --quiet --error-exitcode=1 --leak-check=full \
        --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect "$OUT/check-panic"
    rm -rf "$prefix"
}

corpus() {
    compile -O1 "$HERE/tests/driver.c" -o "$OUT/driver"
    cargo test --quiet --test drive -- "$OUT/driver"
}

# The first program in a language that a page shows: the README, if none is named.
program() {
    awk -v begin="^\140\140\140$1\$" '$0 ~ begin { on = 1; next } on && /^\140/ { exit } on' "${2:-$HERE/README.md}"
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

# The program of the README, as it stands there: it serves SCIM.
readme() {
    program c >"$OUT/readme.c"
    compile "$OUT/readme.c" -o "$OUT/readme"
    if [[ -n ${SCIMDB_WITHOUT_SERVER:-} ]]; then
        printf 'LEFT OUT: the library has no server, and the program of the README serves\n'
        return 0
    fi
    : >"$OUT/readme.out"
    (cd "$OUT" && rm -rf people && exec ./readme) >"$OUT/readme.out" &
    server=$!
    local url='' secret='' status
    for _ in $(seq 600); do
        secret=$(sed -n 's/.*"secret":"\([^"]*\)".*/\1/p' "$OUT/readme.out")
        [[ -z $secret ]] || break
        sleep 0.1
    done
    read -r url _ <"$OUT/readme.out" || true
    status=$(curl -s -o "$OUT/readme.json" -w '%{http_code}' -H "Authorization: Bearer $secret" "$url/Users") || status=000
    stop
    [[ $status == 200 ]] || die "the README's program answered $status"
    grep -q totalResults "$OUT/readme.json"
    rm -rf "$OUT/people"
}

# The program of docs/C-ABI.md, which finds from its second start on what is there.
abi_page() {
    local start
    program c "$ROOT/docs/C-ABI.md" >"$OUT/abi-page.c"
    compile "$OUT/abi-page.c" -o "$OUT/abi-page"
    (cd "$OUT" && rm -rf people)
    for start in first second; do
        (cd "$OUT" && ./abi-page) | grep -qF '"totalResults":1' || die "the $start start of the program failed"
    done
    rm -rf "$OUT/people"
}

example() {
    make -s -C "$ROOT/examples/c"
    python3 examples/provision.py --run examples/c/people
    python3 examples/provision.py --people-file --run examples/c/people
}

bench() {
    compile -O2 "$HERE/bench/bench.c" -o "$OUT/bench"
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
    make -C "$HERE" install "PREFIX=$SCIMDB_PREFIX" "FEATURES=$FEATURES"
fi
export SCIMDB_PREFIX
export PKG_CONFIG_PATH=$SCIMDB_PREFIX/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH=$SCIMDB_PREFIX/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
STEPS=(headers symbols install plain sanitizers memory static panic corpus readme abi_page example bench)
[[ $# -eq 0 ]] || STEPS=("$@")
for step in "${STEPS[@]}"; do
    printf '== c: %s\n' "$step"
    "$step"
done
