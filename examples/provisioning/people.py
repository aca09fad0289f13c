"""The product's own table of people, as the provider sees it from outside."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .scim import Failure, Scim, say, shown

# How long the table may lag.
IN_STEP_SECONDS = 60

# A person as the table tells it.
Row = dict[str, Any]


def row_of(user: dict[str, Any]) -> Row:
    """What the table should say of a user: displayName is null and active true where it has none."""
    return {"id": user["id"], "userName": user["userName"], "displayName": user.get("displayName"),
            "active": user.get("active", True)}


class People:
    """The product's table, at a URL or in a file, and what should be in it."""

    def __init__(self, source: str, token: str) -> None:
        self.source, self.token = source, token
        self.expected: dict[str, Row] = {}

    def read(self) -> Any:
        """The table as the product has it now."""
        if self.source.startswith(("http://", "https://")):
            return Scim(self.source, self.token).get("")
        try:
            return json.loads(Path(self.source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []

    def put(self, user: dict[str, Any]) -> None:
        """From now on this user should be there, as it is here."""
        self.expected[user["id"]] = row_of(user)

    def change(self, identifier: str, **attributes: Any) -> None:
        """From now on this user should have these values."""
        self.expected[identifier].update(attributes)

    def drop(self, identifier: str) -> None:
        """From now on this user should not be there."""
        del self.expected[identifier]

    def must_be_in_step(self, phase: str) -> None:
        """Waits until the table is what it should be."""
        wanted = sorted(self.expected.values(), key=lambda person: person["userName"])
        deadline = time.monotonic() + IN_STEP_SECONDS
        while (found := self.read()) != wanted:
            if time.monotonic() > deadline:
                raise Failure(f"after {phase} the product's table is not in step:\n{difference(wanted, found)}")
            time.sleep(0.1)
        say(f"the product's table is in step after {phase}: {len(wanted)} people")


def difference(wanted: list[Row], found: Any) -> str:
    """What differs between two tables, a line for each person."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return f"  it is no array of objects: {shown(found)[:300]}"
    left = {one["id"]: one for one in wanted}
    right = {one.get("id"): one for one in found}
    lines = [f"  missing: {shown(left[key])}" for key in left if key not in right]
    lines += [f"  not expected: {shown(right[key])}" for key in right if key not in left]
    lines += [f"  should be: {shown(left[key])}\n  but is:    {shown(right[key])}"
              for key in left if key in right and left[key] != right[key]]
    return "\n".join(lines) or "  the same people, but not sorted by userName"
