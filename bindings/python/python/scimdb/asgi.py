"""The SCIM endpoint as an ASGI application."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable

from ._web import ActorOf, BaseOf, PermissionsOf, ScopeOf, Where, setting, where

if TYPE_CHECKING:
    from ._tenant import Tenant

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiApp:
    """Made by `Tenant.asgi_app`."""

    def __init__(
        self,
        tenant: Tenant[Any],
        base: BaseOf,
        authenticate: bool,
        actor: ActorOf,
        scope: ScopeOf,
        permissions: PermissionsOf,
        max_body_bytes: int,
        threads: int,
    ) -> None:
        self._tenant = tenant
        self._base = base
        self._authenticate = authenticate
        self._actor = actor
        self._scope = scope
        self._permissions = permissions
        self._max_body_bytes = max_body_bytes
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="scimdb")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; and the events of a server whose only application this is."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise NotImplementedError(f"ASGI's {scope['type']}")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(receive)
        if body is None:
            return
        place = _where(scope)
        query = scope.get("query_string", b"").decode("latin-1")
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        base = setting(self._base, scope)
        call = functools.partial(
            self._tenant.handle,
            scope["method"],
            f"{place.inner}?{query}" if query else place.inner,
            headers,
            body,
            base=_origin(scope, headers) + place.mount.rstrip("/") if base is None else base,
            authenticate=self._authenticate,
            actor=setting(self._actor, scope),
            scope=setting(self._scope, scope),
            permissions=setting(self._permissions, scope),
            max_body_bytes=self._max_body_bytes,
        )
        context = contextvars.copy_context()
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, context.run, call)
        told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        # What HEAD is answered with tells the length of what GET would be, and a 204 and 304 tell none.
        if "content-length" not in answer.headers and answer.status not in (204, 304):
            told.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": answer.body})

    async def _body(self, receive: Receive) -> bytes | None:
        """The body, or one byte more than it may have; None if the client went away."""
        parts = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if not message.get("more_body", False) or size > self._max_body_bytes:
                return b"".join(parts)[: self._max_body_bytes + 1]


def _where(scope: Scope) -> Where:
    mount = scope.get("root_path", "").encode()
    path = scope["path"].encode()
    raw: bytes | None = scope.get("raw_path")
    sent = None if raw is None else raw.decode("latin-1").partition("?")[0]
    # The path has the mount in it, as the standard says; not so with some older frameworks.
    inner = path[len(mount) :] if path.startswith(mount) else path
    return where(mount, inner, sent)


def _origin(scope: Scope, headers: list[tuple[str, str]]) -> str:
    host = next((value for name, value in headers if name == "host"), None)
    if host is None:
        name, port = scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else name
    return f"{scope.get('scheme', 'http')}://{host}"


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
