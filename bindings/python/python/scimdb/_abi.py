"""How the C ABI is called: text in, text out, errors. Knows no verb."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NoReturn, Union

from ._native import ffi, lib
from .errors import Code, Error, Fields, error_of

# A JSON value goes in as text, or as Python's own value of it.
Json = Union[str, bytes, bytearray, memoryview, Mapping[str, Any], Sequence[Any]]

NULL = ffi.NULL
ABSENT = (NULL, 0)

# The version of the ABI that this package is written for.
_ABI_VERSION = 1
if lib.scimdb_abi_version() != _ABI_VERSION:
    raise ImportError(
        f"the library has version {lib.scimdb_abi_version()} of the ABI, this package is for {_ABI_VERSION}"
    )

# Buffers larger than this are given back after the call.
_KEPT_BYTES = 1 << 20


class Frame:
    """The places that one call writes to. They are used again: a call takes a frame, and gives it back.

    Not one for each thread: a hook calls the store again on the thread whose own call has not returned.
    """

    __slots__ = ("body", "error", "headers", "status")

    def __init__(self) -> None:
        self.body = ffi.gc(ffi.new("scimdb_buf *"), lib.scimdb_buf_free)
        self.headers = ffi.gc(ffi.new("scimdb_buf *"), lib.scimdb_buf_free)
        self.status = ffi.new("int32_t *")
        self.error = ffi.new("scimdb_error **")


# Taking from a list and adding to it are atomic.
_frames: list[Frame] = []


def take() -> Frame:
    """A frame that no other call uses."""
    try:
        return _frames.pop()
    except IndexError:
        return Frame()


def give(frame: Frame) -> None:
    """Gives a frame back."""
    _frames.append(frame)


def told(buffer: Any) -> bytes:
    """What a call wrote to a buffer."""
    size = buffer.len
    if size == 0:
        return b""
    data: bytes = ffi.unpack(buffer.data, size)
    if size > _KEPT_BYTES:
        lib.scimdb_buf_free(buffer)
    return data


def fail(code: int, place: Any) -> NoReturn:
    """Raises the error that a call left in its place."""
    error = place[0]
    place[0] = NULL
    try:
        offset = lib.scimdb_error_offset(error)
        fields = Fields(
            code=code,
            name=_text(lib.scimdb_error_name(error)) or f"CODE_{code}",
            status=lib.scimdb_error_status(error),
            scim_type=_text(lib.scimdb_error_scim_type(error)),
            detail=_text(lib.scimdb_error_detail(error)) or "",
            attribute=_text(lib.scimdb_error_attribute(error)),
            offset=None if offset < 0 else offset,
            retriable=bool(lib.scimdb_error_is_retriable(error)),
            json=_text(lib.scimdb_error_json(error)) or "",
        )
    finally:
        lib.scimdb_error_free(error)
    raise error_of(fields)


def _text(pointer: Any) -> str | None:
    return None if pointer == NULL else ffi.string(pointer).decode()


def answer(function: Callable[..., int], *arguments: Any) -> bytes:
    """Calls a function whose last two parameters are a buffer and an error; what it wrote."""
    frame = take()
    try:
        code = function(*arguments, frame.body, frame.error)
        if code:
            fail(code, frame.error)
        return told(frame.body)
    finally:
        give(frame)


def run(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function whose last parameter is an error."""
    frame = take()
    try:
        code = function(*arguments, frame.error)
        if code:
            fail(code, frame.error)
    finally:
        give(frame)


def check(code: int, detail: str) -> None:
    """Raises the error of a function that tells a code alone. `detail` says what a misuse of it is."""
    if code == Code.MISUSE:
        raise misuse(detail)
    if code:
        name = Code(code).name if code in set(Code) else f"CODE_{code}"
        raise _plain(code, name, 500, f"the library answered with {name}")


def cancelled() -> Error:
    """The error for a wait of this package's own that `Store.interrupt` ends."""
    return _plain(int(Code.CANCELLED), "CANCELLED", 408, "the call was interrupted", retriable=True)


def misuse(detail: str) -> Error:
    """The error for a call on what is known to be closed."""
    return _plain(int(Code.MISUSE), "MISUSE", 400, detail)


def _plain(code: int, name: str, status: int, detail: str, *, retriable: bool = False) -> Error:
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return error_of(Fields(code, name, status, None, detail, None, None, retriable, json.dumps(message)))


def text(value: str | None) -> tuple[Any, int]:
    """A text parameter: pointer and length. None is absent."""
    if value is None:
        return ABSENT
    data = str.encode(value)
    return data, len(data)


def encoded(value: Json) -> bytes:
    """A JSON value as the bytes of its text."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return json.dumps(value, separators=(",", ":")).encode()


def document(value: Json) -> tuple[bytes, int]:
    """A parameter that is a JSON value: pointer and length."""
    data = encoded(value)
    return data, len(data)


def camel(name: str) -> str:
    """The name of an option as the C ABI writes it: maxPage for max_page."""
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def renamed(value: Any) -> Any:
    """Options with the names of the C ABI, also those within options."""
    if isinstance(value, Mapping):
        return {camel(name): renamed(inner) for name, inner in value.items() if inner is not None}
    return value


def options(values: Mapping[str, Any]) -> tuple[Any, int]:
    """The options parameter: those that are not None, as a JSON object."""
    given = {camel(name): value for name, value in values.items() if value is not None}
    return document(given) if given else ABSENT


def parsed(data: bytes) -> Any:
    """A JSON text as Python's own value; None for no text."""
    return json.loads(data.decode()) if data else None


def raw(data: bytes) -> str:
    """A JSON text as text."""
    return data.decode()
