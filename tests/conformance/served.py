"""A fresh store, a token, and a server of it, for as long as a suite runs."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from process import Server, run

# A type with attributes of every kind, whose schemas have every characteristic.
GADGET = Path(__file__).parents[1] / "corpus" / "schemas" / "gadget.json"
# Nothing here is to survive the machine: where there is a file system in memory, no write waits for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass
class Endpoint:
    """Where a SCIM endpoint is, and what opens it."""

    url: str
    token: str
    server: Server


@contextlib.contextmanager
def served(*arguments: str, schemas: Sequence[Path] = ()) -> Iterator[Endpoint]:
    """Serves a fresh store in the default profile, to bearers of a token only."""
    with tempfile.TemporaryDirectory(prefix="scimdb-conformance-", dir=MEMORY) as folder:
        store = str(Path(folder) / "store")
        token = run("token", "create", "conformance", "--scope", "write", "--store", store).strip()
        if schemas:
            run("schema", "put", *map(str, schemas), "--store", store)
        server = Server(Path(folder), "--require-tokens", *arguments)
        try:
            yield Endpoint(f"http://{server.address}/scim/v2", token, server)
            assert server.stop() == 0, f"the server did not end well:\n{server.log.read_text()}"
        finally:
            server.kill()
