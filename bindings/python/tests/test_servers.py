"""The endpoint behind the servers that people use: gunicorn with its workers, uvicorn."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlsplit

import pytest
import scimdb
from conftest import PATIENCE, user
from served import Server, serving

LISTENING = {"gunicorn": r"Listening at: (http://\S+)", "uvicorn": r"running on (http://\S+)"}


def gunicorn(*arguments: str) -> list[str]:
    """The command of gunicorn."""
    return ["gunicorn", "--bind", "127.0.0.1:0", "--graceful-timeout", "5", *arguments, "served:flask_app()"]


UVICORN = ["uvicorn", "--port", "0", "--factory", "served:fastapi_app"]


def send(origin: str, method: str, path: str, body: Any = None, headers: Optional[dict[str, str]] = None) -> Any:
    """One request over a connection of its own: status, headers, body."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=PATIENCE)
    try:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, data, headers or {}, encode_chunked=not isinstance(body, (dict, type(None))))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture(params=["gunicorn", "uvicorn"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """One worker of each of them."""
    command = UVICORN if request.param == "uvicorn" else gunicorn("--worker-class", "gthread", "--threads", "4")
    with serving(command, tmp_path / "store") as started:
        origin = started.wait_for(LISTENING[request.param])[1]
        if request.param == "gunicorn":
            started.wait_for("Booting worker")
        yield started, origin


def test_one_worker(server: tuple[Server, str]) -> None:
    process, origin = server
    status, headers, body = send(origin, "POST", "/scim/v2/Users", user("zoë"))
    assert status == 201
    made = json.loads(body)
    assert headers["Location"] == f"{origin}/scim/v2/Users/{made['id']}"
    assert send(origin, "GET", f"/scim/v2/Users/{made['id']}")[0] == 200
    assert send(origin, "GET", "/pid")[2].strip().isdigit()
    status, headers, body = send(origin, "HEAD", f"/scim/v2/Users/{made['id']}")
    assert (status, body) == (200, b"") and int(headers["Content-Length"]) > 0
    found = json.loads(send(origin, "GET", "/scim/v2/Users?filter=userName+eq+%22zo%C3%AB%22")[2])
    assert found["totalResults"] == 1
    # A body in chunks, without a length.
    chunks = iter([b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],', b'"userName": "chunk"}'])
    assert send(origin, "POST", "/scim/v2/Users", chunks, {"Transfer-Encoding": "chunked"})[0] == 201
    assert process.stop() in (0, -15)


def test_what_is_sent_reaches_the_endpoint(server: tuple[Server, str]) -> None:
    _, origin = server
    made = json.loads(send(origin, "POST", "/scim/v2/Users", user("ann"))[2])
    encoded = "".join(f"%{letter:02X}" for letter in made["id"].encode())
    assert send(origin, "GET", f"/scim/v2/Users/{encoded}")[0] == 200
    # An encoded slash is of the id, not between segments.
    status, _, body = send(origin, "GET", f"/scim/v2/Users%2F{made['id']}")
    assert status == 404 and json.loads(body)["status"] == "404"
    status, _, body = send(origin, "POST", "/scim/v2/Users", b"x" * (2 << 20), {"Content-Type": "application/json"})
    assert (status, json.loads(body)["status"]) == (413, "413")
    assert send(origin, "GET", "/scim/v2/Users?filter=nonsense")[0] == 400


def test_workers_that_do_not_share_are_told_who_holds_the_store(tmp_path: Path) -> None:
    with serving(gunicorn("--workers", "3"), tmp_path / "store") as server:
        assert server.process.wait(PATIENCE) != 0
        server._reader.join(PATIENCE)
        booted = [line.split("pid:")[1].strip(" )\n") for line in server.lines if "Booting worker" in line]
        (told,) = {line for line in server.lines if "Locked" in line or "LOCKED" in line} or {""}
        assert any(pid in told for pid in booted), server.log


def test_a_store_that_was_opened_before_the_fork_is_refused(tmp_path: Path) -> None:
    with serving(gunicorn("--workers", "2", "--preload"), tmp_path / "store") as server:
        origin = server.wait_for(LISTENING["gunicorn"])[1]
        for _ in range(4):
            assert send(origin, "GET", "/scim/v2/Users")[0] == 500
        # The rest of the application goes on.
        assert send(origin, "GET", "/pid")[0] == 200
        server.stop()
        assert "Misuse" in server.log


def test_workers_that_share(tmp_path: Path) -> None:
    with serving(gunicorn("--workers", "3"), tmp_path / "store", SHARE="yes") as server:
        origin = server.wait_for(LISTENING["gunicorn"])[1]
        workers = [int(server.wait_for(r"Booting worker with pid: (\d+)")[1]) for _ in range(3)]
        made = []
        for number in range(30):
            status, _, body = send(origin, "POST", "/scim/v2/Users", user(f"u{number}"))
            assert status == 201, body
            assert json.loads(body)["userType"] == "Employee"
            made.append(json.loads(body)["id"])
            # Whichever worker answers has seen it, on its own pages as well.
            assert send(origin, "GET", f"/scim/v2/Users/{made[-1]}")[0] == 200
            status, _, body = send(origin, "GET", "/people")
            assert (status, sorted(json.loads(body))) == (200, sorted(f"u{n}" for n in range(number + 1)))
        # All die without a word, the holder among them; the next one takes its place.
        for worker in workers:
            os.kill(worker, 9)
            server.wait_for("Booting worker")
            for identifier in made:
                assert send(origin, "GET", f"/scim/v2/Users/{identifier}")[0] == 200
            assert len(json.loads(send(origin, "GET", "/people")[2])) >= len(made)
            assert send(origin, "POST", "/scim/v2/Users", user(f"after {identifier} {os.urandom(4).hex()}"))[0] == 201


GUEST = """
import asyncio, scimdb, sys
from scimdb import aio

aio._LOOK_SECONDS = 3600.0


async def live():
    async with await aio.open(sys.argv[1], share=True) as store:
        tenant = store.tenant()
        rows = [{"userName": f"u{number:03}"} for number in range(200)]
        assert (await tenant.import_(rows, resource_type="User"))["created"] == 200
        found = [row["userName"] async for row in tenant.iterate("User", sort_by="userName")]
        assert found == [row["userName"] for row in rows], found
        try:
            await store.serve()
        except scimdb.Error as error:
            assert error.code is scimdb.Code.NOT_IMPLEMENTED, error
        else:
            raise AssertionError("it serves")
        last = (await tenant.changes())["last"]
        print(last, flush=True)
        async for change in tenant.follow(last):
            assert change["operation"] == "create", change
            print(change["id"], flush=True)
            if change["id"] == sys.argv[2]:
                store.interrupt()


try:
    asyncio.run(live())
except scimdb.Cancelled:
    print("cancelled")
"""


def test_a_process_that_does_not_hold_the_store_has_all_but_a_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", GUEST, str(tmp_path / "store"), "the last"]
    with scimdb.open(tmp_path / "store", share=True) as store:
        tenant = store.tenant()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as guest:
            try:
                assert guest.stdout is not None
                assert guest.stdout.readline() == f"{tenant.changes()['last']}\n"
                # It waits by now, or is about to: nothing but these writes wakes it.
                for identifier in ("the first", "the last"):
                    tenant.create("User", user(identifier), id=identifier)
                    assert guest.stdout.readline() == f"{identifier}\n"
                # Not communicate(): what the line before came with is in this reader.
                assert guest.stdout.read() == "cancelled\n"
                assert guest.wait(PATIENCE) == 0
            finally:
                guest.kill()
