#!/usr/bin/env python3
"""What a call costs through this package: `bench.py USERS.ndjson`.

Imports the file (Users with ids) into a store in memory; then times gets by id and searches by userName, one after the
other. Prints a line of JSON for each form of the calls, with the median, over batches of 500 calls, of the nanoseconds
of a call: first with answers as text, then with answers parsed to dicts, which is what a tenant gives.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any, Callable

import scimdb

GETS = 100_000
SEARCHES = 20_000
BATCH = 500


def median(call: Callable[[str], Any], arguments: Iterable[str], calls: int) -> int:
    """Nanoseconds of a call."""
    endless = itertools.cycle(arguments)
    batches = []
    # As many again before, which nobody looks at.
    for number in range(2 * calls // BATCH):
        batch = list(itertools.islice(endless, BATCH))
        began = time.perf_counter_ns()
        for argument in batch:
            call(argument)
        took = time.perf_counter_ns() - began
        if number >= calls // BATCH:
            batches.append(took / BATCH)
    return round(statistics.median(batches))


def tell(tenant: scimdb.Tenant[Any], users: list[dict[str, Any]], **form: str) -> None:
    """Measures the calls of a tenant, and prints the line."""
    get_ns = median(lambda identifier: tenant.get("User", identifier), [user["id"] for user in users], GETS)
    filters = [f"userName eq {json.dumps(user['userName'])}" for user in users]
    search_ns = median(lambda found: tenant.search("User", filter=found, count=1), filters, SEARCHES)
    print(json.dumps({"language": "python", **form, "get_ns": get_ns, "search_ns": search_ns}), flush=True)


def main() -> None:
    """Measures, and tells."""
    with open(sys.argv[1], "rb") as file:
        users = [json.loads(line) for line in file]
    with scimdb.open(":memory:") as store:
        tenant = store.tenant()
        with open(sys.argv[1], "rb") as file:
            report = tenant.import_(file, resource_type="User")
        assert report["created"] == len(users), report["rejects"][:3]
        tell(tenant.raw, users)
        tell(tenant, users, form="dict")


if __name__ == "__main__":
    main()
