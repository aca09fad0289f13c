"""scimdb, the SQLite of identity: an embedded SCIM 2.0 store.

    import scimdb

    with scimdb.open("people.scimdb") as store:
        tenant = store.tenant()
        ann = tenant.create(
            "User",
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "ann@example.com",
                "active": True,
            },
        )
        for user in tenant.iterate("User", filter='userName ew "@example.com"'):
            print(user["userName"])

`scimdb.aio` is the same for asyncio.
"""

from . import aio
from ._callbacks import set_log
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._rows import Import, Resources
from ._store import Server, Store, Subscription, open
from ._tenant import Response, Tenant
from .errors import (
    Cancelled,
    Code,
    Conflict,
    Error,
    InvalidRequest,
    Locked,
    Misuse,
    NotFound,
    NotModified,
    Refuse,
    Unauthenticated,
    VersionMismatch,
)

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Code",
    "Conflict",
    "Error",
    "Import",
    "InvalidRequest",
    "Locked",
    "Misuse",
    "NotFound",
    "NotModified",
    "Refuse",
    "Resources",
    "Response",
    "Server",
    "Store",
    "Subscription",
    "Tenant",
    "Unauthenticated",
    "VersionMismatch",
    "aio",
    "open",
    "set_log",
    "version",
]


def version() -> str:
    """The version of the library that is loaded."""
    return str(_ffi.string(_lib.scimdb_version()).decode())
