"""Stubs made from the proto files, in a folder that goes away with the process."""

import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]


def make() -> tempfile.TemporaryDirectory:
    """Makes the stubs, and lets them be imported. The folder is removed with what is returned."""
    folder = tempfile.TemporaryDirectory(prefix="scimdb-stubs-")
    files = sorted(str(file) for file in (ROOT / "proto").rglob("*.proto"))
    # The well-known types are beside the compiler.
    include = Path(protoc.__file__).parent / "_proto"
    made = protoc.main(
        ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={folder.name}",
         f"--grpc_python_out={folder.name}", *files]
    )
    assert made == 0, "the proto files do not compile"
    sys.path.insert(0, folder.name)
    return folder
