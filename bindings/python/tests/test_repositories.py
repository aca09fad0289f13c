"""Repositories of the host, which searches ask."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import scimdb
from conftest import PATIENCE
from scimdb import aio

FILTER = "groups.value eq USG_FTEMP and usertype eq LDAP"


def known(name: str) -> dict[str, Any]:
    """A user of a directory elsewhere."""
    return {"externalId": name, "userName": name, "userType": "LDAP", "groups": [{"value": "USG_FTEMP"}]}


@pytest.fixture
def acme(store: scimdb.Store) -> scimdb.Tenant[Any]:
    """A tenant whose profile has repositories."""
    made = store.create_tenant("acme", profile="activid")
    made.create("Group", {"id": "USG_FTEMP", "displayName": "Full Time Employees"})
    return made


def search(tenant: scimdb.Tenant[Any]) -> Any:
    """What a search of all repositories finds."""
    return tenant.search("User", filter=FILTER, count=7, search_repositories=True)


def test_what_repositories_have_is_found(store: scimdb.Store, acme: scimdb.Tenant[Any]) -> None:
    asked: list[dict[str, Any]] = []

    def look(query: dict[str, Any]) -> Iterator[Any]:
        asked.append(query)
        yield known("ann")
        # The store can be read meanwhile; and more than was asked for does no harm.
        assert acme.search("Group")["totalResults"] == 1
        yield json.dumps({**known("bob"), "groups": []})

    store.set_repositories(look)
    assert [one["externalId"] for one in search(acme)["Resources"]] == ["ann"]
    assert asked == [{"tenant": "acme", "resourceType": "User", "filter": FILTER, "count": 7}]
    message = json.dumps({"filter": FILTER, "searchRepositories": True}).encode()
    assert acme.handle("POST", "/Users/.search", body=message).json()["totalResults"] == 1
    # They are not asked for what does not mean them.
    acme.search("User")
    assert len(asked) == 2
    store.set_repositories(None)
    assert search(acme)["totalResults"] == 0


def test_repositories_that_refuse_and_fail(
    store: scimdb.Store, acme: scimdb.Tenant[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(query: dict[str, Any]) -> Any:
        raise scimdb.Refuse("the directory is being moved", status=503)

    store.set_repositories(refuse)
    with pytest.raises(scimdb.Error) as caught:
        search(acme)
    assert (caught.value.status, caught.value.detail) == (503, "the directory is being moved")
    assert caught.value.__cause__ is None

    def fail(query: dict[str, Any]) -> Iterator[Any]:
        yield known("ann")
        raise ZeroDivisionError("the host's bug")

    store.set_repositories(fail)
    with pytest.raises(scimdb.Error) as caught:
        search(acme)
    assert caught.value.status == 500 and "the host's bug" not in caught.value.detail
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    # The endpoint raises at nobody.
    message = json.dumps({"searchRepositories": True}).encode()
    with caplog.at_level(logging.ERROR, "scimdb"):
        assert acme.handle("POST", "/Users/.search", body=message).status == 500
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)

    nonsense: list[Any] = [["no resource"], [b"\xff"], [{"active": "maybe"}], [object()], None]
    for told in nonsense:
        store.set_repositories(lambda query, told=told: told)  # type: ignore[misc]
        with pytest.raises(scimdb.Error) as caught:
            search(acme)
        assert caught.value.status == 500

    def interrupt(query: dict[str, Any]) -> Any:
        raise KeyboardInterrupt

    store.set_repositories(interrupt)
    with pytest.raises(KeyboardInterrupt):
        search(acme)


def test_repositories_for_asyncio() -> None:
    async def live() -> None:
        async with await aio.open(":memory:") as store:
            tenant = await store.create_tenant("acme", profile="activid")
            store.set_repositories(lambda query: [known("ann")])
            assert (await tenant.search("User", search_repositories=True))["totalResults"] == 1

    asyncio.run(live())


def test_repositories_are_let_go(store: scimdb.Store) -> None:
    class Directory:
        def __call__(self, query: dict[str, Any]) -> list[Any]:
            return []

    directory = Directory()
    watched = weakref.ref(directory)
    store.set_repositories(directory)
    del directory
    gc.collect()
    assert watched() is not None
    store.set_repositories(None)
    deadline = time.monotonic() + PATIENCE
    while watched() is not None and time.monotonic() < deadline:
        gc.collect()
    assert watched() is None
