"""Stubs made from the proto files, a server for the whole run, and a tenant for each test."""

import itertools
import sys
import tempfile
from pathlib import Path

import grpc
import pytest
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
STUBS = tempfile.TemporaryDirectory(prefix="scimdb-stubs-")


def pytest_configure() -> None:
    """Makes the stubs before any test imports them."""
    files = sorted(str(file) for file in (ROOT / "proto").rglob("*.proto"))
    # The well-known types are beside the compiler.
    include = Path(protoc.__file__).parent / "_proto"
    made = protoc.main(
        ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={STUBS.name}",
         f"--grpc_python_out={STUBS.name}", *files]
    )
    assert made == 0, "the proto files do not compile"
    sys.path.insert(0, STUBS.name)


def pytest_unconfigure() -> None:
    STUBS.cleanup()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server that wants no tokens."""
    from process import Server

    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture(scope="session")
def channel(server):
    """A channel to that server."""
    with grpc.insecure_channel(server.address) as channel:
        yield channel


TENANTS = itertools.count(1)


@pytest.fixture
def scim(channel):
    """A client of an empty tenant."""
    from scim import Scim
    from scimdb.v1 import tenant_pb2

    client = Scim(channel, f"tenant-{next(TENANTS)}")
    client.admin.CreateTenant(tenant_pb2.CreateTenantRequest(tenant=client.tenant))
    return client


@pytest.fixture
def start(tmp_path):
    """Starts servers of the test's own, and ends those that it leaves running."""
    from process import Server

    started = []

    def start(*arguments: str) -> Server:
        started.append(Server(tmp_path, *arguments))
        return started[-1]

    yield start
    for server in started:
        server.kill()
