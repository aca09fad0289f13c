#!/usr/bin/env python3
"""Runs the operations of the corpus through this package, for `cargo test --test drive -- python3 tests/driver.py`.

A request is a JSON object on a line of stdin, the answer one on a line of stdout. The end of stdin ends it.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import scimdb

Request = dict[str, Any]


class Driver:
    """The operations; each method is one."""

    def __init__(self) -> None:
        self.store: scimdb.Store | None = None

    def _tenant(self, request: Request) -> scimdb.Tenant[str]:
        assert self.store is not None, "open comes first"
        name = request.get("tenant")
        return self.store.tenant("default" if name is None else name).raw

    def _store(self) -> scimdb.Store:
        assert self.store is not None, "open comes first"
        return self.store

    def hello(self, request: Request) -> Any:
        return {"language": "python", "version": scimdb.version(), "kind": "binding"}

    def open(self, request: Request) -> Any:
        if self.store is not None:
            self.store.close()
        self.store = scimdb.open(":memory:", **options(request))
        return {}

    def tenant_create(self, request: Request) -> Any:
        self._store().create_tenant(request["name"], **options(request))
        return {}

    def tenant_drop(self, request: Request) -> Any:
        self._store().drop_tenant(request["name"])
        return {}

    def schema_put(self, request: Request) -> Any:
        self._tenant(request).put_schema(request["documents"])
        return {}

    def create(self, request: Request) -> Any:
        return {"json": self._tenant(request).create(request["type"], request["json"], **options(request))}

    def get(self, request: Request) -> Any:
        return {"json": self._tenant(request).get(request["type"], request["id"], **options(request))}

    def replace(self, request: Request) -> Any:
        tenant = self._tenant(request)
        return {"json": tenant.replace(request["type"], request["id"], request["json"], **options(request))}

    def patch(self, request: Request) -> Any:
        tenant = self._tenant(request)
        return {"json": tenant.patch(request["type"], request["id"], request["json"], **options(request))}

    def delete(self, request: Request) -> Any:
        self._tenant(request).delete(request["type"], request["id"], **options(request))
        return {}

    def search(self, request: Request) -> Any:
        return {"json": self._tenant(request).search(request.get("type"), request["request"])}

    def iterate(self, request: Request) -> Any:
        with self._tenant(request).iterate(request.get("type"), request["request"]) as resources:
            return {"json": list(resources)}

    def explain(self, request: Request) -> Any:
        return {"json": self._tenant(request).explain(request.get("type"), request["request"])}

    def bulk(self, request: Request) -> Any:
        return {"json": self._tenant(request).bulk(request["request"], **options(request))}

    def import_(self, request: Request) -> Any:
        with self._tenant(request).importer(**options(request)) as loading:
            for chunk in request["chunks"]:
                loading.feed(chunk.encode())
            return {"json": json.dumps(loading.finish())}

    def changes(self, request: Request) -> Any:
        wait = request.get("wait_ms", 0) / 1000
        return {"json": self._tenant(request).changes(request["since"], max=request["max"], wait=wait)}

    def handle(self, request: Request) -> Any:
        body = request.get("body") or ""
        data = base64.b64decode(request["body_base64"]) if "body_base64" in request else body.encode()
        context = {snake(name): value for name, value in (request.get("context") or {}).items()}
        headers = [(name, value) for name, value in request.get("headers") or []]
        answer = self._tenant(request).handle(request["method"], request["target"], headers, data, **context)
        return {"status": answer.status, "headers": answer.headers, "body": answer.body.decode()}

    def token_create(self, request: Request) -> Any:
        return {"json": json.dumps(self._tenant(request).create_token(request["name"], **options(request)))}

    def authenticate(self, request: Request) -> Any:
        return {"json": json.dumps(self._store().authenticate(request["secret"]))}

    def stats(self, request: Request) -> Any:
        return {"json": json.dumps(self._store().stats())}


def snake(name: str) -> str:
    """max_page for maxPage."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def options(request: Request) -> dict[str, Any]:
    """The options of a request, as keywords."""
    return {snake(name): value for name, value in (request.get("options") or {}).items()}


def answer(driver: Driver, request: Request) -> Any:
    """What a request is answered with."""
    name = "import_" if request["op"] == "import" else str(request["op"])
    operation = None if name.startswith("_") else getattr(driver, name, None)
    if operation is None:
        return {"unsupported": True}
    try:
        return {"ok": operation(request)}
    except scimdb.Error as error:
        return {
            "error": {
                "code": int(error.code),
                "name": error.name,
                "status": error.status,
                "scimType": error.scim_type,
                "detail": error.detail,
                "attribute": error.attribute,
                "offset": error.offset,
                "retriable": error.retriable,
            }
        }


def main() -> None:
    """Answers until the end of stdin."""
    driver = Driver()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in sys.stdin.buffer:
        print(json.dumps(answer(driver, json.loads(line))), flush=True)
    if driver.store is not None:
        driver.store.close()


if __name__ == "__main__":
    main()
