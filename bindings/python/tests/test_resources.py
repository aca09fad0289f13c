"""The verbs on one resource, and the forms that resources come in."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import scimdb
from conftest import GROUP, PATIENCE, user


def test_the_verbs(tenant: scimdb.Tenant[Any]) -> None:
    made = tenant.create("User", user("ann", title="Dr."), actor="a test", attributes=["title"])
    assert made["title"] == "Dr." and "userName" not in made
    identifier = made["id"]
    assert tenant.get("User", identifier, attributes=["userName"])["userName"] == "ann"
    assert "title" not in tenant.get("User", identifier, excluded_attributes=["title"])
    replaced = tenant.replace(
        "User", identifier, user("ann", title="Prof."), if_match=made["meta"]["version"] if "meta" in made else None
    )
    assert replaced["title"] == "Prof."
    patched = tenant.patch("User", identifier, [{"op": "replace", "path": "active", "value": True}])
    assert patched["active"] is True
    tenant.delete("User", identifier)
    with pytest.raises(scimdb.NotFound):
        tenant.get("User", identifier)


def test_text_goes_in_and_comes_out(tenant: scimdb.Tenant[Any]) -> None:
    text = json.dumps(user("ann"))
    for form in (
        text,
        text.encode(),
        bytearray(text.replace("ann", "bob").encode()),
        memoryview(text.replace("ann", "cid").encode()),
    ):
        if form == text.encode():
            with pytest.raises(scimdb.Conflict):
                tenant.create("User", form)
            continue
        told = tenant.raw.create("User", form)
        assert isinstance(told, str)
        assert tenant.get("User", json.loads(told)["id"]) == json.loads(told)
    assert tenant.raw.search("User", count=0).startswith("{")
    assert all(isinstance(row, str) for row in tenant.raw.iterate("User"))


def test_a_reader_of_ones_own(store: scimdb.Store) -> None:
    tenant = store.tenant(loads=lambda data: (type(data), len(data)))
    kind, size = tenant.create("User", user("ann"))
    assert kind is bytes and size > 50
    assert store.tenant().loading(len).search("User") > 50


@pytest.mark.parametrize("name", ["zoë", "木村", "🪵🪚", 'o\'neil "x" \\ / %2F', "a" * 500])
def test_unicode(tenant: scimdb.Tenant[Any], name: str) -> None:
    made = tenant.create("User", user(name, displayName=name))
    assert made["displayName"] == name
    found = tenant.search("User", filter=f"displayName eq {json.dumps(name)}")
    assert [one["id"] for one in found["Resources"]] == [made["id"]]


def test_text_that_is_none(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.Error):
        tenant.create("User", user("half \ud83e of it"))
    with pytest.raises(UnicodeEncodeError):
        tenant.get("User", "\ud83e")
    with pytest.raises(scimdb.Error):
        tenant.create("User", b'{"userName": "\xff"}')
    with pytest.raises(scimdb.NotFound):
        tenant.get("User", "nul\x00byte")
    with pytest.raises(TypeError):
        tenant.get("User", 3)  # type: ignore[arg-type]


def test_large_bodies(tenant: scimdb.Tenant[Any]) -> None:
    ids = [f"m{number}" for number in range(3)]
    for identifier in ids:
        tenant.create("User", user(identifier), id=identifier)
    text = "ä" * (3 << 20)
    made = tenant.create("User", user("ann", displayName=text))
    assert tenant.get("User", made["id"])["displayName"] == text
    # A small answer after a large one.
    assert tenant.get("User", "m1")["userName"] == "m1"
    group = tenant.create("Group", {"schemas": [GROUP], "displayName": "g", "members": [{"value": one} for one in ids]})
    assert len(tenant.get("Group", group["id"])["members"]) == 3


def test_conditions(tenant: scimdb.Tenant[Any]) -> None:
    made = tenant.create("User", user("ann"))
    version = made["meta"]["version"]
    with pytest.raises(scimdb.NotModified) as caught:
        tenant.get("User", made["id"], if_none_match=version)
    assert caught.value.status == 304
    with pytest.raises(scimdb.VersionMismatch) as refused:
        tenant.delete("User", made["id"], if_match='W/"another"')
    assert refused.value.status == 412
    tenant.delete("User", made["id"], if_match=version)


def test_passwords(tenant: scimdb.Tenant[Any]) -> None:
    made = tenant.create("User", user("ann", password="correct horse"))
    assert "password" not in made
    assert tenant.verify_password("User", made["id"], "correct horse") is True
    assert tenant.verify_password("User", made["id"], "wrong horse") is False


def test_bulk(tenant: scimdb.Tenant[Any]) -> None:
    answer = tenant.bulk(
        [
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("ann")},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": user("ann")},
        ]
    )
    assert [operation["status"] for operation in answer["Operations"]] == ["201", "409"]


def test_many_threads(tenant: scimdb.Tenant[Any]) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(25):
                made = tenant.create("User", user(f"u{worker}.{number}"))
                assert tenant.get("User", made["id"])["userName"] == f"u{worker}.{number}"
                with pytest.raises(scimdb.Conflict):
                    tenant.create("User", user(f"u{worker}.{number}"))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not failures
    assert tenant.search("User", count=0)["totalResults"] == 200
