#!/usr/bin/env python3
"""Checks the tables of docs/PROFILES-*.md: every vector that one names is in the corpus.

    python3 tests/corpus/seeds/table.py [--unnamed]

A vector is named `file.json: step` in backticks. The file is one of tests/corpus/seeds/{system}, for PROFILES-{SYSTEM}.md;
a name with a folder in it begins at tests/corpus. A test in Rust is named by its file, `tests/forget.rs`. Prints how many
there are of each, and ends with 1 if one is missing. With --unnamed it lists the
steps that no table names: those that prepare others. Nothing but Python's own library is used.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent
ROOT = CORPUS.parent.parent
NAMED = re.compile(r"`([\w./-]+\.json): ([^`]+)`")
TESTS = re.compile(r"`(tests/[\w./-]+\.rs)`")


def steps(folder: Path) -> dict[tuple[str, str], bool]:
    """Every step of a folder, by file and name, and whether a table has named it."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        for step in json.loads(path.read_text(encoding="utf-8"))["steps"]:
            key = (path.relative_to(CORPUS).as_posix(), step["name"])
            if key in found:
                raise SystemExit(f"{key[0]}: two steps are called {key[1]}")
            found[key] = False
    return found


def check(document: Path, tells_unnamed: bool) -> tuple[int, list[str]]:
    """How many vectors a table names, and what is wrong with it."""
    own = f"seeds/{document.stem.removeprefix('PROFILES-').lower()}"
    known, wrong, folders = {}, [], set()
    text = document.read_text(encoding="utf-8")
    for file, name in [(f"{own}/", ""), *NAMED.findall(text)]:
        path = file if "/" in file else f"{own}/{file}"
        folder = path.rpartition("/")[0]
        if folder not in folders:
            folders.add(folder)
            known.update(steps(CORPUS / folder))
        if not name:
            continue
        if (path, name) in known:
            known[path, name] = True
        else:
            wrong.append(f"{document.name}: there is no step {path}: {name}")
    tests = set(TESTS.findall(text))
    wrong += [f"{document.name}: there is no {test}" for test in sorted(tests) if not (ROOT / test).is_file()]
    named = sum(known.values())
    ours = {key: is_named for key, is_named in known.items() if key[0].startswith(f"{own}/")}
    print(f"{document.name}: {named} vectors named, {len(tests)} tests; {len(ours)} steps in tests/corpus/{own}")
    for (path, name), is_named in ours.items():
        if tells_unnamed and not is_named:
            print(f"    not named: {path}: {name}")
    return named, wrong


def main() -> int:
    """Checks every table."""
    results = [check(document, "--unnamed" in sys.argv) for document in sorted((ROOT / "docs").glob("PROFILES-*.md"))]
    for line in (line for _, wrong in results for line in wrong):
        print(line, file=sys.stderr)
    print(f"{sum(named for named, _ in results)} vectors named")
    return 1 if not results or any(wrong for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
