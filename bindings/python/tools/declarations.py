#!/usr/bin/env python3
"""Makes cbindgen.toml, which gives the wheel its declarations, from include/scimdb.h.

cffi reads declarations without a preprocessor. Building the wheel runs cbindgen over a crate that declares nothing,
with what stands here as its header; so the declarations are those of scimdb.h, and no other tool has to agree with it.

    python3 tools/declarations.py           writes it
    python3 tools/declarations.py --check   fails where it is not what it would be
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
HEADER = HERE.parent.parent / "include" / "scimdb.h"
MADE = HERE / "cbindgen.toml"


def declarations(header: str) -> str:
    """The declarations of a header: no comments, no preprocessor, a line for each."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", " ", text)
    text = text.replace("\\\n", " ")
    # What is for C++ alone is an extern "C" block around everything else.
    text = re.sub(r"^#\s*ifdef\s+__cplusplus\b.*?^#\s*endif\b[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^\s*#[^\n]*$", "", text, flags=re.MULTILINE)
    found = []
    depth = 0
    for piece in re.split(r"([{};])", text):
        depth += {"{": 1, "}": -1}.get(piece, 0)
        found.append(" ".join(piece.split()) if piece not in "{};" else piece)
        if piece == ";" and depth == 0:
            found.append("\n")
    lines = "".join(found).splitlines()
    return "\n".join(line for line in lines if line) + "\n"


def made() -> str:
    """The text of cbindgen.toml."""
    told = declarations(HEADER.read_text(encoding="utf-8"))
    return (
        "# Made by tools/declarations.py from include/scimdb.h: do not edit.\n"
        f'language = "C"\nheader = """\n{told}"""\n'
    )


def main() -> int:
    """Writes the file, or compares it."""
    if "--check" not in sys.argv[1:]:
        MADE.write_text(made(), encoding="utf-8")
        return 0
    if MADE.read_text(encoding="utf-8") == made():
        return 0
    print("cbindgen.toml is not what include/scimdb.h says: run python3 tools/declarations.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
