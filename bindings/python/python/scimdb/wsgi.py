"""The SCIM endpoint as a WSGI application (PEP 3333)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

from ._web import ActorOf, BaseOf, PermissionsOf, ScopeOf, Where, path_of, phrase, setting, where

if TYPE_CHECKING:
    from ._tenant import Tenant

Environ = dict[str, Any]


class WsgiApp:
    """Made by `Tenant.wsgi_app`."""

    def __init__(
        self,
        tenant: Tenant[Any],
        base: BaseOf,
        authenticate: bool,
        actor: ActorOf,
        scope: ScopeOf,
        permissions: PermissionsOf,
        max_body_bytes: int,
    ) -> None:
        self._tenant = tenant
        self._base = base
        self._authenticate = authenticate
        self._actor = actor
        self._scope = scope
        self._permissions = permissions
        self._max_body_bytes = max_body_bytes

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers a request."""
        place = _where(environ)
        query = environ.get("QUERY_STRING", "")
        length = environ.get("CONTENT_LENGTH") or ""
        if length and not (length.isascii() and length.isdigit()):
            return _no_length(start_response)
        base = setting(self._base, environ)
        answer = self._tenant.handle(
            environ["REQUEST_METHOD"],
            f"{place.inner}?{query}" if query else place.inner,
            _headers(environ),
            self._body(environ),
            base=_origin(environ) + place.mount.rstrip("/") if base is None else base,
            authenticate=self._authenticate,
            actor=setting(self._actor, environ),
            scope=setting(self._scope, environ),
            permissions=setting(self._permissions, environ),
            max_body_bytes=self._max_body_bytes,
        )
        headers = list(answer.headers.items())
        # What HEAD is answered with tells the length of what GET would be, and a 204 and 304 tell none.
        if "content-length" not in answer.headers and answer.status not in (204, 304):
            headers.append(("content-length", str(len(answer.body))))
        start_response(f"{answer.status} {phrase(answer.status)}", headers)
        return [answer.body] if answer.body else []

    def _body(self, environ: Environ) -> bytes:
        # One byte more than may be: enough for the endpoint to refuse it.
        limit = self._max_body_bytes + 1
        told = environ.get("CONTENT_LENGTH")
        if told:
            limit = min(limit, int(told))
        elif not environ.get("wsgi.input_terminated"):
            # Without a length the server must say that the stream ends with the body (as for chunks).
            return b""
        source = environ["wsgi.input"]
        parts = []
        while limit > 0 and (part := source.read(min(limit, 1 << 16))):
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)


def _no_length(start_response: Callable[..., Any]) -> Iterable[bytes]:
    # RFC 9110 section 8.6. Servers look at it themselves, and some pass it on as it is.
    body = json.dumps(
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "400",
            "detail": "Content-Length is not a number",
        }
    ).encode()
    headers = [("content-type", "application/scim+json"), ("content-length", str(len(body)))]
    start_response(f"400 {phrase(400)}", headers)
    return [body]


def _where(environ: Environ) -> Where:
    # PEP 3333: the decoded bytes, as Latin-1. What was sent, servers tell under one of two names.
    mount = environ.get("SCRIPT_NAME", "").encode("latin-1")
    inner = environ.get("PATH_INFO", "").encode("latin-1")
    sent: str | None = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    return where(mount, inner, path_of(sent))


def _origin(environ: Environ) -> str:
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST")
    if not host:
        host, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
        if port != {"http": "80", "https": "443"}.get(scheme):
            host = f"{host}:{port}"
    return f"{scheme}://{host}"


def _headers(environ: Environ) -> list[tuple[str, str]]:
    headers = [
        (name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    if environ.get("CONTENT_TYPE"):
        headers.append(("content-type", environ["CONTENT_TYPE"]))
    return headers
