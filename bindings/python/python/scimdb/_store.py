"""The store: its life, its tenants, and what its operator does."""

from __future__ import annotations

import atexit
import base64
import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, TypeVar, Union, overload

from . import _abi, _callbacks
from ._abi import answer, options, run, text
from ._native import ffi, lib
from ._tenant import Tenant
from .errors import Code, Error

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import OpenOptions, ValueKey

T = TypeVar("T")


def open(path: Union[str, os.PathLike[str]], **opening: Unpack[OpenOptions]) -> Store:
    """Opens the store in a directory, or makes it; ":memory:" is one that is gone when it is closed.

    Raises `Locked` where another process holds the store, unless both open it with `share=True`.

    A store whose tenants have profiles that encrypt values, such as "activid", needs `value_keys` or `value_keys_file`.
    Without its key such a value cannot be read any more, not from a backup either: keep the keys as long as the store.
    """
    place = ffi.new("scimdb_store **")
    arguments = {name: _abi.renamed(value) for name, value in opening.items()}
    keys, file = opening.get("value_keys"), opening.get("value_keys_file")
    arguments["value_keys"] = None if keys is None else _texts(keys)
    arguments["value_keys_file"] = None if file is None else os.fspath(file)
    run(lib.scimdb_open, *text(os.fspath(path)), *options(arguments), place)
    return Store(place[0])


def _texts(keys: Sequence[ValueKey]) -> list[dict[str, Any]]:
    """Keys of values as the C ABI takes them: in base64."""
    texts = []
    for given in keys:
        key = given["key"]
        texts.append({**given, "key": key if isinstance(key, str) else base64.b64encode(key).decode()})
    return texts


class Store:
    """A store that is open: a context manager. All methods may be called from any thread at the same time.

    Made by `open`. After `os.fork` the child cannot use its parent's store: every call raises `Misuse`.
    """

    def __init__(self, db: Any) -> None:
        self._db = db
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._is_open = True
        # How often it was interrupted: waits that are made of several calls look at it in between.
        self._interrupts = 0
        # What interrupting and closing wake: waits in which no call of the library is under way. Without a lock, since
        # handlers of signals interrupt, too: changing a set and copying it are atomic.
        self._wakers: set[Callable[[], object]] = set()
        _opened.add(self)

    # -- life --

    def close(self) -> None:
        """Closes the store: waits for calls that run, refuses new ones by `Misuse`, and ends waits for changes by it.

        May be called more than once. Raises `Misuse` within a hook of this store.
        """
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
        code = lib.scimdb_close(self._db)
        # Within a hook it is not closed.
        self._is_open = code == Code.MISUSE and self._process == os.getpid()
        if not self._is_open:
            self._wake()
        _abi.check(code, "a store is not closed by its own hooks, nor by a process that was forked from its own")
        _opened.discard(self)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._is_open

    def interrupt(self) -> None:
        """Ends the searches, iterators, checks and waits that run, by `Cancelled`. What begins later is not touched."""
        _abi.check(lib.scimdb_interrupt(self._db), "the store is closed")
        self._interrupts += 1
        self._wake()

    def _wake(self) -> None:
        for wake in list(self._wakers):
            wake()

    @contextlib.contextmanager
    def _waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Has a function called by `interrupt`, and by `close` at its end, for the length of a block."""
        self._wakers.add(wake)
        try:
            yield
        finally:
            self._wakers.discard(wake)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Has what closing ends raise `Misuse`, as what comes later does; the library calls it unavailable."""
        try:
            yield
        except Error as error:
            if error.code == Code.UNAVAILABLE and self.closed:
                raise _abi.misuse("the store is closed") from None
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_is_open", False) and self._process == os.getpid():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            lib.scimdb_close(self._db)

    # -- tenants --

    @overload
    def tenant(self, name: str = "default") -> Tenant[Any]: ...

    @overload
    def tenant(self, name: str = "default", *, loads: Callable[[bytes], T]) -> Tenant[T]: ...

    def tenant(self, name: str = "default", *, loads: Callable[[bytes], Any] = _abi.parsed) -> Tenant[Any]:
        """A tenant by its name. Whether it exists, its methods tell, by `NotFound`.

        `loads` makes answers of the bytes of JSON text: `orjson.loads`, say.
        """
        return Tenant(self, name, loads)

    def tenants(self) -> list[dict[str, Any]]:
        """The tenants, each with its name and the name of its profile."""
        found = _abi.parsed(answer(lib.scimdb_tenant_list, self._db))
        return list(found["tenants"])

    def create_tenant(self, name: str, *, profile: Union[str, Mapping[str, Any], None] = None) -> Tenant[Any]:
        """Makes a tenant. The profile is "strict" (unless given), "entra", "okta", "activid", "absorb" or "activtrak",
        or a document of your own."""
        run(lib.scimdb_tenant_create, self._db, *text(name), *options({"profile": profile}))
        return self.tenant(name)

    def configure_tenant(self, name: str, *, profile: Union[str, Mapping[str, Any]]) -> None:
        """Gives a tenant another profile, from the next request on. `Tenant.check_profile` tells what it would refuse
        of what is there."""
        run(lib.scimdb_tenant_configure, self._db, *text(name), *options({"profile": profile}))

    def drop_tenant(self, name: str) -> None:
        """Deletes a tenant, with all that it has."""
        run(lib.scimdb_tenant_drop, self._db, *text(name))

    def authenticate(self, secret: str) -> dict[str, Any]:
        """Whose a bearer token is: tenant, name, scope, subject, and permissions where it is limited to some. Raises
        `Unauthenticated`."""
        found: dict[str, Any] = _abi.parsed(answer(lib.scimdb_authenticate, self._db, *text(secret)))
        return found

    # -- what the host adds --

    def set_hooks(
        self,
        *,
        before_write: _callbacks.BeforeWrite | None = None,
        after_commit: _callbacks.AfterCommit | None = None,
    ) -> None:
        """Sets the hooks of the store, in the place of those that were set; without arguments there are none.

        They get a dict of operation ("create", "modify", "delete"), tenant, resourceType, id, actor, before and after;
        and run on the thread that makes the write. For writes that come over `serve`, or from another process that
        shares the store, that is a thread of the library, where the store is held.

        before_write  within the write. None lets it go on; a dict is attributes to set, readOnly ones too, where None
                      removes; `Refuse` refuses it. Any other exception refuses it as well: the writer's `Error` has
                      the status 500, and the exception as its `__cause__`. May read the store, and not write.
        after_commit  when it is durable; may read and write. What it raises goes to the log "scimdb".
        """
        if before_write is None and after_commit is None:
            run(lib.scimdb_set_hooks, self._db, ffi.NULL, ffi.NULL, ffi.NULL, ffi.NULL)
            return
        before = ffi.NULL if before_write is None else _callbacks.before_write
        after = ffi.NULL if after_commit is None else _callbacks.after_commit
        userdata = _callbacks.keep(_callbacks.Hooks(before_write, after_commit))
        run(lib.scimdb_set_hooks, self._db, before, after, userdata, _callbacks.drop)

    def set_repositories(self, search: _callbacks.Repositories | None) -> None:
        """Gives the store the repositories of the host, in the place of those that were set: users that are known
        elsewhere, in an LDAP directory say. None takes them away.

        A search with `search_repositories` asks them, in tenants whose profile has repositories. `search` gets a dict
        of tenant, resourceType, filter (as it was sent, or None) and count (resources of the page at most). It gives an
        iterable of resources, dicts or JSON texts, of what the store does not have; more than the filter asks for may
        be told. It runs on the thread that searches, by several at once; `serve` and other processes that share the
        store search on a thread of the library, where the store is held. It may read and write.

        `Refuse` fails the search by its detail and status. Any other exception does as well: the `Error` has the status
        500, and the exception as its `__cause__`.
        """
        if search is None:
            run(lib.scimdb_set_repositories, self._db, ffi.NULL, ffi.NULL, ffi.NULL)
            return
        userdata = _callbacks.keep(search)
        run(lib.scimdb_set_repositories, self._db, _callbacks.repositories, userdata, _callbacks.drop)

    def on_change(self, callback: _callbacks.OnChange) -> Subscription:
        """Wakes you after writes, with the newest sequence; several writes may be one call.

        It runs on a thread of the library, and must not call the store: set an event, and read `Tenant.changes`
        elsewhere. What it raises goes to the log "scimdb".
        """
        place = ffi.new("scimdb_subscription **")
        with self._ending():
            run(lib.scimdb_on_change, self._db, _callbacks.on_change, _callbacks.keep(callback), _callbacks.drop, place)
        return Subscription(place[0], self)

    # -- the operator --

    def stats(self) -> dict[str, Any]:
        """Figures about the store: sizes, counts, what was done since it was opened."""
        return self._told(lib.scimdb_stats)

    def check(self) -> dict[str, Any]:
        """Reads everything, and tells what is damaged.

        Reads go on meanwhile; writers wait while checksums are verified.
        """
        return self._told(lib.scimdb_check)

    def backup(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes a whole store, from one snapshot, to a directory that must not exist. Writes go on meanwhile."""
        run(lib.scimdb_backup, self._db, *text(os.fspath(path)))

    def compact(self) -> None:
        """Gives the disk what is no longer used."""
        run(lib.scimdb_compact, self._db)

    def rotate_value_keys(self) -> int:
        """Reads the keys of encrypted values again, those of `value_keys_file`, and encrypts by the first of them what
        another one encrypted; how many resources were written anew. Others read and write meanwhile.

        Afterwards only older backups need the other keys. What an error cuts short goes on by the same call. Raises
        `InvalidRequest` where the store was opened without keys.
        """
        return int(self._told(lib.scimdb_value_keys_rotate)["rewritten"])

    def serve(self, **config: Any) -> Server:
        """Serves SCIM over HTTP and gRPC from this process, on threads of the library: see docs/EMBEDDING.md.

        The configuration is that of the command line with underscores: `serve(address="127.0.0.1:7644")`. Raises
        `Error` NOT_IMPLEMENTED where the library is built without a server, or another process holds the store.
        """
        place = ffi.new("scimdb_server **")
        run(lib.scimdb_serve_start, self._db, *_abi.document(_abi.renamed(config)), place)
        return Server(place[0], self)

    def _told(self, function: Any) -> dict[str, Any]:
        found: dict[str, Any] = _abi.parsed(answer(function, self._db))
        return found


class Subscription:
    """What `Store.on_change` makes: a context manager. It lasts until `close()`, or until it is forgotten."""

    def __init__(self, handle: Any, store: Store) -> None:
        self._handle, self._store = handle, store

    def close(self) -> None:
        """Ends it: afterwards the callback runs no more. May be called more than once."""
        handle, self._handle = self._handle, None
        if handle is not None:
            lib.scimdb_subscription_free(handle)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()


class Server:
    """What `Store.serve` makes: a context manager. It serves until `stop()`."""

    def __init__(self, handle: Any, store: Store) -> None:
        self._handle, self._store = handle, store
        self._url = answer(lib.scimdb_serve_url, handle).decode()

    @property
    def url(self) -> str:
        """Where it serves: "http://127.0.0.1:7644"."""
        return self._url

    def stop(self, drain: float = 10.0) -> None:
        """Stops it: takes no more calls, waits that many seconds for those that run: 10, as at the end of `with`.

        May be called more than once.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            run(lib.scimdb_serve_stop, handle, round(drain * 1000))

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


_opened: weakref.WeakSet[Store] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """The library's threads must not call Python when it is gone."""
    for store in list(_opened):
        if store._process == os.getpid() and not store.closed:
            store._is_open = False
            lib.scimdb_interrupt(store._db)
            lib.scimdb_close(store._db)
    if _callbacks.is_logging():
        _callbacks.set_log(None)
    _callbacks.settle(10.0)
