"""The examples of the README are run."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import GROUP, user

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"<!-- test: (\w+) -->\n```python\n(.*?)```", re.DOTALL)


def change(path: str, value: Any) -> dict[str, Any]:
    """A PatchOp message that replaces one attribute."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    return {"schemas": schemas, "Operations": [{"op": "replace", "path": path, "value": value}]}


def blocks(kind: str) -> list[str]:
    """The examples of a kind."""
    text = README.read_text(encoding="utf-8")
    found = BLOCK.findall(text)
    assert len(found) == text.count("```python"), "an example has no kind"
    return [code for name, code in found if name == kind]


def run(code: str, **given: Any) -> dict[str, Any]:
    """Runs an example; what it defined."""
    names: dict[str, Any] = {"__name__": "app", **given}
    exec(compile(code, str(README), "exec"), names)
    return names


def test_flask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("flask")
    assert code.count("\n") <= 20
    made = run(code)
    with made["store"]:
        client = made["app"].test_client()
        assert client.get("/scim/v2/Users").status_code == 401
        secret = capsys.readouterr().out.split()[-1]
        headers = {"Authorization": f"Bearer {secret}"}
        answer = client.post("/scim/v2/Users", json=user("ann", active=True), headers=headers)
        assert answer.status_code == 201
        assert client.get("/people").json == ["ann"]


def test_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from test_web import asgi

    monkeypatch.chdir(tmp_path)
    (code,) = blocks("fastapi")
    assert code.count("\n") <= 20
    made = run(code)
    with made["store"]:
        made["tenant"].create("User", user("ann", active=True))
        token = capsys.readouterr().out.split()[-1]
        asked: dict[str, Any] = {"root_path": "", "headers": [(b"authorization", f"Bearer {token}".encode())]}
        answer = asgi(made["app"], "GET", "", path="/scim/v2/Users", server=("127.0.0.1", 80), **asked)
        assert (answer.status, answer.json()["totalResults"]) == (200, 1)
        assert asgi(made["app"], "GET", "", path="/scim/v2/Users", root_path="").status == 401
        assert asgi(made["app"], "GET", "", path="/people", root_path="").json() == ["ann"]


def test_the_rest() -> None:
    with scimdb.open(":memory:") as store:
        names: dict[str, Any] = {"store": store, "scimdb": scimdb}
        for code in blocks("names"):
            names.update(run(code, **names))
        with pytest.raises(scimdb.InvalidRequest):
            names["tenant"].create("User", user("eve"))
        tenant = names["tenant"]
        eve = tenant.create("User", user("eve@example.com"))
        assert eve["userType"] == "Employee"
        # The hook lets everything else be: groups, changes, deletions.
        staff = tenant.create("Group", {"schemas": [GROUP], "displayName": "staff"})
        tenant.patch("Group", staff["id"], change("displayName", "all"))
        assert tenant.patch("User", eve["id"], change("active", True))["userType"] == "Employee"
        tenant.delete("Group", staff["id"])
        tenant.delete("User", eve["id"])


def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("keys")
    with run(code, scimdb=scimdb, key=bytes(range(32)))["store"] as store:
        assert store.rotate_value_keys() == 0


def test_asyncio(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("asyncio")
    asyncio.run(run(code)["main"]())
    assert capsys.readouterr().out.split() == ["ann", "bob"]
