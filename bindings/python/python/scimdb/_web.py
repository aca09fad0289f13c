"""What WSGI and ASGI share: from a path to the target behind the mount, and from a setting to its value."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Callable, NamedTuple, Optional, Union
from urllib.parse import quote, unquote_to_bytes

# A setting of an endpoint: a value, or a function of the request (the environ of WSGI, the scope of ASGI).
BaseOf = Union[str, Callable[[Any], str], None]
ActorOf = Union[str, Callable[[Any], Optional[str]], None]
ScopeOf = Union[str, Callable[[Any], Optional[str]], None]
PermissionsOf = Union[Sequence[str], Callable[[Any], Optional[Sequence[str]]], None]

# What may stand in a path as it is (RFC 3986 section 3.3), and separates segments.
_PATH = "/:@!$&'()*+,;=-._~"


class Where(NamedTuple):
    """The path of a request, cut at the mount; both percent-encoded."""

    mount: str
    inner: str


def where(mount: bytes, inner: bytes, raw: str | None) -> Where:
    """Cuts a path at the mount.

    `mount` and `inner` are decoded: an encoded slash in an id is lost in them. `raw` is the path as it was sent, where
    the server tells it; it is what counts, unless something rewrote the path on its way here.
    """
    if raw is not None and unquote_to_bytes(raw) == mount + inner:
        at = 0
        rest = len(mount)
        while rest > 0:
            at += 3 if raw[at] == "%" and len(unquote_to_bytes(raw[at : at + 3])) == 1 else 1
            rest -= 1
        return Where(raw[:at], raw[at:])
    return Where(quote(mount, safe=_PATH), quote(inner, safe=_PATH))


def path_of(uri: str | None) -> str | None:
    """The path of a request's URI, without the query; None where it has none."""
    if not uri:
        return None
    if not uri.startswith("/"):
        # The absolute form (RFC 9112 section 3.2.2).
        _, separator, behind = uri.partition("://")
        if not separator:
            return None
        _, slash, path = behind.partition("/")
        uri = slash + path
    return uri.partition("?")[0]


def setting(value: Any, request: Any) -> Any:
    """The value of a setting for a request."""
    return value(request) if callable(value) else value


def phrase(status: int) -> str:
    """The reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
