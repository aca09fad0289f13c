"""Tenants, schemas, tokens, and what an operator does."""

from __future__ import annotations

import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import PATIENCE, user

DEVICE = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": "urn:example:Device",
    "name": "Device",
    "attributes": [
        {"name": "serial", "type": "string", "required": True, "multiValued": False, "uniqueness": "server"}
    ],
}
DEVICES = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    "id": "Device",
    "name": "Device",
    "endpoint": "/Devices",
    "schema": "urn:example:Device",
}


def test_tenants(store: scimdb.Store) -> None:
    acme = store.create_tenant("acme", profile="entra")
    assert {one["name"]: one["profile"] for one in store.tenants()}["acme"] == "entra"
    with pytest.raises(scimdb.Conflict):
        store.create_tenant("acme")
    made = acme.create("User", user("ann", active="True"))
    assert made["active"] is True
    with pytest.raises(scimdb.NotFound):
        store.tenant().get("User", made["id"])
    store.configure_tenant("acme", profile={"name": "own", "limits": {"maxPage": 1}})
    acme.create("User", user("bob"))
    assert len(acme.search("User")["Resources"]) == 1
    with pytest.raises(scimdb.InvalidRequest):
        acme.create("User", user("cid", active="True"))
    store.drop_tenant("acme")
    with pytest.raises(scimdb.NotFound):
        acme.search()


def test_schemas(tenant: scimdb.Tenant[Any]) -> None:
    tenant.put_schema([DEVICE, DEVICES])
    assert "Device" in [one["name"] for one in tenant.schemas()["resourceTypes"]]
    device = tenant.create("Device", {"schemas": ["urn:example:Device"], "serial": "1"})
    assert tenant.search("Device", filter='serial eq "1"')["Resources"] == [device]
    with pytest.raises(scimdb.Conflict):
        tenant.remove_schema("Device")
    tenant.delete("Device", device["id"])
    tenant.remove_schema("Device")
    tenant.remove_schema("urn:example:Device")
    with pytest.raises(scimdb.NotFound):
        tenant.create("Device", {"serial": "1"})
    with pytest.raises(scimdb.Error):
        tenant.put_schema({"nonsense": True})


def test_tokens(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    made = tenant.create_token("okta", scope="read", lifetime_seconds=3600)
    who = store.authenticate(made["secret"])
    assert (who["tenant"], who["name"], who["scope"]) == ("default", "okta", "read")
    assert [token["name"] for token in tenant.tokens()] == ["okta"]
    assert made["secret"] not in json.dumps(tenant.tokens())
    with pytest.raises(scimdb.Conflict):
        tenant.create_token("okta")
    with pytest.raises(scimdb.InvalidRequest):
        tenant.create_token("other", scope="everything")
    tenant.revoke_token("okta")
    with pytest.raises(scimdb.Unauthenticated) as caught:
        store.authenticate(made["secret"])
    assert caught.value.status == 401


def test_figures(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    tenant.create("User", user("ann"))
    (found,) = store.stats()["tenants"]
    assert found["resources"]["User"] == 1
    assert isinstance(store.check(), dict)


def test_backups(tmp_path: Path) -> None:
    with scimdb.open(tmp_path / "store") as store:
        tenant = store.tenant()
        made = tenant.create("User", user("ann"))
        store.backup(tmp_path / "backup")
        tenant.delete("User", made["id"])
        with pytest.raises(scimdb.Error):
            store.backup(tmp_path / "backup")
        store.compact()
    with scimdb.open(tmp_path / "backup") as copy:
        assert copy.tenant().get("User", made["id"]) == made


def test_serving(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    secret = tenant.create_token("client", scope="read")["secret"]
    made = tenant.create("User", user("ann"))
    with store.serve(address="127.0.0.1:0") as server:
        request = urllib.request.Request(f"{server.url}/scim/v2/Users/{made['id']}")
        request.add_header("Authorization", f"Bearer {secret}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert json.load(answer)["userName"] == "ann"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{server.url}/scim/v2/Users", timeout=PATIENCE)
    server.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{server.url}/scim/v2/Users", timeout=PATIENCE)
    with pytest.raises(scimdb.InvalidRequest, match="nonsense"):
        store.serve(nonsense=True)


def test_hooks_run_for_what_is_served(store: scimdb.Store) -> None:
    seen: list[str] = []

    def refuse(write: dict[str, Any]) -> None:
        seen.append(threading.current_thread().name)
        raise scimdb.Refuse("nobody", status=403)

    store.set_hooks(before_write=refuse)
    with store.serve(require_tokens=False) as server:
        body = json.dumps(user("ann")).encode()
        request = urllib.request.Request(f"{server.url}/scim/v2/Users", body, {"Content-Type": "application/scim+json"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=PATIENCE)
    assert len(seen) == 1
