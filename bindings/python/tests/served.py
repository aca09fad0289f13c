"""The applications that the tests serve, and how a server is started."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import scimdb
from conftest import PATIENCE


def open_store() -> scimdb.Tenant[Any]:
    """The tenant of the store that the environment names."""
    store = scimdb.open(os.environ["STORE"], share=os.environ.get("SHARE") == "yes" or None)
    store.set_hooks(before_write=derive)
    return store.tenant()


def derive(write: dict[str, Any]) -> Optional[dict[str, Any]]:
    """A User that has no userType, gets one; wherever the write came from."""
    after = write["after"]
    if write["resourceType"] != "User" or after is None or "userType" in after:
        return None
    return {"userType": "Employee"}


def flask_app() -> Any:
    """A Flask application that has the endpoint beside a page of its own."""
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    tenant = open_store()
    app = Flask("served")
    app.add_url_rule("/pid", "pid", lambda: str(os.getpid()))
    app.add_url_rule("/people", "people", lambda: [row["userName"] for row in tenant.iterate("User")])
    app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, {"/scim/v2": tenant.wsgi_app(authenticate=False)}
    )
    return app


def fastapi_app() -> Any:
    """A FastAPI application that has the endpoint beside a page of its own."""
    from fastapi import FastAPI

    tenant = open_store()
    app = FastAPI()
    app.add_api_route("/pid", os.getpid)
    app.mount("/scim/v2", tenant.asgi_app(authenticate=False))
    return app


class Server:
    """A web server as a process of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parent,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[Optional[str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._queue.put(line)
        self._queue.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Waits for a line of its log."""
        while (line := self._queue.get(timeout=PATIENCE)) is not None:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"the server ended: {self.log}")

    @property
    def log(self) -> str:
        """What it has told so far."""
        return "".join(self.lines)

    def stop(self) -> int:
        """Stops it; its exit status."""
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status


@contextlib.contextmanager
def serving(arguments: list[str], store: Path, **environment: str) -> Iterator[Server]:
    """A server for the length of a block."""
    server = Server(arguments, {"STORE": str(store), **environment})
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(PATIENCE)
        server._reader.join(PATIENCE)
        assert server.process.stdout is not None
        server.process.stdout.close()
