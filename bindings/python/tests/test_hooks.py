"""Hooks that allow, refuse, set, fail and call the store."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from typing import Any, Optional

import pytest
import scimdb
from conftest import PATIENCE, names, user

Write = dict[str, Any]


def test_what_hooks_are_told(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    before: list[Write] = []
    after: list[tuple[Write, str]] = []

    def look(write: Write) -> None:
        before.append(write)

    store.set_hooks(
        before_write=look,
        after_commit=lambda write: after.append((write, threading.current_thread().name)),
    )
    made = tenant.create("User", user("ann"), actor="a test")
    tenant.replace("User", made["id"], user("ann", title="Dr."))
    # What changes nothing is no write.
    tenant.replace("User", made["id"], user("ann", title="Dr."))
    tenant.delete("User", made["id"])
    # It may be asked more than once, and about what comes to nothing.
    told = [write["operation"] for write in before]
    create, modify, delete = (before[told.index(operation)] for operation in ("create", "modify", "delete"))
    assert [write["operation"] for write, _ in after] == ["create", "modify", "delete"]
    assert {thread for _, thread in after} == {threading.current_thread().name}
    assert (create["tenant"], create["resourceType"], create["actor"]) == ("default", "User", "a test")
    assert create["id"] == made["id"]
    assert create["before"] is None and create["after"]["userName"] == "ann"
    assert "title" not in modify["before"] and modify["after"]["title"] == "Dr."
    assert delete["before"]["title"] == "Dr." and delete["after"] is None
    assert "password" not in str(before)
    store.set_hooks()
    known = len(before)
    tenant.create("User", user("bob"))
    assert len(before) == known


def test_refusing(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    def outside(write: Write) -> None:
        if write["after"] and not write["after"]["userName"].endswith("@example.com"):
            raise scimdb.Refuse("userName must end in @example.com")

    store.set_hooks(before_write=outside)
    with pytest.raises(scimdb.InvalidRequest) as caught:
        tenant.create("User", user("ann"))
    error = caught.value
    assert (error.status, error.scim_type, error.detail) == (400, "invalidValue", "userName must end in @example.com")
    assert error.__cause__ is None
    made = tenant.create("User", user("ann@example.com"))
    answer = tenant.handle(
        "PUT", f"/Users/{made['id']}", body=b'{"userName": "ann", "schemas": ["%s"]}' % made["schemas"][0].encode()
    )
    assert (answer.status, answer.json()["scimType"]) == (400, "invalidValue")
    bulk = tenant.bulk([{"method": "POST", "path": "/Users", "bulkId": "a", "data": user("eve")}])
    assert bulk["Operations"][0]["status"] == "400"
    report = tenant.import_([user("x@example.com"), user("y")])
    assert (report["created"], report["rejected"]) == (1, 1)
    assert sorted(names(tenant.iterate("User"))) == ["ann@example.com", "x@example.com"]


@pytest.mark.parametrize(
    ("refusal", "status", "scim_type"),
    [
        (scimdb.Refuse("taken", status=409, scim_type="uniqueness"), 409, "uniqueness"),
        (scimdb.Refuse("not yours", status=403), 403, None),
        (scimdb.Refuse("gone", scim_type="mutability"), 400, "mutability"),
    ],
)
def test_refusing_in_other_ways(
    tenant: scimdb.Tenant[Any], refusal: scimdb.Refuse, status: int, scim_type: Optional[str]
) -> None:
    def refuse(write: Write) -> None:
        raise refusal

    tenant.store.set_hooks(before_write=refuse)
    with pytest.raises(scimdb.Error) as caught:
        tenant.create("User", user("ann"))
    assert (caught.value.status, caught.value.scim_type, caught.value.detail) == (status, scim_type, refusal.detail)


def test_setting(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    def derive(write: Write) -> Optional[dict[str, Any]]:
        after = write["after"]
        return None if after is None or "userType" in after else {"userType": "Employee", "nickName": None}

    store.set_hooks(before_write=derive)
    made = tenant.create("User", user("ann", nickName="Annie"))
    assert made["userType"] == "Employee" and "nickName" not in made
    assert tenant.create("User", user("bob", userType="Guest", nickName="Bo"))["nickName"] == "Bo"
    assert tenant.get("User", made["id"])["userType"] == "Employee"


def test_a_hook_that_fails(store: scimdb.Store, tenant: scimdb.Tenant[Any], caplog: pytest.LogCaptureFixture) -> None:
    def fail(write: Write) -> None:
        raise ZeroDivisionError("the host's bug")

    store.set_hooks(before_write=fail)
    with pytest.raises(scimdb.Error) as caught:
        tenant.create("User", user("ann"))
    assert caught.value.status == 500
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "the host's bug" not in caught.value.detail
    with caplog.at_level(logging.ERROR, "scimdb"):
        answer = tenant.handle(
            "POST", "/Users", body=b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}'
        )
    assert answer.status == 500
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)
    store.set_hooks()
    assert tenant.create("User", user("ann"))


@pytest.mark.parametrize(
    "attributes", [{"nonsense": 1}, {"userName": None}, ["a list"], "no JSON", {"title": object()}]
)
def test_a_hook_that_sets_nonsense(tenant: scimdb.Tenant[Any], attributes: Any) -> None:
    tenant.store.set_hooks(before_write=lambda write: attributes)
    with pytest.raises(scimdb.Error) as caught:
        tenant.create("User", user("ann"))
    # The host's fault, not the client's.
    assert caught.value.status == 500
    tenant.store.set_hooks()
    assert tenant.search("User", count=0)["totalResults"] == 0


def test_keyboard_interrupts_go_through(tenant: scimdb.Tenant[Any]) -> None:
    def interrupt(write: Write) -> None:
        raise KeyboardInterrupt

    tenant.store.set_hooks(before_write=interrupt)
    with pytest.raises(KeyboardInterrupt):
        tenant.create("User", user("ann"))
    with pytest.raises(KeyboardInterrupt):
        tenant.handle(
            "POST", "/Users", body=b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}'
        )


def test_hooks_that_call_the_store(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    seen: list[Any] = []

    def before(write: Write) -> None:
        # The state before, on the same thread; its buffers are not those of the call that is under way.
        seen.append(names(tenant.search("User").get("Resources", [])))
        with pytest.raises(scimdb.Misuse):
            tenant.create("User", user("within"))
        with pytest.raises(scimdb.Misuse):
            store.close()

    def after(write: Write) -> None:
        if write["resourceType"] == "User" and write["after"]["userName"] == "ann":
            seen.append(tenant.create("User", user("second"))["userName"])

    store.set_hooks(before_write=before, after_commit=after)
    assert tenant.create("User", user("ann"))["userName"] == "ann"
    assert seen[0] == [] and "second" in seen
    assert not store.closed
    assert sorted(names(tenant.iterate("User"))) == ["ann", "second"]


def test_an_after_commit_that_fails(
    store: scimdb.Store, tenant: scimdb.Tenant[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(write: Write) -> None:
        raise ZeroDivisionError

    store.set_hooks(after_commit=fail)
    with caplog.at_level(logging.ERROR, "scimdb"):
        made = tenant.create("User", user("ann"))
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)
    assert tenant.get("User", made["id"]) == made


def test_hooks_from_many_threads(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    calling: list[tuple[str, str]] = []

    def derive(write: Write) -> dict[str, Any]:
        calling.append((write["after"]["userName"], threading.current_thread().name))
        return {"title": threading.current_thread().name}

    store.set_hooks(before_write=derive)

    def work() -> None:
        for number in range(20):
            name = threading.current_thread().name
            assert tenant.create("User", user(f"{name}.{number}"))["title"] == name

    threads = [threading.Thread(target=work, name=f"worker{number}") for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(calling) >= 120
    assert all(name.startswith(f"{thread}.") for name, thread in calling)


def test_hooks_let_go(store: scimdb.Store) -> None:
    class Hook:
        def __call__(self, write: Write) -> None:
            pass

    hook = Hook()
    watched = weakref.ref(hook)
    store.set_hooks(before_write=hook)
    del hook
    gc.collect()
    assert watched() is not None
    store.set_hooks()
    deadline = time.monotonic() + PATIENCE
    while watched() is not None and time.monotonic() < deadline:
        gc.collect()
    assert watched() is None
