#!/usr/bin/env bash
# Measures the queries of ../queries.json on other stores: benches/peers/run.sh [--users N] [--input FILE] [--only LIST]
#
# Makes the users (or takes the first N of FILE), loads every store that is installed, and writes results.json. Works in
# a new directory under $TMPDIR, removed at the end; starts servers of its own there, and stops them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
users=100000 input='' only=sqlite,postgres,openldap seconds=0.5 out=$here/results.json
usage() {
    echo "usage: $0 [--users N] [--input FILE] [--only sqlite,postgres,openldap] [--seconds S] [--out FILE]" >&2
    exit 2
}
while (($#)); do
    case $1 in
    --users) users=${2//_/} ;;
    --input) input=$2 ;;
    --only) only=$2 ;;
    --seconds) seconds=$2 ;;
    --out) out=$2 ;;
    *) usage ;;
    esac
    shift 2 || usage
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A server may run as another user, who must get to its own directory in this one.
chmod 711 "$work"
if [[ -z $input ]]; then
    input=$work/users.ndjson
    cargo bench --quiet --manifest-path "$here/../../Cargo.toml" --no-default-features --bench search -- \
        --users "$users" --write "$input"
fi
cargo build --quiet --release --manifest-path "$here/Cargo.toml"
"${CARGO_TARGET_DIR:-$here/target}/release/scimdb-peers" \
    --users "$users" --data "$input" --work "$work" --seconds "$seconds" --only "$only" --out "$out"
