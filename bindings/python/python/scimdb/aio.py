"""The same store for asyncio: every call runs on a thread of a pool, so that the event loop never waits.

A task that is cancelled stops waiting at once; the call that it waited for ends on its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    TypeVar,
    Union,
)

from . import _abi, _store
from ._rows import Body, Import, Resources, Row, parts, pieces
from ._store import Server, Store, Subscription
from ._tenant import Tenant

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec, Unpack

    from ._options import ImportOptions, OpenOptions, Query, QueueOptions

    P = ParamSpec("P")

R = TypeVar("R")

# Resources that an iterator brings over from its thread at a time.
_BATCH = 64
# How long a follower waits before it looks by itself. Writes, interrupts and closing wake it sooner; this is for what
# nobody told it, since the process that holds a shared store died.
_LOOK_SECONDS = 1.0
# How long an import may have ended before somebody who waits for that looks.
_JOB_LOOK_SECONDS = 0.1


class _Pool:
    """Threads, and how a coroutine waits for one of them."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="scimdb")
        self._is_closed = False

    def close(self) -> None:
        """Ends the threads, when the calls that run have returned."""
        self._is_closed = True
        self._threads.shutdown(wait=False)

    async def run(self, function: Callable[..., R], *arguments: Any, **named: Any) -> R:
        # The hooks, which run on that thread, see the caller's context variables.
        context = contextvars.copy_context()
        call = functools.partial(context.run, functools.partial(function, *arguments, **named))
        loop = asyncio.get_running_loop()
        try:
            returning = loop.run_in_executor(self._threads, call)
        except RuntimeError:
            if not self._is_closed:
                raise
            # The store is closed: it refuses the call by itself, and takes back what was opened from it.
            returning = loop.run_in_executor(None, call)
        return await returning


def _of_tenant(
    method: Callable[Concatenate[Tenant[Any], P], R],
) -> Callable[Concatenate[AsyncTenant, P], Coroutine[Any, Any, R]]:
    async def run(self: AsyncTenant, /, *arguments: P.args, **named: P.kwargs) -> R:
        return await self._pool.run(method, self._tenant, *arguments, **named)

    functools.update_wrapper(run, method)
    return run


def _of_store(
    method: Callable[Concatenate[Store, P], R],
) -> Callable[Concatenate[AsyncStore, P], Coroutine[Any, Any, R]]:
    async def run(self: AsyncStore, /, *arguments: P.args, **named: P.kwargs) -> R:
        return await self._pool.run(method, self._store, *arguments, **named)

    functools.update_wrapper(run, method)
    return run


async def open(path: Union[str, os.PathLike[str]], *, threads: int = 8, **opening: Unpack[OpenOptions]) -> AsyncStore:
    """Opens a store, as `scimdb.open` does, for so many calls at one time."""
    pool = _Pool(threads)
    try:
        return AsyncStore(await pool.run(_store.open, path, **opening), pool)
    except BaseException:
        pool.close()
        raise


class AsyncStore:
    """A store that is open, for asyncio: `async with await scimdb.aio.open(path) as store`.

    Its methods are those of `Store`, which `sync` gives.
    """

    def __init__(self, store: Store, pool: _Pool | None = None) -> None:
        self._store = store
        self._pool = pool or _Pool(8)

    @property
    def sync(self) -> Store:
        """The store itself."""
        return self._store

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._store.closed

    def interrupt(self) -> None:
        """Ends the searches, iterators, checks and waits that run, by `Cancelled`."""
        self._store.interrupt()

    async def close(self) -> None:
        """Closes the store, as `Store.close` does."""
        # Not on the pool: its threads may all be in calls that wait.
        await asyncio.get_running_loop().run_in_executor(None, self._store.close)
        self._pool.close()

    async def __aenter__(self) -> AsyncStore:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def tenant(self, name: str = "default", *, loads: Callable[[bytes], Any] = _abi.parsed) -> AsyncTenant:
        """A tenant by its name, as `Store.tenant` gives it."""
        return AsyncTenant(self._store.tenant(name, loads=loads), self._pool)

    async def create_tenant(self, name: str, *, profile: Any = None) -> AsyncTenant:
        """Makes a tenant, as `Store.create_tenant` does."""
        await self._pool.run(self._store.create_tenant, name, profile=profile)
        return self.tenant(name)

    def set_hooks(self, *, before_write: Any = None, after_commit: Any = None) -> None:
        """Sets the hooks, as `Store.set_hooks` does: plain functions, which run on the threads of the pool."""
        self._store.set_hooks(before_write=before_write, after_commit=after_commit)

    def set_repositories(self, search: Any) -> None:
        """Gives the store the repositories of the host, as `Store.set_repositories` does: a plain function, which
        runs on the threads of the pool."""
        self._store.set_repositories(search)

    def on_change(self, callback: Callable[[int], object]) -> Subscription:
        """Wakes you after writes, as `Store.on_change` does, but on the event loop: the callback may call the store."""
        loop = asyncio.get_running_loop()

        def wake(sequence: int) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback, sequence)

        return self._store.on_change(wake)

    tenants = _of_store(Store.tenants)
    configure_tenant = _of_store(Store.configure_tenant)
    drop_tenant = _of_store(Store.drop_tenant)
    authenticate = _of_store(Store.authenticate)
    stats = _of_store(Store.stats)
    check = _of_store(Store.check)
    backup = _of_store(Store.backup)
    compact = _of_store(Store.compact)
    rotate_value_keys = _of_store(Store.rotate_value_keys)

    async def serve(self, **config: Any) -> Server:
        """Serves SCIM from this process, as `Store.serve` does."""
        return await self._pool.run(self._store.serve, **config)


class AsyncResources:
    """The resources that a search found, for `async for`; and for `async with`, where the end may not be reached."""

    def __init__(self, opening: Callable[[], Resources[Any]], pool: _Pool) -> None:
        # It is opened on the pool, when the first is asked for.
        self._opening, self._pool = opening, pool
        self._resources: Resources[Any] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._waiting: list[Any] = []

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self._waiting:
            self._waiting = await self._pool.run(self._batch)
            self._waiting.reverse()
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.pop()

    async def close(self) -> None:
        """Gives the snapshot back. May be called more than once."""
        self._waiting = []
        await self._pool.run(self._close)

    def _batch(self) -> list[Any]:
        with self._lock:
            if self._closed:
                return []
            if self._resources is None:
                self._resources = self._opening()
            resources = self._resources
        return resources.batch(_BATCH)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            resources = self._resources
        if resources is not None:
            resources.close()

    async def __aenter__(self) -> AsyncResources:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncTenant:
    """A tenant, for asyncio. Its methods are those of `Tenant`."""

    def __init__(self, tenant: Tenant[Any], pool: _Pool) -> None:
        self._tenant, self._pool = tenant, pool

    @property
    def sync(self) -> Tenant[Any]:
        """The tenant itself."""
        return self._tenant

    @property
    def name(self) -> str:
        """Its name."""
        return self._tenant.name

    @property
    def raw(self) -> AsyncTenant:
        """The same tenant, whose answers are JSON text."""
        return AsyncTenant(self._tenant.raw, self._pool)

    get = _of_tenant(Tenant.get)
    create = _of_tenant(Tenant.create)
    replace = _of_tenant(Tenant.replace)
    patch = _of_tenant(Tenant.patch)
    delete = _of_tenant(Tenant.delete)
    forget = _of_tenant(Tenant.forget)
    verify_password = _of_tenant(Tenant.verify_password)
    search = _of_tenant(Tenant.search)
    explain = _of_tenant(Tenant.explain)
    bulk = _of_tenant(Tenant.bulk)
    handle = _of_tenant(Tenant.handle)
    check_profile = _of_tenant(Tenant.check_profile)
    schemas = _of_tenant(Tenant.schemas)
    put_schema = _of_tenant(Tenant.put_schema)
    remove_schema = _of_tenant(Tenant.remove_schema)
    create_token = _of_tenant(Tenant.create_token)
    regenerate_token = _of_tenant(Tenant.regenerate_token)
    revoke_token = _of_tenant(Tenant.revoke_token)
    tokens = _of_tenant(Tenant.tokens)
    jobs = _of_tenant(Tenant.jobs)
    changes = _of_tenant(Tenant.changes)

    def iterate(
        self, resource_type: str | None = None, request: _abi.Json | None = None, **query: Unpack[Query]
    ) -> AsyncResources:
        """All resources that a search finds, for `async for`: from the snapshot of when the first is asked for."""
        return AsyncResources(lambda: self._tenant.iterate(resource_type, request, **query), self._pool)

    async def import_(
        self, rows: Union[str, bytes, Iterable[Row], AsyncIterable[Row]], **how: Unpack[ImportOptions]
    ) -> dict[str, Any]:
        """Loads many resources, as `Tenant.import_` does; also from an asynchronous iterable."""
        if not isinstance(rows, AsyncIterable):
            return await self._pool.run(self._tenant.import_, rows, **how)
        loading: Import = await self._pool.run(self._tenant.importer, **how)
        try:
            async for row in rows:
                for piece in pieces([row]):
                    await self._pool.run(loading.feed, piece)
            return await self._pool.run(loading.finish)
        finally:
            await self._pool.run(loading.close)

    async def queue_import(
        self, body: Union[Body, AsyncIterable[Union[str, bytes]]], **how: Unpack[QueueOptions]
    ) -> dict[str, Any]:
        """Queues an import, as `Tenant.queue_import` does; also from an asynchronous iterable of pieces."""
        if not isinstance(body, AsyncIterable):
            return await self._pool.run(self._tenant.queue_import, body, **how)
        loading: Import = await self._pool.run(self._tenant.importer, queue=True, **how)
        try:
            async for part in body:
                for piece in parts(part):
                    await self._pool.run(loading.feed, piece)
            return await self._pool.run(loading.finish)
        finally:
            await self._pool.run(loading.close)

    async def job(self, correlation_id: str, *, wait: float = 0.0) -> dict[str, Any]:
        """How far an import is that was queued, as `Tenant.job` tells it, without holding a thread while it waits."""
        store = self._tenant.store
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        interrupts = store._interrupts
        deadline = loop.time() + wait

        def wake() -> None:
            # A loop that is closed has nobody to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        with store._waking(wake):
            while True:
                if store._interrupts != interrupts:
                    raise _abi.cancelled()
                told = await self._pool.run(self._tenant.job, correlation_id)
                left = deadline - loop.time()
                if told["finished"] is not None or left <= 0:
                    return told
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), min(left, _JOB_LOOK_SECONDS))

    async def follow(self, since: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Every change after that sequence, and those to come, without holding a thread while it waits.

        `AsyncStore.interrupt` ends it by `Cancelled`, and closing the store by `Misuse`: also between two changes, and
        what has been read by then is told first.
        """
        tenant = self._tenant.loading(_abi.parsed)
        store = tenant.store
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        # Once for all its waits: an interrupt that comes between two of them is not lost.
        interrupts = store._interrupts

        def wake(_: int = 0) -> None:
            # A loop that is closed has nobody to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        with store._waking(wake), await self._pool.run(store.on_change, wake):
            while True:
                # Before the look: what comes after it wakes.
                woken.clear()
                if store._interrupts != interrupts:
                    raise _abi.cancelled()
                page = await self._pool.run(tenant.changes, since)
                for change in page["changes"]:
                    yield change
                since = page["last"]
                if not page["changes"]:
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(woken.wait(), _LOOK_SECONDS)
