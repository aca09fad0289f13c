"""Stubs made before any test imports them, a server for the whole run, and a tenant for each test."""

import itertools

import grpc
import pytest
import stubs

STUBS = stubs.make()


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
