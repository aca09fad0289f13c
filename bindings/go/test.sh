#!/usr/bin/env bash
# Tests the Go binding as its users have it: a module that another module gets from a proxy, and an installed C library.
#
# SCIMDB_PREFIX    where the library is installed (include, lib, lib/pkgconfig); without it, it is built and installed first
# SCIMDB_CI_CACHE  where Go is installed if there is none that is new enough (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
root=$PWD

module=github.com/scimdb/scimdb/bindings/go
work=${CARGO_TARGET_DIR:-$root/target}/go
mkdir -p "$work"

go=$(go_tool bindings/go/go.mod)
PATH=$(dirname "$go"):$PATH
# Modules come from the proxy that is made here, and from nowhere else.
export PATH GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off GOSUMDB=off GOPROXY="file://$work/proxy"
export GOMODCACHE="$work/modules"
go version

if [[ -z "${SCIMDB_PREFIX:-}" ]]; then
    SCIMDB_PREFIX=$root/target/prefix
    make -C bindings/c install PREFIX="$SCIMDB_PREFIX"
fi
SCIMDB_PREFIX=$(realpath "$SCIMDB_PREFIX")
export SCIMDB_PREFIX PKG_CONFIG_PATH="$SCIMDB_PREFIX/lib/pkgconfig" LD_LIBRARY_PATH="$SCIMDB_PREFIX/lib"

heading() { printf -- '-- %s\n' "$1"; }

heading 'formats and vet'
unformatted=$("$(go env GOROOT)/bin/gofmt" -l bindings/go examples/go)
if [[ -n "$unformatted" ]]; then
    printf 'gofmt says something about %s\n' "$unformatted"
    exit 1
fi
(cd bindings/go && go vet ./... && go vet -tags scimdb_static ./...)

heading 'the module, in a proxy'
[[ -d "$GOMODCACHE" ]] && go clean -modcache
rm -rf "$work/proxy" "$work/consumer" "$work/index"
# What would be committed, without what is ignored.
GIT_INDEX_FILE=$work/index git add bindings/go
tree=$(GIT_INDEX_FILE=$work/index git write-tree --prefix=bindings/go/)
# Go takes a version of a module for something that never changes, so that each state has one of its own.
version=v0.1.0-tree${tree:0:12}
versions=$work/proxy/$module/@v
mkdir -p "$versions"
git archive --format=zip --prefix="$module@$version/" --output="$versions/$version.zip" "$tree"
cp bindings/go/go.mod "$versions/$version.mod"
printf '{"Version":"%s","Time":"2026-01-01T00:00:00Z"}\n' "$version" >"$versions/$version.info"
printf '%s\n' "$version" >"$versions/list"

heading 'the README, in a module of its own'
mkdir "$work/consumer"
cd "$work/consumer"
go mod init example.com/consumer
go get "$module@$version"
# block PATTERN: the first block of Go in the README that has it.
block() {
    awk -v wanted="$1" '/^```/ { if (on && text ~ wanted) { printf "%s", text; exit } on = ($0 == "```go"); text = ""; next }
        on { text = text $0 "\n" }' "$root/bindings/go/README.md"
}
block 'package main' >main.go
lines=$(grep -c . main.go)
if ((lines > 20)); then
    printf 'the example of the README has %d lines\n' "$lines"
    exit 1
fi
# It takes a port that is free, and tells which.
grep -q 'http.ListenAndServe("127.0.0.1:8080", nil)' main.go
sed -i -e 's|"net/http"|"net"; "net/http"|' -e 's|^.*http.ListenAndServe.*$|listener, err := net.Listen("tcp", "127.0.0.1:0")\
    log.Print("listening on ", listener.Addr(), err)\
    log.Fatal(http.Serve(listener, nil))|' main.go
go build -o example .
: >example.log
./example 2>example.log &
example=$!
trap 'kill "$example" 2>/dev/null || true' EXIT
address=''
for _ in $(seq 600); do
    address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' example.log)
    [[ -z "$address" ]] || break
    sleep 0.1
done
endpoint=http://$address/scim/v2
token=$(sed -n 's/.*identity provider: //p' example.log)
ann='{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com"}'
call() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $token" "$@"; }
call --header 'Content-Type: application/scim+json' --data "$ann" "$endpoint/Users"
call "$endpoint/Users?filter=userName+eq+%22ann@example.com%22" | grep --quiet '"totalResults":1'
status=$(curl --silent --output /dev/null --write-out '%{http_code}' "$endpoint/Users")
[[ "$status" == 401 ]]
kill "$example"
trap - EXIT
printf '\nit serves SCIM\n'

heading 'the hooks of the README'
mkdir hooks
cp "$root/bindings/go/tests/readme/readme_test.go" hooks/
{
    printf 'package readme\nimport ("strings"; scimdb "%s")\n' "$module"
    printf 'func setHooks(store *scimdb.Store, cache memory) (err error) {\n%s\nreturn err\n}\n' "$(block SetHooks)"
} >hooks/hooks_test.go
go test -tags readme -count=1 ./hooks

heading 'the tests of the module that was got'
go test -race -count=1 "$module/..."

heading 'the library as a part of the program'
# With every rule about pointers checked.
GOEXPERIMENT=cgocheck2 LD_LIBRARY_PATH='' go test -tags scimdb_static -count=1 -run 'Example|TestVerbs|TestHooks' "$module"

heading 'the corpus'
go build -o "$work/driver" "$module/tests/driver"
cd "$root"
cargo test --locked --test drive -- "$work/driver"

heading 'the product'
(cd examples/go && go vet . && go build -o "$work/people" .)
python3 examples/provision.py --run "$work/people"

bench() {
    (cd "$work/consumer" && go build -o "$work/bench" "$module/bench")
    python3 benches/facade_check.py --form value "$work/bench"
}
heading 'the bench'
bench
