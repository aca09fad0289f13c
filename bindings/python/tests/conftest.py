"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import scimdb

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
# No test may hang: what waits, waits no longer than this.
PATIENCE = 60


@pytest.fixture
def store() -> Iterator[scimdb.Store]:
    """A store in memory."""
    with scimdb.open(":memory:") as opened:
        yield opened


@pytest.fixture
def tenant(store: scimdb.Store) -> scimdb.Tenant[Any]:
    """Its default tenant."""
    return store.tenant()


def user(name: str, **more: Any) -> dict[str, Any]:
    """A User as it is sent."""
    return {"schemas": [USER], "userName": name, **more}


def names(resources: Any) -> list[str]:
    """The userNames of resources."""
    return [resource["userName"] for resource in resources]
