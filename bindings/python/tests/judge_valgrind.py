#!/usr/bin/env python3
"""Reads valgrind's report, and fails for what has a frame of the library in it: `judge_valgrind.py REPORT.xml`."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

# The library, as the wheel and as its own name.
OURS = ("lib_native.so", "libscimdb.so")


def is_ours(error: ET.Element) -> bool:
    """Whether a frame of the library is in one of its stacks."""
    return any((place.text or "").rpartition("/")[2].startswith(OURS) for place in error.iter("obj"))


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
    print(f"valgrind: {len(ours)} errors of the library, {len(errors) - len(ours)} of others")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
