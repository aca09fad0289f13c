"""What the library calls: hooks, repositories, wake-ups and the log.

The library has userdata for each callable, and tells when it needs it no more. Until then the callable is kept alive.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional, Union

from . import _abi
from ._native import ffi, lib
from .errors import Code, Error, Refuse

logger = logging.getLogger("scimdb")

BeforeWrite = Callable[[dict[str, Any]], Optional[Mapping[str, Any]]]
AfterCommit = Callable[[dict[str, Any]], object]
Repositories = Callable[[dict[str, Any]], Iterable[_abi.Json]]
OnChange = Callable[[int], object]
OnLog = Callable[[int, str], object]

# What the log is told.
_BEFORE_WRITE = "the before-write hook failed"
_AFTER_COMMIT = "the after-commit hook failed"
_REPOSITORIES = "the host's repositories failed"

_alive: dict[int, Any] = {}
_of_parents: list[dict[int, Any]] = []
_calls = threading.local()


def keep(value: Any) -> Any:
    """Userdata for a callable, which stays alive until the library drops it."""
    handle = ffi.new_handle(value)
    _alive[int(ffi.cast("uintptr_t", handle))] = handle
    return handle


@ffi.callback("void(void *)")  # type: ignore[untyped-decorator]
def drop(userdata: Any) -> None:
    """The library needs this userdata no more."""
    _alive.pop(int(ffi.cast("uintptr_t", userdata)), None)


def settle(seconds: float) -> None:
    """Waits until the library needs no callable any more: when Python ends, its threads may be in none.

    A thread that waits for an interpreter which is gone is ended within the library, and the process with it.
    """
    if not _alive:
        return
    deadline = time.monotonic() + seconds
    while _alive and time.monotonic() < deadline:
        time.sleep(0.001)
    # The last one to be dropped has yet to return.
    time.sleep(0.01)


def _forked() -> None:
    """In a child: nobody will drop what its parent registered, and nobody may free it either."""
    _of_parents.append(dict(_alive))
    _alive.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Hooks:
    """The hooks of a store."""

    def __init__(self, before_write: BeforeWrite | None, after_commit: AfterCommit | None) -> None:
        self.before_write, self.after_commit = before_write, after_commit


@ffi.callback("scimdb_before_write_fn", error=int(Code.INTERNAL))  # type: ignore[untyped-decorator]
def before_write(userdata: Any, write: Any, size: int, decision: Any) -> int:
    """Asks the host about a write, on the thread that made it."""
    try:
        hook = ffi.from_handle(userdata).before_write
        try:
            attributes = hook(json.loads(ffi.unpack(write, size)))
        except Refuse as refusal:
            _decided(_refuse(decision, refusal))
            return int(Code.INVALID_VALUE)
        if attributes is not None:
            data = _abi.encoded(attributes)
            _decided(lib.scimdb_decision_set(decision, data, len(data)))
        return 0
    except BaseException as failure:
        # A hook that fails is the host's fault, and the client is not told what is wrong with the host. Should this be
        # no decision that the store takes, the code refuses the write alone.
        _refuse(decision, Refuse(f"the host's before-write hook failed: {type(failure).__name__}", status=500))
        _blame(_BEFORE_WRITE, failure)
        return int(Code.INTERNAL)


def _blame(what: str, failure: BaseException) -> None:
    """Remembers what the host raised for the call on this thread; where none waits for it, the log is told."""
    failures = getattr(_calls, "failures", None)
    if failures is None:
        logger.error(what, exc_info=failure)
    else:
        failures.append((what, failure))


def _refuse(decision: Any, refusal: Refuse) -> int:
    scim_type, detail = _abi.text(refusal.scim_type), _abi.text(refusal.detail)
    code: int = lib.scimdb_decision_refuse(decision, refusal.status, *scim_type, *detail)
    return code


def _decided(code: int) -> None:
    if code:
        raise ValueError(f"the decision of the before-write hook is none that the store takes (code {code})")


@ffi.callback("void(void *, const char *, size_t)")  # type: ignore[untyped-decorator]
def after_commit(userdata: Any, write: Any, size: int) -> None:
    """Tells the host of a write that is durable, on the thread that made it."""
    try:
        ffi.from_handle(userdata).after_commit(json.loads(ffi.unpack(write, size)))
    except BaseException as failure:
        failures = getattr(_calls, "failures", None)
        if failures is not None and not isinstance(failure, Exception):
            failures.append((_AFTER_COMMIT, failure))
        else:
            # The write is done: nobody can be told but the log.
            logger.error(_AFTER_COMMIT, exc_info=failure)


@ffi.callback("scimdb_repository_fn", error=int(Code.INTERNAL))  # type: ignore[untyped-decorator]
def repositories(userdata: Any, query: Any, size: int, found: Any) -> int:
    """Asks the host what its repositories have, on the thread that searches."""
    try:
        search = ffi.from_handle(userdata)
        try:
            for resource in search(json.loads(ffi.unpack(query, size))):
                data = _abi.encoded(resource)
                if lib.scimdb_found_add(found, data, len(data)):
                    raise ValueError("what the host's repositories gave is no JSON text")
        except Refuse as refusal:
            _fail(found, refusal)
            return int(Code.INVALID_VALUE)
        return 0
    except BaseException as failure:
        # As of a hook: it is the host's fault, and the client is not told what is wrong with the host.
        _fail(found, Refuse(f"the host's repositories failed: {type(failure).__name__}", status=500))
        _blame(_REPOSITORIES, failure)
        return int(Code.INTERNAL)


def _fail(found: Any, refusal: Refuse) -> None:
    lib.scimdb_found_fail(found, refusal.status, *_abi.text(refusal.detail))


def watched(function: Callable[..., bytes], *arguments: Any) -> bytes:
    """Makes a call that may run hooks or repositories on this thread, and tells what they raised.

    The error of a write that a failed hook refused has the hook's exception as its cause, and that of a search the one
    of the repositories. Where the call does not fail with it, as bulk does not, the exceptions are logged.
    KeyboardInterrupt and its like go on through the call.
    """
    outer = getattr(_calls, "failures", None)
    failures: list[tuple[str, BaseException]] = []
    _calls.failures = failures
    try:
        try:
            result = function(*arguments)
        except Error as error:
            if failures and isinstance(failures[-1][1], Exception):
                raise error from failures.pop()[1]
            raise
    finally:
        _calls.failures = outer
        for what, failure in failures:
            if not isinstance(failure, Exception):
                raise failure
            logger.error(what, exc_info=failure)
    return result


@ffi.callback("void(void *, uint64_t)")  # type: ignore[untyped-decorator]
def on_change(userdata: Any, sequence: int) -> None:
    """Wakes the host, on a thread of the library."""
    try:
        ffi.from_handle(userdata)(sequence)
    except BaseException as failure:
        logger.error("the callback of on_change failed", exc_info=failure)


# The library's levels, 1 error to 5 trace, as those of logging.
LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: 5}


@ffi.callback("void(void *, int32_t, const char *, size_t)")  # type: ignore[untyped-decorator]
def log(userdata: Any, level: int, message: Any, size: int) -> None:
    """Tells the host a line of the log, on the thread that has something to tell. What this raises, cffi prints."""
    ffi.from_handle(userdata)(LEVELS.get(level, logging.DEBUG), ffi.unpack(message, size).decode(errors="replace"))


def set_log(
    target: Union[logging.Logger, OnLog, None] = logger,
    level: int = logging.INFO,
) -> None:
    """Sends the library's log to a logger, by default "scimdb"; to a callable of the level (of `logging`) and the text;
    or, with None, to nobody. The process has one log.

    The callable is called on whichever thread has something to tell, and must not call the store.
    """
    global _logging_process
    if target is None:
        _logging_process = None
        _abi.run(lib.scimdb_set_log, ffi.NULL, 1, ffi.NULL, ffi.NULL)
        return
    wanted = max((number for number, known in LEVELS.items() if known >= level), default=1)
    call = target.log if isinstance(target, logging.Logger) else target
    # A logger would take a percent sign in the text for a placeholder, if it came with arguments; it comes with none.
    _abi.run(lib.scimdb_set_log, log, wanted, keep(call), drop)
    _logging_process = os.getpid()


# The process that sends the log somewhere.
_logging_process: Optional[int] = None


def is_logging() -> bool:
    """Whether this process sends the log somewhere."""
    return _logging_process == os.getpid()
