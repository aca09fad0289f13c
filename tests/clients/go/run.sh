#!/usr/bin/env bash
# Tests a started server with grpc-go, and runs the corpus: `bash tests/clients/go/run.sh`. With arguments, the tests alone are
# run, with those of `go test`.
#
# SCIMDB_BIN       the binary to test; without it, one is built
# SCIMDB_CI_CACHE  where tools and what is made stay (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

MODULE=github.com/scimdb/scimdb/tests/clients/go

# module: makes the stubs beside a copy of the sources; prints the folder of both.
module() {
    local folder="$CI_CACHE/go/clients" python option options=()
    rm -rf "$folder"
    mkdir -p "$folder/bin" "$folder/scimdbv1"
    cp -r tests/clients/go/*.go tests/clients/go/go.mod tests/clients/go/go.sum tests/clients/go/driver "$folder"
    GOBIN="$folder/bin" "$go" install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 >&2
    GOBIN="$folder/bin" "$go" install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2 >&2
    python=$(python_tool grpcio-tools==1.85.1 grpcio==1.85.1 protobuf==7.36.2 setuptools==84.2.1 typing_extensions==4.16.0)
    for file in proto/scimdb/v1/*.proto; do
        option="M${file#proto/}=$MODULE/scimdbv1"
        options+=("--go_opt=$option" "--go-grpc_opt=$option")
    done
    PATH="$folder/bin:$PATH" "$python" -m grpc_tools.protoc -Iproto --go_out="$folder" --go-grpc_out="$folder" \
        "--go_opt=module=$MODULE" "--go-grpc_opt=module=$MODULE" "${options[@]}" proto/scimdb/v1/*.proto >&2
    printf '%s\n' "$folder"
}

SCIMDB_BIN=$(scimdb_binary)
go=$(go_tool tests/clients/go/go.mod)
folder=$(module)
export SCIMDB_BIN GOFLAGS="-mod=readonly -buildvcs=false"
(
    cd "$folder"
    "$go" vet ./...
    "$go" test "${@:--count=1}" .
    "$go" build -o bin/driver ./driver
)
if (($# == 0)); then
    corpus "$folder/bin/driver"
fi
