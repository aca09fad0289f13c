"""Rows: the iterator over a search, and the import."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Callable, Generic, TypeVar, Union

from . import _abi
from ._callbacks import watched
from ._native import lib

T = TypeVar("T")
# A row of an import: a resource as dict or text, or bytes of NDJSON that are cut anywhere.
Row = Union[Mapping[str, Any], str, bytes]
# The body of an import that is queued: one JSON object, as dict, as text, or as text that is cut anywhere.
Body = Union[Mapping[str, Any], str, bytes, Iterable[Union[str, bytes]]]

# Rows are handed over in pieces of this size, either way.
_PIECE_BYTES = 1 << 16
_MOST_ROWS = 256
_DONE = 100


class Resources(Generic[T]):
    """The resources that a search found, from one snapshot, one at a time: an iterator and a context manager.

    The snapshot is held until the end is reached, `close()` is called or the iterator is forgotten. It can be given to
    other threads: each resource comes once. Ends with `Cancelled` when the store is interrupted, and with `Misuse` when
    the store is closed; what has been fetched by then is told first.
    """

    def __init__(self, iterator: Any, loads: Callable[[bytes], T], store: object) -> None:
        self._iterator = iterator
        # A store that is forgotten is closed: not before what reads from it.
        self._store = store
        self._loads = loads
        self._lock = threading.Lock()
        # Fetched and not told yet, the next one last; and how many are fetched at a time: few at first.
        self._waiting: list[bytes] = []
        self._fetched = 1

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._lock:
            if not self._waiting and not self._fetch():
                raise StopIteration
            row = self._waiting.pop()
        return self._loads(row)

    def batch(self, count: int) -> list[T]:
        """Up to so many of the next resources; fewer, or none, at the end."""
        rows: list[bytes] = []
        with self._lock:
            while len(rows) < count and (self._waiting or self._fetch()):
                rows.append(self._waiting.pop())
        return [self._loads(row) for row in rows]

    def _fetch(self) -> bool:
        if self._iterator is None:
            return False
        frame = _abi.take()
        try:
            code = lib.scimdb_iter_next_many(self._iterator, self._fetched, _PIECE_BYTES, frame.body, frame.error)
            if code == _DONE:
                self._free()
                return False
            if code:
                _abi.fail(code, frame.error)
            # Each row ends with a line feed, and has none within: JSON escapes it.
            self._waiting = _abi.told(frame.body).split(b"\n")[-2::-1]
        finally:
            _abi.give(frame)
        self._fetched = min(self._fetched * 2, _MOST_ROWS)
        return True

    def _free(self) -> None:
        iterator, self._iterator = self._iterator, None
        self._waiting = []
        if iterator is not None:
            lib.scimdb_iter_free(iterator)

    def close(self) -> None:
        """Gives the snapshot back. May be called more than once; afterwards there are no more resources."""
        with self._lock:
            self._free()

    def __enter__(self) -> Resources[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Without the lock: nobody else can have it any more.
        if getattr(self, "_iterator", None) is not None:
            self._free()


class Import:
    """An import that is under way: a context manager. Left without `finish()`, it abandons what is not committed; one
    that is to be queued leaves nothing."""

    def __init__(self, handle: Any, store: object) -> None:
        self._handle = handle
        # A store that is forgotten is closed: not before what writes to it.
        self._store = store
        self._lock = threading.Lock()

    def _taken(self) -> Any:
        if self._handle is None:
            raise _abi.misuse("the import is finished")
        return self._handle

    def feed(self, data: bytes) -> None:
        """Hands over bytes of NDJSON, cut anywhere; with `queue`, of the one JSON object. Rows that are refused are
        told by `finish()`.

        Raises `Error` where the import cannot go on: it is over then, and what is committed stays.
        """
        with self._lock:
            handle = self._taken()
            watched(_run, lib.scimdb_import_feed, handle, data, len(data))

    def finish(self) -> dict[str, Any]:
        """Commits the rest; the report: read, created, replaced, skipped, rejected, and rejects, a list of objects with
        row, error and input. With `queue`, the job, as `Tenant.job` tells it: it is durable then."""
        with self._lock:
            handle = self._taken()
            self._handle = None
            report: dict[str, Any] = _abi.parsed(watched(_abi.answer, lib.scimdb_import_finish, handle))
            return report

    def close(self) -> None:
        """Abandons the import, unless it is finished. May be called more than once."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                lib.scimdb_import_free(handle)

    def __enter__(self) -> Import:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            lib.scimdb_import_free(self._handle)
            self._handle = None


def _run(function: Callable[..., int], *arguments: Any) -> bytes:
    _abi.run(function, *arguments)
    return b""


def line(row: Row) -> bytes:
    """A row as bytes to be fed: a dict and a str are a row each, bytes are as they are."""
    if isinstance(row, (bytes, bytearray, memoryview)):
        return bytes(row)
    if isinstance(row, str):
        return row.rstrip("\r\n").encode() + b"\n"
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def parts(body: Body) -> Iterator[bytes]:
    """A body in pieces, as they come: a dict is one as a whole."""
    if isinstance(body, (str, bytes, bytearray, memoryview, Mapping)):
        yield _abi.encoded(body)
    else:
        for part in body:
            yield part.encode() if isinstance(part, str) else bytes(part)


def pieces(rows: Union[str, bytes, Iterable[Row]]) -> Iterator[bytes]:
    """Rows in pieces that are worth a call. A str or bytes is NDJSON as a whole."""
    if isinstance(rows, str):
        yield rows.encode()
    elif isinstance(rows, (bytes, bytearray, memoryview)):
        yield bytes(rows)
    else:
        waiting: list[bytes] = []
        size = 0
        for row in rows:
            data = line(row)
            waiting.append(data)
            size += len(data)
            if size >= _PIECE_BYTES:
                yield b"".join(waiting)
                waiting, size = [], 0
        yield b"".join(waiting)
