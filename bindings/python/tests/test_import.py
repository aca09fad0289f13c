"""Imports, from every form that rows come in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import names, user


def count(tenant: scimdb.Tenant[Any]) -> int:
    """How many users there are."""
    return int(tenant.search("User", count=0)["totalResults"])


def test_rows_in_every_form(tenant: scimdb.Tenant[Any], tmp_path: Path) -> None:
    lines = [json.dumps(user(f"zoë{number}"), ensure_ascii=False) for number in range(3)]
    whole = "\n".join(lines).encode()
    report = tenant.import_(
        [user("a"), json.dumps(user("b")), json.dumps(user("c")) + "\n", json.dumps(user("d")).encode()]
    )
    assert (report["read"], report["created"], report["rejected"]) == (4, 4, 0)
    # Bytes are cut anywhere, within a letter too.
    assert tenant.import_([whole[at : at + 7] for at in range(0, len(whole), 7)])["created"] == 3
    file = tmp_path / "rows.ndjson"
    file.write_text("\n".join(line.replace("zoë", "f") for line in lines), encoding="utf-8")
    with file.open("rb") as rows:
        assert tenant.import_(rows)["created"] == 3
    with file.open(encoding="utf-8") as text:
        assert tenant.import_(text, on_conflict="skip")["skipped"] == 3
    changed = file.read_bytes().replace(b'"userName"', b'"title": "Dr.", "userName"')
    assert tenant.import_(changed, on_conflict="replace")["replaced"] == 3
    assert tenant.import_(io.StringIO(lines[0]), on_conflict="skip")["skipped"] == 1
    assert tenant.import_("")["read"] == 0
    assert count(tenant) == 10


def test_rows_that_are_refused_are_told(tenant: scimdb.Tenant[Any]) -> None:
    report = tenant.import_([user("a"), user("a"), {"userName": 3}, "no JSON", user("b")], resource_type="User")
    assert (report["read"], report["created"], report["rejected"]) == (5, 2, 3)
    assert [reject["row"] for reject in report["rejects"]] == [2, 3, 4]
    assert report["rejects"][0]["error"]["scimType"] == "uniqueness"
    assert count(tenant) == 2


def test_what_the_iterable_raises_goes_on(tenant: scimdb.Tenant[Any]) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield user("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tenant.import_(rows())
    # The store goes on, and the import does not.
    assert tenant.import_([user("b")])["created"] == 1
    assert names(tenant.iterate("User"))[-1] == "b"


def test_wrong_options(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.InvalidRequest):
        tenant.import_([], on_conflict="perhaps")
    with pytest.raises(TypeError):
        tenant.import_([{1, 2}])  # type: ignore[list-item]


def test_feeding_by_hand(tenant: scimdb.Tenant[Any]) -> None:
    with tenant.importer(resource_type="User") as loading:
        loading.feed(b'{"userName": "a"}\n{"user')
        loading.feed(b'Name": "b"}')
        assert loading.finish()["created"] == 2
        with pytest.raises(scimdb.Misuse):
            loading.feed(b"{}")
        with pytest.raises(scimdb.Misuse):
            loading.finish()
    with tenant.importer() as loading:
        loading.feed(b'{"half')
    loading.close()
    assert count(tenant) == 2


def test_many_rows(tenant: scimdb.Tenant[Any]) -> None:
    report = tenant.import_((user(f"u{number}", id=f"id{number}") for number in range(5000)), restore=True)
    assert (report["created"], report["rejects"]) == (5000, [])
    assert tenant.get("User", "id4999")["userName"] == "u4999"
