#!/usr/bin/env bash
# Tests the Java package as its users get it: the jar alone, beside the libraries that the tests use.
#
# SCIMDB_PREFIX names the directory of an installed C library; without it one is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
# shellcheck source=.ci/lib.sh
source "$root/.ci/lib.sh"
apt_tools mvn:maven
if [[ -z "${SCIMDB_PREFIX:-}" ]]; then
    SCIMDB_PREFIX=$root/target/prefix
    make -C ../c install PREFIX="$SCIMDB_PREFIX"
fi
export SCIMDB_PREFIX

bash build.sh
rm -rf target/installed target/tests target/readme target/example
mkdir -p target/installed target/readme
cp target/scimdb-0.1.0.jar target/lib/gson-*.jar target/lib/h2-*.jar target/installed/

# The licences go with the library.
for licence in LICENSE-APACHE LICENSE-MIT; do
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' \
        target/scimdb-0.1.0.jar "META-INF/$licence" | cmp - "$root/$licence"
done

# The README's hooks, in a method.
# shellcheck disable=SC2016  # The backticks are the README's.
hooks=$(sed -n '/^store\.setHooks/,/^```$/{/^```$/q;p}' README.md)
[[ -n "$hooks" ]]
cat >target/readme/ReadmeHooks.java <<JAVA
package org.scimdb.tests;

import org.scimdb.*;

final class ReadmeHooks {
    static int audited;

    static boolean blocked(String user) {
        return user.contains("eve");
    }

    static void audit(Operation operation, String id) {
        audited++;
    }

    static void set(Store store) {
        $hooks
    }
}
JAVA

mapfile -t sources < <(find tests -name '*.java')
sources+=(target/readme/ReadmeHooks.java)
bash compile.sh target/tests "$(printf '%s:' target/installed/*.jar target/lib/junit-*.jar)" "${sources[@]}"
# shellcheck disable=SC2016  # The backticks are the README's.
sed -n '/^```java$/,/^```$/{/^```$/q;/^```/!p}' README.md >target/readme/Example.java
bash compile.sh target/readme target/scimdb-0.1.0.jar target/readme/Example.java
mapfile -t sources < <(find ../../examples/java -name '*.java')
bash compile.sh target/example "$(printf '%s:' target/installed/*.jar)" "${sources[@]}"

target/java --enable-native-access=ALL-UNNAMED -Djava.util.logging.config.file=tests/logging.properties \
    "-Dscimdb.header=$SCIMDB_PREFIX/include/scimdb.h" -Dscimdb.sources=src/main/java/org/scimdb \
    "-Dscimdb.jar=$PWD/target/scimdb-0.1.0.jar" "-Dscimdb.readme=$PWD/target/readme" \
    -cp "target/installed/*:target/lib/*:target/tests" org.junit.platform.console.ConsoleLauncher execute \
    --disable-banner --disable-ansi-colors --details=summary --scan-class-path=target/tests

# A library that is named is taken instead of the jar's.
named=$(echo '{"op":"hello"}' | SCIMDB_LIBRARY="$SCIMDB_PREFIX/lib/libscimdb.so" tests/driver)
[[ "$named" == *'"language":"java"'* ]]
if echo '{"op":"hello"}' | SCIMDB_LIBRARY=/nowhere/libscimdb.so tests/driver >target/missing 2>&1; then
    printf 'a library that is not there was loaded\n'
    exit 1
fi
grep -q 'UnsatisfiedLinkError: the scimdb library /nowhere/libscimdb.so cannot be loaded' target/missing

(cd "$root" && cargo test --quiet --test drive -- bindings/java/tests/driver)
python3 "$root/examples/provision.py" --run "$root/examples/java/product"
bench() {
    python3 "$root/benches/facade_check.py" bash bench/bench
}
bench
printf 'the Java package passed\n'
