"""The package as it is installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import scimdb
from scimdb import aio
from scimdb._native import lib

HERE = Path(__file__).resolve().parents[1]
HEADER = HERE.parents[1] / "include" / "scimdb.h"


def test_the_declarations_are_those_of_the_header() -> None:
    subprocess.run([sys.executable, str(HERE / "tools" / "declarations.py"), "--check"], check=True)


def test_every_function_is_there_and_used() -> None:
    functions = set(re.findall(r"\b(scimdb_\w+)\(", re.sub(r"//[^\n]*", "", HEADER.read_text(encoding="utf-8"))))
    assert len(functions) > 50
    sources = "".join(path.read_text(encoding="utf-8") for path in (HERE / "python" / "scimdb").glob("*.py"))
    for function in functions:
        assert getattr(lib, function), function
    # The code is what the call returned, and rows are fetched by the page; the others are all of use.
    unused = functions - set(re.findall(r"\b_?lib\.(scimdb_\w+)", sources))
    assert unused == {"scimdb_error_code", "scimdb_iter_next"}


def test_it_is_typed() -> None:
    spec = importlib.util.find_spec("scimdb")
    assert spec is not None and spec.origin is not None
    assert (Path(spec.origin).parent / "py.typed").exists()
    assert importlib.metadata.version("scimdb") == scimdb.__version__


def public(owner: Any) -> dict[str, Any]:
    """The functions and classes of an owner that are its users' business."""
    return {name: value for name, value in inspect.getmembers(owner) if not name.startswith("_") and callable(value)}


def test_everything_public_is_documented() -> None:
    for name in scimdb.__all__:
        assert inspect.getdoc(getattr(scimdb, name)), name
    for owner in (scimdb.Store, scimdb.Tenant, scimdb.Resources, scimdb.Import, aio.AsyncStore, aio.AsyncTenant):
        for name, value in public(owner).items():
            assert inspect.getdoc(value), f"{owner.__name__}.{name}"


def test_asyncio_has_every_method() -> None:
    # These make what has methods of its own for asyncio, or answer without waiting.
    plain = {"loading", "wsgi_app", "asgi_app", "importer"}
    assert public(scimdb.Tenant).keys() - plain == public(aio.AsyncTenant).keys()
    assert public(scimdb.Store).keys() == public(aio.AsyncStore).keys()
