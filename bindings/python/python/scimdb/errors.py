"""Errors: one exception for whatever the store answers, with a subclass where callers handle a kind of their own."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple


class Code(IntEnum):
    """The codes of errors, as the C ABI numbers them. A later library may have more, which are told as plain ints."""

    INVALID_FILTER = 1
    INVALID_SYNTAX = 2
    INVALID_PATH = 3
    INVALID_VALUE = 4
    NO_TARGET = 5
    MUTABILITY = 6
    UNIQUENESS = 7
    TOO_MANY = 8
    INVALID_VERSION = 9
    SENSITIVE = 10
    INVALID_CURSOR = 11
    EXPIRED_CURSOR = 12
    INVALID_COUNT = 13
    INVALID_ARGUMENT = 14
    NOT_FOUND = 20
    UNKNOWN_TENANT = 21
    UNKNOWN_TYPE = 22
    ALREADY_EXISTS = 23
    VERSION_MISMATCH = 24
    NOT_MODIFIED = 25
    UNAUTHENTICATED = 26
    FORBIDDEN = 27
    PAYLOAD_TOO_LARGE = 28
    IN_USE = 29
    NOT_IMPLEMENTED = 30
    OUT_OF_RANGE = 31
    METHOD_NOT_ALLOWED = 32
    UNSUPPORTED_MEDIA_TYPE = 33
    TOO_MANY_REQUESTS = 34
    MISUSE = 35
    LOCKED = 40
    UNAVAILABLE = 41
    IO = 42
    DISK_FULL = 43
    UNKNOWN_FORMAT = 44
    CANCELLED = 45
    DEADLINE_EXCEEDED = 46
    CORRUPT = 60
    INTERNAL = 61
    PANIC = 62
    POISONED = 63


class Fields(NamedTuple):
    """What an error tells; the arguments of `Error`."""

    code: int
    name: str
    status: int
    scim_type: str | None
    detail: str
    attribute: str | None
    offset: int | None
    retriable: bool
    json: str


class Error(Exception):
    """What the store answers where it does not do what was asked.

    code       the number of the kind, a `Code`
    name       its stable name: "INVALID_FILTER"
    status     the HTTP status that SCIM gives it (RFC 7644 section 3.12)
    scim_type  the scimType of RFC 7644 table 9, or None
    detail     what to do about it; repeats no attribute's value. It is also `str(error)`
    attribute  the attribute to blame, or None
    offset     the byte of the filter, path or body to blame, or None
    retriable  whether the same call may succeed later
    json       the Error message of RFC 7644 section 3.12, as text, to be sent to a client

    Where a before-write hook or the host's repositories failed, `__cause__` is the exception that they raised.
    """

    code: int
    name: str
    status: int
    scim_type: str | None
    detail: str
    attribute: str | None
    offset: int | None
    retriable: bool
    json: str

    def __init__(self, *fields: Any) -> None:
        told = Fields(*fields)
        super().__init__(told.detail)
        self.code = Code(told.code) if told.code in _CODES else told.code
        self.name = told.name
        self.status = told.status
        self.scim_type = told.scim_type
        self.detail = told.detail
        self.attribute = told.attribute
        self.offset = told.offset
        self.retriable = told.retriable
        self.json = told.json

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is made again from its arguments when it comes from another process.
        return type(self), tuple(getattr(self, name) for name in Fields._fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {self.status}, {self.detail!r})"


class InvalidRequest(Error):
    """The request is wrong, and would be wrong again: a filter, a body, a path, a value, an argument."""


class NotFound(Error):
    """No such resource, tenant, resource type or schema."""


class Conflict(Error):
    """A unique value is taken, it exists already, or stored data stands in the way."""


class VersionMismatch(Error):
    """The resource's version is not the one of `if_match` (RFC 7644 section 3.14)."""


class NotModified(Error):
    """The resource still has the version of `if_none_match` (RFC 7644 section 3.14)."""


class Unauthenticated(Error):
    """No token, or one that is wrong, expired or revoked."""


class Locked(Error):
    """Another process holds the store; `detail` tells which."""


class Cancelled(Error):
    """The call was interrupted."""


class Misuse(Error):
    """The call itself is wrong: on a store that is closed or of the process that this one was forked from, or a write
    within a before-write hook."""


_CODES = frozenset(int(code) for code in Code)
_KINDS: dict[int, type[Error]] = {
    Code.NOT_FOUND: NotFound,
    Code.UNKNOWN_TENANT: NotFound,
    Code.UNKNOWN_TYPE: NotFound,
    Code.UNIQUENESS: Conflict,
    Code.ALREADY_EXISTS: Conflict,
    Code.IN_USE: Conflict,
    Code.VERSION_MISMATCH: VersionMismatch,
    Code.NOT_MODIFIED: NotModified,
    Code.UNAUTHENTICATED: Unauthenticated,
    Code.LOCKED: Locked,
    Code.CANCELLED: Cancelled,
    Code.MISUSE: Misuse,
}


def error_of(fields: Fields) -> Error:
    """The exception for what an error tells."""
    is_invalid = fields.code <= Code.INVALID_ARGUMENT and fields.status == 400
    return _KINDS.get(fields.code, InvalidRequest if is_invalid else Error)(*fields)


class Refuse(Exception):
    """Raised by a before-write hook, refuses the write: the writer gets this error. Raised by the host's repositories,
    fails the search in the same way, without a scimType of its own.

    detail     what to do about it, for the client
    status     the HTTP status (RFC 7644 section 3.12)
    scim_type  the scimType of RFC 7644 table 9; invalidValue where the status is 400, and otherwise none
    """

    def __init__(self, detail: str, *, status: int = 400, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.scim_type = "invalidValue" if scim_type is None and status == 400 else scim_type
