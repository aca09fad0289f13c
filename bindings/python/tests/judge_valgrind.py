#!/usr/bin/env python3
"""Reads valgrind's report, and fails for what the library did: `judge_valgrind.py REPORT.xml`.

It did what happened in its own frames and in what they called, such as malloc. What Python did in a callback, which the
library called, is Python's.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections import Counter

# The library, as the wheel and as its own name.
OURS = ("lib_native.so", "libscimdb.so")
PYTHON = ("libpython", "python", "_cffi_backend", "_json")


def is_ours(error: ET.Element) -> bool:
    """Whether the library stands before Python in one of its stacks, which begin with what happened."""
    for stack in error.iter("stack"):
        for place in stack.iter("obj"):
            name = (place.text or "").rpartition("/")[2]
            if name.startswith(OURS):
                return True
            if name.startswith(PYTHON):
                break
    return False


def told(error: ET.Element) -> str:
    """An error as text."""
    lines = [error.findtext("kind", "?"), error.findtext("what") or error.findtext("xwhat/text") or ""]
    for frame in error.iter("frame"):
        where = f"{frame.findtext('file', '?')}:{frame.findtext('line', '?')}"
        lines.append(f"    {frame.findtext('fn', '?')} ({where}, {frame.findtext('obj', '?')})")
    return "\n".join(lines)


def main() -> int:
    """Reads, and tells."""
    errors = ET.parse(sys.argv[1]).getroot().findall("error")
    ours = [error for error in errors if is_ours(error)]
    for error in ours:
        print(told(error), end="\n\n")
    others = Counter(error.findtext("kind", "?") for error in errors if not is_ours(error))
    print(f"valgrind: {len(ours)} errors of the library; Python's own: {dict(others)}")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
