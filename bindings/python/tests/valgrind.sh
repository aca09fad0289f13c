#!/usr/bin/env bash
# Runs tests of the installed package under valgrind: `bash bindings/python/tests/valgrind.sh PYTHON [pytest's arguments]`.
#
# Fails for every error of the library, and for memory that it has lost. What is Python's own is not looked at: an
# interpreter leaves much behind. A few minutes with a library that is built for release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=$1
shift
report=$(mktemp)
trap 'rm -f "$report"' EXIT

tests=("$@")
if ((${#tests[@]} == 0)); then
    # Left out: test_servers.py, whose servers are processes of their own, which valgrind does not follow; test_package.py, which
    # reads sources and documentation, and calls nothing. Of the others: what forks, since a child writes into the report of
    # its parent; what starts processes, as above; what hashes passwords or moves megabytes, on a machine that is thirty times
    # slower; Flask and FastAPI of the README, which call what the applications of test_web.py do.
    tests=(test_errors.py test_resources.py test_import.py test_hooks.py test_changes.py test_search.py test_aio.py
        test_operator.py test_life.py test_web.py test_readme.py
        -k "not (forked or process or script or many_rows or large_bodies or passwords or flask or fastapi)")
fi
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
status=0
valgrind --quiet --xml=yes --xml-file="$report" --keep-debuginfo=yes --num-callers=40 --leak-check=full \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=valgrind.supp \
    "$python" -m pytest -q -p no:cacheprovider "${tests[@]}" || status=$?
"$python" judge_valgrind.py "$report"
exit "$status"
