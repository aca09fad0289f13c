"""Opening, closing, and what is refused afterwards."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
import scimdb
from conftest import PATIENCE, user


def test_version() -> None:
    assert scimdb.version() == scimdb.__version__


def test_a_store_stays_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "störe 木"
    with scimdb.open(path) as store:
        assert not store.closed
        made = store.tenant().create("User", user("ann"))
    assert store.closed
    with scimdb.open(str(path), create=False, cache_bytes=1 << 20, index={"from": 10}) as store:
        assert store.tenant().get("User", made["id"]) == made


def test_closing_twice_does_nothing(store: scimdb.Store) -> None:
    store.close()
    store.close()


CALLS: list[Callable[[scimdb.Store], Any]] = [
    lambda store: store.stats(),
    lambda store: store.tenants(),
    lambda store: store.tenant().get("User", "1"),
    lambda store: store.tenant().create("User", user("ann")),
    lambda store: store.tenant().delete("User", "1"),
    lambda store: store.tenant().search(),
    lambda store: store.tenant().iterate(),
    lambda store: store.tenant().import_([]),
    lambda store: store.tenant().handle("GET", "/Users"),
    lambda store: store.tenant().changes(),
    lambda store: store.set_hooks(after_commit=print),
    lambda store: store.on_change(print),
    lambda store: store.interrupt(),
    lambda store: store.serve(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_store_refuses_every_call(store: scimdb.Store, call: Callable[[scimdb.Store], Any]) -> None:
    store.close()
    with pytest.raises(scimdb.Misuse) as caught:
        call(store)
    assert (caught.value.code, caught.value.name) == (scimdb.Code.MISUSE, "MISUSE")


def test_iterators_and_imports_end_with_their_store(tmp_path: Path) -> None:
    store = scimdb.open(":memory:")
    tenant = store.tenant()
    tenant.import_([user(f"u{number}") for number in range(10)], resource_type="User")
    rows = tenant.iterate("User")
    next(rows)
    loading = tenant.importer()
    store.close()
    with pytest.raises(scimdb.Misuse):
        list(rows)
    with pytest.raises(scimdb.Error):
        loading.feed(b"{}\n")
    rows.close()
    loading.close()


def test_a_store_that_is_forgotten_warns_and_is_closed(tmp_path: Path) -> None:
    store = scimdb.open(tmp_path / "store")
    with pytest.warns(ResourceWarning, match="unclosed"):
        del store
        gc.collect()
    scimdb.open(tmp_path / "store").close()


def test_two_handles_on_one_store_are_refused(tmp_path: Path) -> None:
    with scimdb.open(tmp_path / "store", holder="the first"), pytest.raises(scimdb.Locked) as caught:
        scimdb.open(tmp_path / "store")
    assert caught.value.retriable
    assert caught.value.status == 503


def test_another_process_is_told_who_holds_the_store(tmp_path: Path) -> None:
    with scimdb.open(tmp_path / "store"):
        script = "import scimdb, sys\ntry: scimdb.open(sys.argv[1])\nexcept scimdb.Locked as error: print(error)"
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "store")],
            stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
    assert str(os.getpid()) in done.stdout


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(scimdb.InvalidRequest) as caught:
        scimdb.open(":memory:", max_pages=3)  # type: ignore[call-arg]
    assert caught.value.code == scimdb.Code.INVALID_ARGUMENT
    assert "maxPages" in caught.value.detail
    with pytest.raises(scimdb.Error):
        scimdb.open(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(TypeError):
        scimdb.open(3)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_is_refused_and_can_open_its_own(tmp_path: Path) -> None:
    with scimdb.open(tmp_path / "store") as store:
        tenant = store.tenant()
        made = tenant.create("User", user("ann"))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                refused = []
                for call in CALLS:
                    try:
                        call(store)
                    except scimdb.Misuse:
                        refused.append(call)
                with scimdb.open(":memory:") as other:
                    other.tenant().create("User", user("bob"))
                status = 0 if refused == CALLS else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert tenant.get("User", made["id"]) == made


def test_a_script_need_not_close(tmp_path: Path) -> None:
    # Callbacks are set when the interpreter ends, and the library's threads may not call what is gone.
    script = """
import logging, sys, scimdb
logging.basicConfig(level=logging.DEBUG)
scimdb.set_log(level=logging.DEBUG)
store = scimdb.open(sys.argv[1])
store.on_change(print)
store.set_hooks(after_commit=print)
store.tenant().create("User", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": sys.argv[2]})
"""

    def run(name: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "store"), name],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert "Fatal" not in done.stderr, done.stderr
        return done.returncode, done.stderr

    for name in ("ann", "bo", "cy"):
        status, told = run(name)
        assert status == 0, told
    # Nor one that ends by an error.
    status, told = run("ann")
    assert status == 1 and "scimdb.errors.Conflict: userName" in told, told
    with scimdb.open(tmp_path / "store") as store:
        assert sorted(names_of(store.tenant().iterate("User"))) == ["ann", "bo", "cy"]


def test_closing_waits_for_readers_and_answers_the_rest() -> None:
    store = scimdb.open(":memory:")
    tenant = store.tenant()
    made = tenant.create("User", user("ann"))
    started = threading.Barrier(5)
    unexpected: list[BaseException] = []

    def read() -> None:
        started.wait(PATIENCE)
        try:
            while True:
                assert tenant.get("User", made["id"])["userName"] == "ann"
                assert names_of(tenant.iterate("User")) == ["ann"]
        except scimdb.Misuse:
            pass
        except BaseException as error:
            unexpected.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait(PATIENCE)
    store.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not unexpected


def names_of(rows: Any) -> list[str]:
    with rows:
        return [row["userName"] for row in rows]
