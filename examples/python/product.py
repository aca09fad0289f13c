#!/usr/bin/env python3
"""A product with people in a table of its own, which identity providers provision: Flask, sqlite3 and scimdb.

    SCIM_TOKEN=secret python3 product.py --port 8080 --data DIR

SCIM is at /scim/v2, its own table at /people. The table follows the change log of the store: the sequence that
it has seen is kept in the same transaction as what it made of it, so that nothing is lost or done twice.
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import math
import os
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import scimdb
from flask import Flask, Response, jsonify
from scimdb import Code
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

DOMAIN = "@example.com"
# What a wait for changes ends with when the store is interrupted or closed.
OVER = (Code.CANCELLED, Code.MISUSE)


def before_write(write: dict[str, Any]) -> dict[str, Any] | None:
    """The product's own rules: people of our domain only, and everybody has a userType."""
    after = write["after"]
    if write["resourceType"] != "User" or after is None:
        return None
    if not after["userName"].endswith(DOMAIN):
        raise scimdb.Refuse(f"userName must end in {DOMAIN}")
    return None if "userType" in after else {"userType": "Employee"}


class People:
    """The product's table."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.connect() as table:
            table.execute(
                "CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, user_name TEXT, name TEXT, active INTEGER)"
            )
            table.execute("CREATE TABLE IF NOT EXISTS seen (sequence INTEGER)")
            if table.execute("SELECT 1 FROM seen").fetchone() is None:
                table.execute("INSERT INTO seen VALUES (0)")

    def connect(self) -> sqlite3.Connection:
        """A connection for one thread; as a context manager, a transaction."""
        return sqlite3.connect(self.path)

    def all(self) -> list[dict[str, Any]]:
        """Everybody, sorted by userName."""
        rows = self.connect().execute("SELECT id, user_name, name, active FROM people ORDER BY user_name")
        return [{"id": row[0], "userName": row[1], "displayName": row[2], "active": bool(row[3])} for row in rows]

    def follow(self, tenant: scimdb.Tenant[Any]) -> None:
        """Keeps in step with the store until that is closed."""
        with contextlib.closing(self.connect()) as table:
            while True:
                try:
                    self.step(table, tenant)
                except (scimdb.Error, sqlite3.Error) as error:
                    if getattr(error, "code", None) in OVER:
                        return
                    # The step was rolled back, and is made again.
                    print(f"the table is behind: {error}", file=sys.stderr, flush=True)
                    time.sleep(1)

    def step(self, table: sqlite3.Connection, tenant: scimdb.Tenant[Any]) -> None:
        """Waits for changes, and takes them over together with how far the table is."""
        (seen,) = table.execute("SELECT sequence FROM seen").fetchone()
        try:
            page = tenant.changes(seen, wait=math.inf)
        except scimdb.Error as error:
            if error.code != Code.OUT_OF_RANGE:
                raise
            self.read_all(table, tenant)
            return
        with table:
            for change in page["changes"]:
                if change["resourceType"] == "User":
                    self.apply(table, tenant, change["id"])
            table.execute("UPDATE seen SET sequence = ?", (page["last"],))

    def read_all(self, table: sqlite3.Connection, tenant: scimdb.Tenant[Any]) -> None:
        """Begins anew: the log does not reach back to what was seen, or the store is an older one that was put back."""
        # Asked before the users are read: what changes meanwhile is seen again.
        sequence = tenant.store.stats()["sequence"]
        with table:
            table.execute("DELETE FROM people")
            for user in tenant.iterate("User"):
                self.put(table, user)
            table.execute("UPDATE seen SET sequence = ?", (sequence,))

    def apply(self, table: sqlite3.Connection, tenant: scimdb.Tenant[Any], identifier: str) -> None:
        """Takes over what a user is now: a later change is seen again, and changes nothing."""
        try:
            user = tenant.get("User", identifier)
        except scimdb.NotFound:
            table.execute("DELETE FROM people WHERE id = ?", (identifier,))
        else:
            self.put(table, user)

    def put(self, table: sqlite3.Connection, user: dict[str, Any]) -> None:
        """Adds or changes somebody."""
        row = (user["id"], user["userName"], user.get("displayName"), user.get("active", True))
        table.execute("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", row)


def guarded(app: Any, token: str) -> Any:
    """Lets requests through that have the token; the product's own way to know its callers."""
    expected = f"Bearer {token}".encode()
    detail = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "a wrong token"}
    refusal = Response(json.dumps(detail), 401, {"WWW-Authenticate": "Bearer"}, mimetype="application/scim+json")

    def guard(environ: dict[str, Any], start_response: Any) -> Any:
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        is_known = hmac.compare_digest(given, expected)
        return (app if is_known else refusal)(environ, start_response)

    return guard


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()

    arguments.data.mkdir(parents=True, exist_ok=True)
    people = People(arguments.data / "people.sqlite3")
    flask = Flask(__name__)

    @flask.get("/people")
    def table() -> Response:
        return jsonify(people.all())

    with scimdb.open(arguments.data / "scim") as store:
        store.set_hooks(before_write=before_write)
        tenant = store.tenant()
        following = threading.Thread(target=people.follow, args=(tenant,))
        following.start()
        # The caller is known by then, so that the store need not look at the token.
        scim = guarded(tenant.wsgi_app(authenticate=False, actor="identity provider"), os.environ["SCIM_TOKEN"])
        server = make_server(
            "127.0.0.1", arguments.port, DispatcherMiddleware(flask, {"/scim/v2": scim}), threaded=True
        )
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
        store.interrupt()
    following.join()


if __name__ == "__main__":
    main()
