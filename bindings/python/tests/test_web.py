"""The endpoint as WSGI and ASGI applications, without a server."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any, Optional
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
import scimdb
from conftest import user
from scimdb._web import Where, path_of, where
from scimdb.wsgi import WsgiApp


@pytest.fixture
def secret(tenant: scimdb.Tenant[Any]) -> str:
    """A token's."""
    return str(tenant.create_token("client")["secret"])


class Answer:
    """What an application answered."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def wsgi(app: WsgiApp, method: str, path: str, body: bytes = b"", **environ: Any) -> Answer:
    """Calls a WSGI application, watched by the validator of the standard library."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "/scim/v2",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **environ,
    }  # fmt: skip
    environ = {name: value for name, value in environ.items() if value is not None}
    setup_testing_defaults(environ)
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        told.append((int(status[:3]), dict(headers)))
        return lambda data: None

    result = validator(app)(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        result.close()  # type: ignore[attr-defined]
    status, headers = told[0]
    return Answer(status, headers, body)


def asgi(app: Any, method: str, target: str, body: bytes = b"", **scope: Any) -> Answer:
    """Calls an ASGI application, the body in two parts."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": None, "query_string": query.encode(),
        "root_path": "/scim/v2", "scheme": "http", "headers": [(b"host", b"example.com")], **scope,
    }  # fmt: skip
    scope["path"] = scope["root_path"] + scope["path"]
    half = len(body) // 2
    parts = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:]},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:]))


def call(kind: str, tenant: scimdb.Tenant[Any], method: str, path: str, body: bytes = b"", **how: Any) -> Answer:
    """Calls either of them, without a token."""
    if kind == "wsgi":
        return wsgi(tenant.wsgi_app(authenticate=False, **how), method, path, body, HTTP_HOST="example.com")
    return asgi(tenant.asgi_app(authenticate=False, **how), method, path, body)


BOTH = pytest.mark.parametrize("kind", ["wsgi", "asgi"])


@BOTH
def test_verbs(kind: str, tenant: scimdb.Tenant[Any]) -> None:
    made = call(kind, tenant, "POST", "/Users", json.dumps(user("zoë 木")).encode(), actor=lambda request: "the host")
    assert made.status == 201
    identifier = made.json()["id"]
    assert made.headers["location"] == f"http://example.com/scim/v2/Users/{identifier}"
    assert made.headers["content-type"].startswith("application/scim+json")
    assert int(made.headers["content-length"]) == len(made.body)
    assert tenant.changes()["changes"][0]["actor"] == "the host"
    got = call(kind, tenant, "GET", f"/Users/{identifier}", base="https://elsewhere/scim")
    assert got.json()["meta"]["location"] == f"https://elsewhere/scim/Users/{identifier}"
    head = call(kind, tenant, "HEAD", f"/Users/{identifier}", base="https://elsewhere/scim")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(got.body)))
    assert (
        call(kind, tenant, "GET", '/Users?filter=userName+eq+"zo%C3%AB+木"'.replace("木", "%E6%9C%A8")).json()[
            "totalResults"
        ]
        == 1
    )
    gone = call(kind, tenant, "DELETE", f"/Users/{identifier}")
    assert (gone.status, gone.body) == (204, b"")
    assert "content-length" not in gone.headers
    assert call(kind, tenant, "GET", f"/Users/{identifier}").status == 404
    assert call(kind, tenant, "GET", "").status == 200


@BOTH
def test_a_body_that_is_too_large(kind: str, tenant: scimdb.Tenant[Any]) -> None:
    body = json.dumps(user("a" * 200)).encode()
    answer = call(kind, tenant, "POST", "/Users", body, max_body_bytes=100)
    assert answer.status == 413
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert call(kind, tenant, "POST", "/Users", body, max_body_bytes=len(body)).status == 201


def test_no_more_is_read_than_may_be(tenant: scimdb.Tenant[Any]) -> None:
    stream = io.BytesIO(b"x" * 1_000_000)
    watched: dict[str, Any] = {"wsgi.input": stream}
    app = tenant.wsgi_app(authenticate=False, max_body_bytes=1000)
    answer = wsgi(app, "POST", "/Users", CONTENT_LENGTH="1000000", **watched)
    assert (answer.status, stream.tell()) == (413, 1001)


def test_a_body_without_a_length(tenant: scimdb.Tenant[Any]) -> None:
    app = tenant.wsgi_app(authenticate=False)
    body = json.dumps(user("ann")).encode()
    chunked: dict[str, Any] = {"CONTENT_LENGTH": None, "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    assert wsgi(app, "POST", "/Users", **chunked).status == 201
    # Without that word from the server, to read on might be to wait for ever.
    unended: dict[str, Any] = {"CONTENT_LENGTH": None, "wsgi.input": io.BytesIO(body)}
    assert wsgi(app, "POST", "/Users", **unended).status == 400


@BOTH
def test_tokens(kind: str, tenant: scimdb.Tenant[Any], secret: str) -> None:
    def ask(value: Optional[str], method: str = "GET") -> Answer:
        if kind == "wsgi":
            given: dict[str, Any] = {} if value is None else {"HTTP_AUTHORIZATION": value}
            return wsgi(tenant.wsgi_app(), method, "/Users", **given)
        headers = [] if value is None else [(b"Authorization", value.encode())]
        return asgi(tenant.asgi_app(), method, "/Users", headers=headers, server=("127.0.0.1", 80))

    for wrong in (None, "", "Bearer", f"Bearer {secret}x", f"Basic {secret}"):
        answer = ask(wrong)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["status"] == "401"
    assert ask(f"Bearer {secret}").status == 200
    tenant.create_token("reader", scope="read")
    other = tenant.store.create_tenant("other").create_token("x")["secret"]
    assert ask(f"Bearer {other}").status in (401, 403)


@BOTH
def test_scopes(kind: str, tenant: scimdb.Tenant[Any]) -> None:
    body = json.dumps(user("ann")).encode()
    assert call(kind, tenant, "POST", "/Users", body, scope="read").status == 403
    assert call(kind, tenant, "GET", "/Users", scope=lambda request: "read").status == 200
    acme = tenant.store.create_tenant("acme", profile="activid")
    limited = ["Read reference data"]
    assert call(kind, acme, "GET", "/Users", permissions=limited).status == 403
    assert call(kind, acme, "GET", "/Users", permissions=lambda request: limited).status == 403
    assert call(kind, acme, "GET", "/Users", permissions=lambda request: None).status == 200


@BOTH
def test_percent_encoded_paths(kind: str, tenant: scimdb.Tenant[Any]) -> None:
    strange = "a b ü%?#"
    tenant.create("User", user("ann"), id=strange)
    inner = "/Users/a%20b%20%C3%BC%25%3F%23"
    decoded = "/Users/" + strange
    if kind == "wsgi":
        told = decoded.encode().decode("latin-1")
        for name, uri in (
            ("REQUEST_URI", f"/scim/v2{inner}?attributes=userName"),
            ("RAW_URI", f"/scim/v2{inner}"),
            ("RAW_URI", f"http://example.com/scim/v2{inner}"),
        ):
            sent: dict[str, Any] = {name: uri}
            answer = wsgi(tenant.wsgi_app(authenticate=False), "GET", "", PATH_INFO=told, **sent)
            assert answer.status == 200, answer.body
    else:
        raw = f"/scim/v2{inner}".encode()
        answer = asgi(tenant.asgi_app(authenticate=False), "GET", "", path=decoded, raw_path=raw)
    assert answer.status == 200
    assert answer.json()["id"] == strange


def test_paths_are_cut_at_the_mount() -> None:
    assert where(b"/scim", b"/Users/a b", "/scim/Users/a%20b") == Where("/scim", "/Users/a%20b")
    assert where("/sä".encode(), b"/x", "/s%C3%A4/x") == Where("/s%C3%A4", "/x")
    assert where(b"", b"/a/b", "/a%2Fb") == Where("", "/a%2Fb")
    # Something rewrote the path: what was sent does not count.
    assert where(b"/scim", b"/Users/1", "/other/Users/1") == Where("/scim", "/Users/1")
    assert where(b"/scim", "/Users/ü?#%".encode(), None) == Where("/scim", "/Users/%C3%BC%3F%23%25")
    assert path_of("/a/b?c=d") == "/a/b"
    assert path_of("http://host/a%2F?c") == "/a%2F"
    assert (path_of("http://host"), path_of("*"), path_of(None), path_of("")) == ("", None, None, None)


def test_asgi_beyond_requests(tenant: scimdb.Tenant[Any]) -> None:
    app = tenant.asgi_app()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    def receiving(*messages: str) -> Any:
        waiting = list(messages)

        async def receive() -> Any:
            return {"type": waiting.pop(0)}

        return receive

    asyncio.run(app({"type": "lifespan"}, receiving("lifespan.startup", "lifespan.shutdown"), send))
    asyncio.run(app({"type": "websocket"}, receiving("websocket.connect"), send))
    # The client went away before it had sent its body: there is nobody to answer.
    asyncio.run(app({"type": "http"}, receiving("http.disconnect"), send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
    with pytest.raises(NotImplementedError):
        asyncio.run(app({"type": "smoke"}, receiving(), send))


@pytest.mark.parametrize("length", ["abc", "-1", "1_0"])
def test_a_length_that_is_no_number(tenant: scimdb.Tenant[Any], length: str) -> None:
    # Without the validator of the standard library, which does not let it through.
    told: list[str] = []
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/Users", "CONTENT_LENGTH": length}
    setup_testing_defaults(environ)
    body = b"".join(tenant.wsgi_app()(environ, lambda status, headers: told.append(status)))
    assert (told, json.loads(body)["status"]) == (["400 Bad Request"], "400")
