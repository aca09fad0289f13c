"""What profiles bring: values that are encrypted, imports that are queued, erasure, permissions."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import PATIENCE, user

DEVICE = "urn:hid:scim:api:idp:2.0:UserDevice"
ATTRIBUTE = "urn:hid:scim:api:idp:2.0:UserAttribute"
GROUP = "USG_FTEMP"


def person(number: int, **more: Any) -> dict[str, Any]:
    """A user as the profile activid has them."""
    return {"externalId": f"x{number}", "name": {"givenName": f"g{number}", "familyName": f"f{number}"}, **more}


def born(number: int, day: str) -> dict[str, Any]:
    """One whose day of birth is told, which is encrypted."""
    return person(number, **{ATTRIBUTE: {"attributes": [{"name": "DOB", "value": day}]}})


def day_of(found: dict[str, Any]) -> list[str]:
    """The day of birth of a user, unless it cannot be read."""
    return [one["value"] for one in found[ATTRIBUTE]["attributes"] if one["name"] == "DOB"]


def test_a_life_in_the_profile_activid(tmp_path: Path) -> None:
    one, two = secrets.token_bytes(32), secrets.token_bytes(32)
    place = tmp_path / "store"
    with scimdb.open(place, value_keys=[{"id": "k1", "key": one}]) as store:
        tenant = store.create_tenant("acme", profile="activid")
        tenant.create("Group", {"id": GROUP, "displayName": "Full Time Employees"})
        body = {"group": {"value": GROUP}, "users": [born(1, "2000-01-01"), person(2), {"externalId": "nameless"}]}
        job = tenant.queue_import(body, actor="a test")
        job = tenant.job(job["correlationId"], wait=PATIENCE)
        assert (job["status"], job["importSize"], job["imported"], job["failed"]) == ("done", 3, 2, 1)
        assert (job["group"], job["actor"], job["failures"][0]["externalId"]) == (GROUP, "a test", "nameless")
        assert tenant.jobs() == [job]
        ann, bob = tenant.search("User", sort_by="externalId", filter='externalId sw "x"')["Resources"]
        assert day_of(ann) == ["2000-01-01"] and bob["groups"][0]["value"] == GROUP

        with pytest.raises(scimdb.Conflict):
            tenant.forget("User", "x2")
        tenant.delete("User", bob["id"])
        assert tenant.forget("User", "x2", actor="the officer") == 1
        with pytest.raises(scimdb.NotFound):
            tenant.forget("User", "x2")
        assert not any(change["id"] == bob["id"] for change in tenant.changes()["changes"])

    keys = tmp_path / "keys.json"
    known = [{"id": name, "key": base64.b64encode(key).decode()} for name, key in (("k2", two), ("k1", one))]
    keys.write_text(json.dumps({"keys": known}), encoding="utf-8")
    keys.chmod(0o600)
    with scimdb.open(place, value_keys_file=keys) as store:
        assert store.rotate_value_keys() == 1
        assert store.rotate_value_keys() == 0
    with scimdb.open(place, value_keys=[{"id": "k2", "key": known[0]["key"]}]) as store:
        tenant = store.tenant("acme")
        assert day_of(tenant.get("User", ann["id"])) == ["2000-01-01"]
        # Its values are in use, unless that does not count.
        with pytest.raises(scimdb.Conflict):
            tenant.delete("UserAttributeType", "DOB")
        tenant.delete("UserAttributeType", "DOB", force=True)


def test_keys_that_are_none() -> None:
    with pytest.raises(scimdb.InvalidRequest, match="32 bytes") as caught:
        scimdb.open(":memory:", value_keys=[{"id": "k1", "key": b"too short"}])
    assert base64.b64encode(b"too short").decode() not in caught.value.detail
    with pytest.raises(scimdb.InvalidRequest, match="valueKeysFile"):
        scimdb.open(":memory:", value_keys=[{"id": "k1", "key": bytes(32)}], value_keys_file="keys.json")
    with scimdb.open(":memory:") as store, pytest.raises(scimdb.InvalidRequest):
        store.rotate_value_keys()


def test_bodies_in_every_form(tenant: scimdb.Tenant[Any], tmp_path: Path) -> None:
    group = tenant.create("Group", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "all"})

    def body(name: str) -> str:
        return json.dumps({"users": [user(name)], "group": {"value": group["id"]}})

    def cut(data: bytes) -> Iterator[bytes]:
        yield from (data[at : at + 7] for at in range(0, len(data), 7))

    file = tmp_path / "body.json"
    file.write_text(body("d"), encoding="utf-8")
    with file.open("rb") as opened:
        bodies: list[Any] = [json.loads(body("a")), body("b"), cut(body("zoë").encode()), opened]
        queued = [tenant.queue_import(one, resource_type="User") for one in bodies]
    ended = [tenant.job(job["correlationId"], wait=PATIENCE) for job in queued]
    assert [(job["status"], job["imported"]) for job in ended] == [("done", 1)] * 4
    # What is wrong with the whole leaves nothing, and neither does what is given up.
    with pytest.raises(scimdb.InvalidRequest) as caught:
        tenant.queue_import(body("e").replace(group["id"], "nobody"))
    assert caught.value.attribute == "group.value"
    with tenant.importer(queue=True) as loading:
        loading.feed(body("f").encode())
    assert tenant.jobs() == ended
    with pytest.raises(scimdb.NotFound):
        tenant.job("1P5FOESDK44J6Q0QAHK2")


def test_permissions(store: scimdb.Store) -> None:
    tenant = store.create_tenant("acme", profile="activid")
    limited = ["Read reference data"]
    made = tenant.create_token("idp", permissions=limited)
    assert store.authenticate(made["secret"])["permissions"] == limited
    assert tenant.tokens()[0]["permissions"] == limited
    renewed = tenant.regenerate_token("idp")
    assert renewed["name"] == "idp" and renewed["secret"] != made["secret"]
    with pytest.raises(scimdb.Unauthenticated):
        store.authenticate(made["secret"])
    assert store.authenticate(renewed["secret"])["permissions"] == limited
    with pytest.raises(scimdb.InvalidRequest):
        tenant.create_token("other", permissions=["to do as it likes"])
    bearer = {"Authorization": f"Bearer {renewed['secret']}"}
    assert tenant.handle("GET", "/Users", bearer, authenticate=True).status == 403
    assert tenant.handle("GET", "/Users", permissions=limited).status == 403
    assert tenant.handle("GET", "/Users").status == 200


def test_versions_of_the_api(store: scimdb.Store) -> None:
    tenant = store.create_tenant("acme", profile="activid")
    device = {"devices": [{"value": "1", "friendlyName": "mine"}]}
    made = tenant.create("User", person(1, **{DEVICE: device}), api_version=2)
    assert made[DEVICE]["devices"][0]["friendlyName"] == "mine"
    (before,) = tenant.get("User", made["id"], api_version=1)[DEVICE]["devices"]
    assert before["value"] == "1" and "friendlyName" not in before
    data = {"Operations": [{"op": "replace", "path": f'{DEVICE}:devices[value eq "1"].friendlyName', "value": "yours"}]}
    for version, name in [(1, "mine"), (2, "yours")]:
        tenant.bulk([{"method": "PATCH", "path": f"/Users/{made['id']}", "data": data}], api_version=version)
        assert tenant.get("User", made["id"], api_version=2)[DEVICE]["devices"][0]["friendlyName"] == name


def test_what_another_profile_would_refuse(tenant: scimdb.Tenant[Any]) -> None:
    made = tenant.create("User", user("ann"))
    assert tenant.check_profile()["refused"] == 0
    report = tenant.check_profile("activid")
    assert (report["profile"], report["resources"], report["refused"]) == ("activid", 1, 1)
    assert report["counts"] and report["findings"][0]["id"] == made["id"]
    assert tenant.check_profile({"name": "own"})["profile"] == "own"
    with pytest.raises(scimdb.InvalidRequest):
        tenant.check_profile("nonsense")
