#!/usr/bin/env bash
# compile.sh OUT CLASSPATH SOURCES…: compiles with what build.sh has found.
set -euo pipefail
target=$(cd "$(dirname "${BASH_SOURCE[0]}")/target" && pwd)
javac=$(dirname "$(readlink -f "$target/java")")/javac
out=$1 classpath=$2
shift 2
if [[ -x "$javac" ]]; then
    "$javac" --release 22 -Xlint:deprecation,unchecked -encoding UTF-8 -proc:none -cp "$classpath" -d "$out" "$@"
else
    "$target"/java -jar "$target"/lib/ecj-*.jar -22 -encoding UTF-8 -proc:none -failOnWarning \
        -warn:deprecation,fallthrough,raw,semicolon,unchecked,unusedImport,unusedLocal -cp "$classpath" -d "$out" "$@"
fi
