#!/usr/bin/env bash
# Tests a started server with grpc-java, and runs the corpus: `bash tests/clients/java/run.sh`. With arguments, the tests alone are
# run, with those of Maven. Needs a JDK (17 or later) and Maven.
#
# SCIMDB_BIN       the binary to test; without it, one is built
# SCIMDB_CI_CACHE  where what is made stays (default ~/.cache/scimdb-ci)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# shellcheck source=.ci/lib.sh
source .ci/lib.sh
# shellcheck source=tests/clients/lib.sh
source tests/clients/lib.sh

apt_tools mvn:maven javac:default-jdk-headless
SCIMDB_BIN=$(scimdb_binary)
export SCIMDB_BIN
made="$CI_CACHE/java/clients"
maven=(mvn --batch-mode --no-transfer-progress --quiet --file tests/clients/java/pom.xml "-Dmade=$made")

"${maven[@]}" "${@:-test}"
if (($# == 0)); then
    "${maven[@]}" dependency:build-classpath "-Dmdep.outputFile=$made/classpath"
    corpus java -cp "$made/classes:$(cat "$made/classpath")" org.scimdb.clients.Driver
fi
