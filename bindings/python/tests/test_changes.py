"""The change log, the wake-up, and the log."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import scimdb
from conftest import PATIENCE, user


def test_the_log_of_changes(tenant: scimdb.Tenant[Any]) -> None:
    assert tenant.changes() == {"changes": [], "last": 0}
    made = tenant.create("User", user("ann"), actor="a test")
    tenant.patch("User", made["id"], [{"op": "replace", "path": "title", "value": "Dr."}])
    tenant.delete("User", made["id"])
    page = tenant.changes()
    told = [(change["operation"], change["resourceType"], change["id"]) for change in page["changes"]]
    assert told == [(operation, "User", made["id"]) for operation in ("create", "modify", "delete")]
    assert page["changes"][0]["actor"] == "a test"
    assert page["changes"][1]["attributes"] == ["title"]
    assert page["last"] == page["changes"][-1]["sequence"]
    assert tenant.changes(page["last"])["changes"] == []
    assert len(tenant.changes(page["changes"][0]["sequence"], max=1)["changes"]) == 1
    assert json.loads(tenant.raw.changes()) == page


def test_waiting_for_a_change(tenant: scimdb.Tenant[Any]) -> None:
    writer = threading.Timer(0.1, tenant.create, ("User", user("ann")))
    writer.start()
    page = tenant.changes(0, wait=PATIENCE)
    writer.join(PATIENCE)
    assert [change["operation"] for change in page["changes"]] == ["create"]


def test_a_wait_ends_by_a_signal() -> None:
    program = (
        "import os, scimdb, signal, threading\n"
        # What was started in the background of a shell ignores this signal, and so does what it starts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "tenant = scimdb.open(':memory:').tenant()\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    tenant.changes(wait=3600)\n"
        "except KeyboardInterrupt:\n"
        "    print('ended')\n"
        "tenant.store.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "ended\n"


def test_a_wait_ends_by_an_interrupt(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    stopping = threading.Timer(0.3, store.interrupt)
    stopping.start()
    with pytest.raises(scimdb.Cancelled) as told:
        tenant.changes(wait=3600)
    # Between two calls of the library or within one, it is the same error.
    assert (told.value.code, told.value.status, told.value.retriable) == (scimdb.Code.CANCELLED, 408, True)
    stopping.join(PATIENCE)


@pytest.mark.parametrize("wait", [lambda tenant: tenant.changes(wait=3600), lambda tenant: next(tenant.follow())])
def test_a_wait_ends_by_closing(
    store: scimdb.Store, tenant: scimdb.Tenant[Any], wait: Callable[[scimdb.Tenant[Any]], Any]
) -> None:
    closing = threading.Timer(0.3, store.close)
    closing.start()
    with pytest.raises(scimdb.Misuse):
        wait(tenant)
    closing.join(PATIENCE)


def test_an_interrupt_between_two_changes_ends_following(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    for name in ("a", "b"):
        tenant.create("User", user(name))
    following = tenant.follow()
    assert next(following)["sequence"] == 1
    store.interrupt()
    # What was read by then is told first.
    assert next(following)["sequence"] == 2
    with pytest.raises(scimdb.Cancelled):
        next(following)
    # What begins later is not touched.
    assert next(tenant.follow())["sequence"] == 1


def test_following(tenant: scimdb.Tenant[Any]) -> None:
    for name in ("a", "b"):
        tenant.create("User", user(name))
    following = tenant.follow()
    first, second = next(following), next(following)
    writer = threading.Timer(0.1, tenant.create, ("User", user("c")))
    writer.start()
    third = next(following)
    writer.join(PATIENCE)
    assert first["sequence"] < second["sequence"] < third["sequence"]
    following.close()


def test_being_woken(store: scimdb.Store, tenant: scimdb.Tenant[Any]) -> None:
    woken = threading.Event()
    seen: list[int] = []

    def wake(sequence: int) -> None:
        seen.append(sequence)
        woken.set()

    with store.on_change(wake) as subscription:
        tenant.create("User", user("ann"))
        assert woken.wait(PATIENCE)
        last = tenant.changes()["last"]
        while seen[-1] < last:
            assert woken.wait(PATIENCE)
    subscription.close()
    before = len(seen)
    tenant.create("User", user("bob"))
    assert len(seen) == before


def test_a_wake_up_that_raises_or_calls_the_store(
    store: scimdb.Store, tenant: scimdb.Tenant[Any], caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def wake(sequence: int) -> None:
        try:
            tenant.changes()
        finally:
            done.set()

    with caplog.at_level(logging.ERROR, "scimdb"), store.on_change(wake):
        tenant.create("User", user("ann"))
        assert done.wait(PATIENCE)
    assert any(record.exc_info and record.exc_info[0] is scimdb.Misuse for record in caplog.records)
    tenant.create("User", user("bob"))


def test_the_log_goes_to_logging(tenant: scimdb.Tenant[Any]) -> None:
    lines: list[tuple[int, str]] = []
    told = threading.Event()

    def tell(level: int, text: str) -> None:
        lines.append((level, text))
        told.set()

    scimdb.set_log(tell, logging.DEBUG)
    try:
        with pytest.raises(scimdb.NotFound):
            tenant.get("User", "nobody")
        assert told.wait(PATIENCE)
    finally:
        scimdb.set_log(None)
    assert all(level in (logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG) for level, _ in lines)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_log_that_raises_disturbs_nobody(tenant: scimdb.Tenant[Any], capfd: pytest.CaptureFixture[str]) -> None:
    called = threading.Event()

    def fail(level: int, text: str) -> None:
        called.set()
        raise ValueError("a log that fails")

    scimdb.set_log(fail, logging.DEBUG)
    try:
        with pytest.raises(scimdb.NotFound):
            tenant.get("User", "nobody")
        assert called.wait(PATIENCE)
        assert tenant.create("User", user("ann"))
    finally:
        scimdb.set_log(None)
