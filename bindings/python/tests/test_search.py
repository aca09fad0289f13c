"""Searches, and iterators over them."""

from __future__ import annotations

import gc
import threading
import warnings
from typing import Any

import pytest
import scimdb
from conftest import PATIENCE, names, user


@pytest.fixture
def people(tenant: scimdb.Tenant[Any]) -> scimdb.Tenant[Any]:
    """A tenant with 300 users."""
    tenant.import_((user(f"u{number:03}", active=number % 2 == 0) for number in range(300)), resource_type="User")
    return tenant


def test_pages(people: scimdb.Tenant[Any]) -> None:
    page = people.search(
        "User", filter="active eq true", sort_by="userName", sort_order="descending", start_index=3, count=2
    )
    assert page["totalResults"] == 150
    assert names(page["Resources"]) == ["u294", "u292"]
    page = people.search("User", cursor="", count=100, attributes=["userName"])
    assert len(page["Resources"]) == 100
    assert len(people.search("User", cursor=page["nextCursor"], count=100, attributes=["userName"])["Resources"]) == 100
    assert people.search()["totalResults"] == 300


def test_explain(people: scimdb.Tenant[Any]) -> None:
    assert people.explain("User", filter='userName eq "u001"')
    assert isinstance(people.raw.explain("User", filter='userName eq "u001"'), str)


def test_all_of_them(people: scimdb.Tenant[Any]) -> None:
    assert names(people.iterate("User", sort_by="userName")) == [f"u{number:03}" for number in range(300)]
    assert len(list(people.iterate())) == 300
    assert names(people.iterate("User", filter='userName eq "u007"')) == ["u007"]
    assert list(people.iterate("User", filter="title pr")) == []


def test_iterators_see_one_snapshot(people: scimdb.Tenant[Any]) -> None:
    with people.iterate("User") as rows:
        next(rows)
        people.create("User", user("later"))
        assert len(list(rows)) == 299


def test_iterators_may_be_given_up(people: scimdb.Tenant[Any]) -> None:
    for row in people.iterate("User"):
        assert row
        break
    with people.iterate("User") as rows:
        assert len(rows.batch(7)) == 7
        next(rows)
    rows.close()
    assert list(rows) == [] and rows.batch(3) == []
    rows = people.iterate("User")
    del rows
    gc.collect()


def test_iterators_refuse_a_wrong_filter(people: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.InvalidRequest) as caught:
        people.iterate("User", filter="nonsense pr")
    assert caught.value.offset == 0


def test_one_iterator_for_several_threads(people: scimdb.Tenant[Any]) -> None:
    rows = people.iterate("User")
    seen: list[str] = []

    def take() -> None:
        seen.extend(row["userName"] for row in rows)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(seen) == [f"u{number:03}" for number in range(300)]


def test_interrupting_a_wait(people: scimdb.Tenant[Any]) -> None:
    store = people.store
    ended: list[str] = []
    last = people.changes()["last"]

    def wait() -> None:
        try:
            people.changes(last, wait=PATIENCE)
        except scimdb.Cancelled as error:
            ended.append(error.name)

    thread = threading.Thread(target=wait)
    thread.start()
    while thread.is_alive():
        store.interrupt()
        thread.join(0.05)
    assert ended == ["CANCELLED"]
    # What begins later is not touched.
    assert people.search("User", count=0)["totalResults"] == 300


def test_resources_hold_their_store() -> None:
    rows = scimdb.open(":memory:").tenant().iterate("User")
    gc.collect()
    assert list(rows) == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del rows
        gc.collect()
