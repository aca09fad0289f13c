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
    # What forks, starts processes, hashes passwords or moves megabytes is not for a machine that is thirty times slower.
    tests=(test_errors.py test_resources.py test_import.py test_hooks.py test_changes.py test_search.py test_aio.py
        test_operator.py test_life.py
        -k "not (forked or process or script or many_rows or large_bodies or passwords)")
fi
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
status=0
valgrind --quiet --xml=yes --xml-file="$report" --keep-debuginfo=yes --num-callers=40 --leak-check=full \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=valgrind.supp \
    "$python" -m pytest -q -p no:cacheprovider "${tests[@]}" || status=$?
"$python" judge_valgrind.py "$report"
exit "$status"
