"""A tenant: the verbs of SCIM on its resources."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Generic,
    NamedTuple,
    TypeVar,
    Union,
)

from . import _abi
from ._abi import ABSENT, Json, answer, document, options, run, text
from ._callbacks import watched
from ._native import ffi, lib
from ._rows import Body, Import, Resources, Row, parts, pieces
from ._web import ActorOf, BaseOf, PermissionsOf, ScopeOf

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import (
        BulkOptions,
        CreateOptions,
        DeleteOptions,
        ImporterOptions,
        ImportOptions,
        Query,
        QueueOptions,
        ReadOptions,
        WriteOptions,
    )
    from ._store import Store
    from .asgi import AsgiApp
    from .wsgi import WsgiApp

T = TypeVar("T")
U = TypeVar("U")
# Changes that are read at a time, unless the caller says it.
_MOST_CHANGES = 1000
# How long one call waits for changes.
_SLICE_SECONDS = 0.2
# What a page of the change log begins with that has none.
_NO_CHANGES = b'{"changes":[]'
Headers = Union[Mapping[str, str], Iterable[tuple[str, str]]]


class Response(NamedTuple):
    """An answer of the SCIM endpoint (RFC 7644): status, headers with names in lower case, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as Python's value of it; None for no body."""
        return _abi.parsed(self.body)


class Tenant(Generic[T]):
    """A tenant of a store. Made by `Store.tenant`; costs nothing, holds nothing, and goes between threads.

    Resources go in as dict, or as JSON text (str or bytes). What comes out is parsed, to a dict; `tenant.raw` is the
    same tenant whose answers are JSON text. Every method raises `Error`.
    """

    def __init__(self, store: Store, name: str, loads: Callable[[bytes], T]) -> None:
        self._store = store
        self._name = name
        self._loads = loads
        self._db = store._db
        self._tenant, self._tenant_size = text(name)

    def __repr__(self) -> str:
        return f"<scimdb.Tenant {self._name!r}>"

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def store(self) -> Store:
        """The store that it is of."""
        return self._store

    @property
    def raw(self) -> Tenant[str]:
        """The same tenant, whose answers are JSON text."""
        return Tenant(self._store, self._name, _abi.raw)

    def loading(self, loads: Callable[[bytes], U]) -> Tenant[U]:
        """The same tenant, whose answers are what a function of yours makes of the bytes of the JSON text."""
        return Tenant(self._store, self._name, loads)

    # -- one resource --

    def get(self, resource_type: str, id: str, **read: Unpack[ReadOptions]) -> T:
        """One resource (RFC 7644 section 3.4.1). Raises `NotFound`; with `if_none_match`, `NotModified`."""
        kind, name = str.encode(resource_type), str.encode(id)
        asked = options(read) if read else ABSENT
        return self._loads(
            answer(lib.scimdb_get, self._db, self._tenant, self._tenant_size, kind, len(kind), name, len(name), *asked)
        )

    def create(self, resource_type: str, resource: Json, **write: Unpack[CreateOptions]) -> T:
        """Creates a resource, and tells it (RFC 7644 section 3.3). Raises `Conflict` where a unique value is taken."""
        return self._loads(self._changed(lib.scimdb_create, *text(resource_type), *document(resource), *options(write)))

    def replace(self, resource_type: str, id: str, resource: Json, **write: Unpack[WriteOptions]) -> T:
        """Replaces a resource, and tells it (RFC 7644 section 3.5.1). With `if_match`, raises `VersionMismatch`."""
        return self._loads(
            self._changed(lib.scimdb_replace, *text(resource_type), *text(id), *document(resource), *options(write))
        )

    def patch(self, resource_type: str, id: str, patch: Json, **write: Unpack[WriteOptions]) -> T:
        """Modifies a resource, and tells it (RFC 7644 section 3.5.2): all operations, or none.

        `patch` is a PatchOp message, or a list of its operations.
        """
        if isinstance(patch, list):
            patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": patch}
        return self._loads(
            self._changed(lib.scimdb_patch, *text(resource_type), *text(id), *document(patch), *options(write))
        )

    def delete(self, resource_type: str, id: str, **write: Unpack[DeleteOptions]) -> None:
        """Deletes a resource (RFC 7644 section 3.6). Groups lose the member with it. Raises `Conflict` while others
        name it, where the tenant's profile asks for that, unless with `force`."""
        watched(
            _done,
            lib.scimdb_delete,
            self._db,
            self._tenant,
            self._tenant_size,
            *text(resource_type),
            *text(id),
            *options(write),
        )

    def forget(self, resource_type: str, external_id: str, *, actor: str | None = None) -> int:
        """Erases the deleted resources of a type that had an externalId, from the change log, from indexes and from the
        file; how many they were.

        The file is written anew, and everybody else waits for the end of that. Raises `Conflict` while a resource has
        the externalId: delete it first; and `NotFound` where none that was deleted had it.
        """
        named = (*text(resource_type), *text(external_id))
        told = _abi.parsed(self._changed(lib.scimdb_forget, *named, *options({"actor": actor})))
        return int(told["resources"])

    def verify_password(self, resource_type: str, id: str, password: str) -> bool:
        """Whether the password is the resource's; not, where it has none. Takes as long as hashing does."""
        matches = ffi.new("int32_t *")
        run(
            lib.scimdb_verify_password,
            self._db,
            self._tenant,
            self._tenant_size,
            *text(resource_type),
            *text(id),
            *text(password),
            matches,
        )
        return bool(matches[0])

    # -- many resources --

    def search(self, resource_type: str | None = None, request: Json | None = None, **query: Unpack[Query]) -> T:
        """A page of resources: the ListResponse (RFC 7644 section 3.4.2), with the exact total.

        Without a resource type it looks in all of them. The query is given by keywords, or as a SearchRequest. Raises
        `InvalidRequest` with the byte of the filter to blame as its `offset`. With `search_repositories` it looks in
        those of `Store.set_repositories` as well.
        """
        return self._loads(self._asked(lib.scimdb_search, resource_type, request, query))

    def explain(self, resource_type: str | None = None, request: Json | None = None, **query: Unpack[Query]) -> T:
        """How `search` with these arguments is answered: by which indexes, and how many resources are looked at."""
        return self._loads(self._asked(lib.scimdb_explain, resource_type, request, query))

    def iterate(
        self, resource_type: str | None = None, request: Json | None = None, **query: Unpack[Query]
    ) -> Resources[T]:
        """All resources that a search finds, one at a time, from one snapshot and without pages."""
        place = ffi.new("scimdb_iter **")
        run(
            lib.scimdb_iter_open,
            self._db,
            self._tenant,
            self._tenant_size,
            *text(resource_type),
            *_request(request, query),
            place,
        )
        return Resources(place[0], self._loads, self._store)

    def bulk(self, request: Json, **write: Unpack[BulkOptions]) -> T:
        """Many operations in one commit: BulkRequest in, BulkResponse out (RFC 7644 section 3.7).

        `request` may be a list of its operations. Each succeeds or fails on its own: look at their statuses.
        """
        if isinstance(request, list):
            request = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": request}
        return self._loads(self._changed(lib.scimdb_bulk, *document(request), *options(write)))

    def import_(self, rows: Union[str, bytes, Iterable[Row]], **how: Unpack[ImportOptions]) -> dict[str, Any]:
        """Loads many resources, and tells what became of them: read, created, replaced, skipped, rejected, rejects.

        Rows are dicts or JSON texts, one each, or bytes of NDJSON that are cut anywhere: a list, a generator, a file
        that is open. What the iterable raises goes on, and what is not committed by then is not imported.
        """
        with self.importer(**how) as loading:
            for piece in pieces(rows):
                loading.feed(piece)
            return loading.finish()

    def importer(self, **how: Unpack[ImporterOptions]) -> Import:
        """Begins an import whose bytes come from elsewhere: `feed` them, then `finish`. With `queue`, one that is
        queued: see `queue_import`."""
        place = ffi.new("scimdb_import **")
        run(lib.scimdb_import_open, self._db, self._tenant, self._tenant_size, *options(how), place)
        return Import(place[0], self._store)

    def queue_import(self, body: Body, **how: Unpack[QueueOptions]) -> dict[str, Any]:
        """Queues an import that the store carries out by itself, and tells its job, as `job` does.

        The body is an object of users (a list of resources), group (of value, the id of a group that they become
        members of), and authenticatorPolicy, where the tenant's profile has authenticators. It is a dict, or JSON text,
        also in pieces that are cut anywhere: a file that is open, a generator.

        All of it is durable at the end, or nothing is there. Imports are carried out in the order in which they came; a
        crash or a close holds one up until the store is opened again, and nobody is imported twice.
        """
        with self.importer(queue=True, **how) as loading:
            for part in parts(body):
                loading.feed(part)
            return loading.finish()

    def job(self, correlation_id: str, *, wait: float = 0.0) -> dict[str, Any]:
        """How far an import is that was queued: correlationId, status ("importing", "done", "failed"), resourceType,
        importSize, processed, imported, alreadyExisted, failed, group, actor, created, finished, reason, and failures,
        a list of objects with row, externalId and detail. Raises `NotFound`.

        Waits that many seconds for its end, and tells it as it stands then: `Store.interrupt` ends the wait by
        `Cancelled`, and closing the store by `Misuse`.
        """
        interrupts = self._store._interrupts
        deadline = time.monotonic() + wait
        while True:
            if self._store._interrupts != interrupts:
                raise _abi.cancelled()
            # In slices, as waits for changes.
            asked = text(correlation_id) + options({"wait_seconds": _slice(deadline - time.monotonic()) / 1000})
            with self._store._ending():
                found = answer(lib.scimdb_job_get, self._db, self._tenant, self._tenant_size, *asked)
            told: dict[str, Any] = _abi.parsed(found)
            if told["finished"] is not None or time.monotonic() >= deadline:
                return told

    def jobs(self) -> list[dict[str, Any]]:
        """The imports that were queued, as `job` tells them, in the order in which they came: the last thousand of
        those that have ended, and all others."""
        found = _abi.parsed(answer(lib.scimdb_job_list, self._db, self._tenant, self._tenant_size))
        return list(found["jobs"])

    # -- the change log --

    def changes(self, since: int = 0, *, max: int = _MOST_CHANGES, wait: float = 0.0) -> T:
        """The changes after that sequence: an object of `changes` and `last`, the sequence to go on from.

        Where there are none yet, waits that many seconds for one: `Store.interrupt` ends the wait by `Cancelled`, and
        closing the store by `Misuse`. Raises `Error` OUT_OF_RANGE where the log was trimmed: read everything again.
        """
        return self._loads(self._changes(since, max, wait, self._store._interrupts))

    def _changes(self, since: int, max: int, wait: float, interrupts: int) -> bytes:
        """The same for what began when the store was interrupted that often."""
        deadline = time.monotonic() + wait
        while True:
            if self._store._interrupts != interrupts:
                raise _abi.cancelled()
            # In slices: Python hears of a signal, such as that of Ctrl-C, when a call has returned.
            milliseconds = _slice(deadline - time.monotonic())
            with self._store._ending():
                found = answer(lib.scimdb_changes, self._db, self._tenant, self._tenant_size, since, max, milliseconds)
            if not found.startswith(_NO_CHANGES) or time.monotonic() >= deadline:
                return found

    def follow(self, since: int = 0) -> Generator[dict[str, Any], None, None]:
        """Every change after that sequence, and those to come: waits for each.

        `Store.interrupt` ends it by `Cancelled`, and closing the store by `Misuse`: also between two changes, and what
        has been read by then is told first.
        """
        # Once for all its waits: an interrupt that comes between two of them is not lost.
        interrupts = self._store._interrupts
        while True:
            page = _abi.parsed(self._changes(since, _MOST_CHANGES, math.inf, interrupts))
            yield from page["changes"]
            since = page["last"]

    # -- the endpoint --

    def handle(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        body: bytes = b"",
        *,
        base: str = "",
        authenticate: bool = False,
        actor: str | None = None,
        scope: str | None = None,
        subject: str | None = None,
        permissions: Sequence[str] | None = None,
        max_body_bytes: int | None = None,
        authentication_schemes: list[dict[str, Any]] | None = None,
        documentation_uri: str | None = None,
    ) -> Response:
        """Answers a request to the SCIM endpoint (RFC 7644). Whatever is wrong with it is told by the answer.

        target          path and query behind the base: "/Users?count=1"
        base            the URL that locations begin with: "https://example.com/scim/v2"
        authenticate    whether the Authorization header must have a bearer token of the store; else the host has
                        looked at its caller
        actor           who calls, for the change log
        scope           what the caller may do: "read", "write" (which is what None is) or "admin"
        subject         the id of the resource that /Me is
        permissions     those of the tenant's profile that the caller is limited to; none, or an empty list: all that
                        the scope allows
        max_body_bytes  a longer body is answered with 413. 1 MiB unless it is given
        """
        context = options(
            {
                "base": base,
                "authenticate": authenticate,
                "actor": actor,
                "scope": scope,
                "subject": subject,
                "permissions": permissions,
                "max_body_bytes": max_body_bytes,
                "authentication_schemes": authentication_schemes,
                "documentation_uri": documentation_uri,
            }
        )
        pairs = dict(headers) if isinstance(headers, Mapping) else list(headers)
        frame = _abi.take()

        def call() -> bytes:
            code = lib.scimdb_handle(
                self._db,
                self._tenant,
                self._tenant_size,
                *text(method),
                *text(target),
                *document(pairs),
                body,
                len(body),
                *context,
                frame.status,
                frame.headers,
                frame.body,
                frame.error,
            )
            if code:
                _abi.fail(code, frame.error)
            return _abi.told(frame.body)

        try:
            answered = watched(call)
            return Response(frame.status[0], _abi.parsed(_abi.told(frame.headers)) or {}, answered)
        finally:
            _abi.give(frame)

    def wsgi_app(
        self,
        *,
        base: BaseOf = None,
        authenticate: bool = True,
        actor: ActorOf = None,
        scope: ScopeOf = None,
        permissions: PermissionsOf = None,
        max_body_bytes: int = 1 << 20,
    ) -> WsgiApp:
        """The endpoint as a WSGI application (PEP 3333), to be mounted in any framework that speaks it.

        base            the URL that it stands at, or a function of the environ. None: as the request tells it
        authenticate    whether callers need a bearer token of the store; False where the host authenticates them itself
        actor, scope    who calls and what they may do, or functions of the environ; for hosts that authenticate
        permissions     those of the tenant's profile that the caller is limited to, in the same way; none, or an empty
                        list: all that the scope allows
        max_body_bytes  a longer body is answered with 413, and not read further
        """
        from .wsgi import WsgiApp

        return WsgiApp(self, base, authenticate, actor, scope, permissions, max_body_bytes)

    def asgi_app(
        self,
        *,
        base: BaseOf = None,
        authenticate: bool = True,
        actor: ActorOf = None,
        scope: ScopeOf = None,
        permissions: PermissionsOf = None,
        max_body_bytes: int = 1 << 20,
        threads: int = 8,
    ) -> AsgiApp:
        """The endpoint as an ASGI application, to be mounted in any framework that speaks it. Calls run on threads of
        its own, so that the event loop never waits.

        The arguments are those of `wsgi_app`, whose functions get the scope of the connection; and how many threads.
        """
        from .asgi import AsgiApp

        return AsgiApp(self, base, authenticate, actor, scope, permissions, max_body_bytes, threads)

    # -- profile, schemas and tokens --

    def check_profile(self, profile: Union[str, Mapping[str, Any], None] = None) -> dict[str, Any]:
        """Which resources a profile would refuse if they were written as they are: a report of profile, resources,
        refused, counts (a list of objects with resourceType, attribute, rule and count) and findings (a hundred at
        most, objects with resourceType, id, attribute, rule and detail). Reads everything, and changes nothing.

        The profile is a name or a document, as of `Store.create_tenant`; unless given, the tenant's own.
        """
        asked = ABSENT if profile is None else text(profile) if isinstance(profile, str) else document(profile)
        report: dict[str, Any] = _abi.parsed(
            answer(lib.scimdb_profile_check, self._db, self._tenant, self._tenant_size, *asked)
        )
        return report

    def schemas(self) -> T:
        """An object of `schemas` and `resourceTypes`, the built-in ones among them (RFC 7643 sections 6 and 7)."""
        return self._loads(answer(lib.scimdb_schema_list, self._db, self._tenant, self._tenant_size))

    def put_schema(self, documents: Json) -> None:
        """Registers a Schema or ResourceType document, or a list of them. Raises `Conflict` where stored resources
        contradict it."""
        run(lib.scimdb_schema_put, self._db, self._tenant, self._tenant_size, *document(documents))

    def remove_schema(self, urn_or_name: str) -> None:
        """Removes a schema by its URN, or a resource type by its name. Raises `Conflict` while resources need it."""
        run(lib.scimdb_schema_remove, self._db, self._tenant, self._tenant_size, *text(urn_or_name))

    def create_token(
        self,
        name: str,
        *,
        scope: str | None = None,
        lifetime_seconds: int | None = None,
        subject: str | None = None,
        permissions: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Makes a bearer token; its name and its secret, which is told this one time.

        scope             "read", "write" or "admin"
        lifetime_seconds  for how long it is valid; for ever unless given
        subject           the id of the resource that /Me is for it
        permissions       those of the tenant's profile that it is limited to; none, or an empty list: all that the
                          scope allows
        """
        how = options(
            {"scope": scope, "lifetime_seconds": lifetime_seconds, "subject": subject, "permissions": permissions}
        )
        token: dict[str, Any] = _abi.parsed(
            answer(lib.scimdb_token_create, self._db, self._tenant, self._tenant_size, *text(name), *how)
        )
        return token

    def regenerate_token(self, name: str) -> dict[str, Any]:
        """Gives a token a new secret, told as `create_token` does; the old one is unknown at once. What the token was
        made with stays."""
        token: dict[str, Any] = _abi.parsed(
            answer(lib.scimdb_token_regenerate, self._db, self._tenant, self._tenant_size, *text(name))
        )
        return token

    def revoke_token(self, name: str) -> None:
        """Makes a token invalid at once."""
        run(lib.scimdb_token_revoke, self._db, self._tenant, self._tenant_size, *text(name))

    def tokens(self) -> list[dict[str, Any]]:
        """The tokens, without their secrets: name, scope, created, expires, subject, and permissions where they are
        limited to some."""
        found = _abi.parsed(answer(lib.scimdb_token_list, self._db, self._tenant, self._tenant_size))
        return list(found["tokens"])

    def _changed(self, function: Any, *arguments: Any) -> bytes:
        return watched(answer, function, self._db, self._tenant, self._tenant_size, *arguments)

    def _asked(self, function: Any, resource_type: str | None, request: Json | None, query: Mapping[str, Any]) -> bytes:
        asked = _request(request, query)
        # The repositories of the host run on this thread.
        return watched(answer, function, self._db, self._tenant, self._tenant_size, *text(resource_type), *asked)


def _slice(seconds: float) -> int:
    return max(0, math.ceil(min(seconds, _SLICE_SECONDS) * 1000))


def _done(function: Any, *arguments: Any) -> bytes:
    run(function, *arguments)
    return b""


def _request(request: Json | None, query: Mapping[str, Any]) -> tuple[bytes, int]:
    if request is None:
        return document({_abi.camel(name): value for name, value in query.items() if value is not None})
    if query:
        raise TypeError("either a SearchRequest or keywords")
    return document(request)
