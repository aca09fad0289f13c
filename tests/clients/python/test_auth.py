"""Bearer tokens: made by the command line before the server starts, and by the service."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from process import run
from scim import Scim, refused, user
from scimdb.v1 import import_pb2, stats_pb2, tenant_pb2, token_pb2

UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def secrets(tmp_path):
    """Tokens of the tenant default, by scope, and one of scope write of the tenant other."""
    store = str(tmp_path / "store")
    made = {
        scope: run("token", "create", scope, "--scope", scope, "--store", store).strip()
        for scope in ("read", "write", "admin")
    }
    run("tenant", "create", "other", "--store", store)
    elsewhere = ("--tenant", "other", "--store", store)
    made["other"] = run("token", "create", "elsewhere", "--scope", "write", *elsewhere).strip()
    return made


@pytest.fixture
def clients(secrets, start):
    """A client for each token."""
    with grpc.insecure_channel(start("--require-tokens").address) as channel:
        yield lambda secret, tenant="": Scim(channel, tenant, secrets.get(secret, secret))


def test_without_a_known_token_nobody_is_let_in(clients, secrets):
    wrong = secrets["admin"][:-1] + ("A" if secrets["admin"][-1] != "A" else "B")
    for secret in (None, "", "nonsense", wrong):
        client = clients(secret)
        for call in (
            lambda: client.search(),
            lambda: client.create(user("ann")),
            lambda: client.admin.Stats(stats_pb2.StatsRequest(), metadata=client.metadata),
            lambda: next(client.watch()),
            lambda: next(client.stream_list()),
            lambda: next(client.resources.Import(iter([]), metadata=client.metadata)),
        ):
            refusal = refused(call)
            assert (refusal.code, refusal.reason) == (UNAUTHENTICATED, "UNAUTHENTICATED")
            assert refusal.metadata["status"] == "401"


def test_each_scope_includes_those_before_it(clients):
    reader, writer, admin = clients("read"), clients("write"), clients("admin")
    ann = writer.create(user("ann"))
    assert reader.get(ann.id) == ann
    for call in (
        lambda: reader.create(user("bob")),
        lambda: reader.delete(ann.id),
        lambda: reader.bulk({"method": "DELETE", "path": f"/Users/{ann.id}"}),
        lambda: list(reader.resources.Import(
            iter([import_pb2.ImportRequest(settings=import_pb2.ImportSettings())]), metadata=reader.metadata)),
        lambda: writer.admin.ListTenants(tenant_pb2.ListTenantsRequest(), metadata=writer.metadata),
        lambda: list(writer.resources.Import(
            iter([import_pb2.ImportRequest(settings=import_pb2.ImportSettings(restore=True))]),
            metadata=writer.metadata)),
    ):
        refusal = refused(call)
        assert (refusal.code, refusal.reason) == (DENIED, "FORBIDDEN")
    admin.delete(ann.id)


def test_a_token_is_for_its_tenant(clients):
    for call in (lambda: clients("write", "other").search(), lambda: clients("other").search(),
                 lambda: clients("write", "nobody").search()):
        # The same for tenants that do not exist: refusals tell nothing about them.
        refusal = refused(call)
        assert (refusal.code, refusal.detail) == (DENIED, "this token is for another tenant")
    elsewhere = clients("other", "other").create(user("ann"))
    assert clients("admin", "other").get(elsewhere.id) == elsewhere


def test_the_change_log_names_the_token(clients):
    clients("write").create(user("ann"))
    stream = clients("read").watch(since=0)
    assert next(stream).changes[0].actor == "write"
    stream.cancel()


def test_tokens_are_made_listed_and_revoked(clients):
    admin = clients("admin")

    def make(name: str, **fields):
        request = token_pb2.CreateTokenRequest(name=name, **fields)
        return admin.admin.CreateToken(request, metadata=admin.metadata).secret

    hour = Duration(seconds=3600)
    guest = clients(make("guest", scope=token_pb2.SCOPE_READ, lifetime=hour))
    assert guest.search().total_results == 0
    assert refused(lambda: make("guest", scope=token_pb2.SCOPE_READ)).code is grpc.StatusCode.ALREADY_EXISTS
    assert refused(lambda: make("nothing")).code is grpc.StatusCode.INVALID_ARGUMENT
    listed = admin.admin.ListTokens(token_pb2.ListTokensRequest(), metadata=admin.metadata).tokens
    tokens = {token.name: token for token in listed}
    assert set(tokens) == {"read", "write", "admin", "guest"}
    assert tokens["guest"].expires.seconds - tokens["guest"].created.seconds == 3600
    assert not tokens["read"].HasField("expires")

    stream = guest.watch(heartbeat=Duration(seconds=1))
    next(stream)
    admin.admin.RevokeToken(token_pb2.RevokeTokenRequest(name="guest"), metadata=admin.metadata)
    assert refused(lambda: guest.search()).code is UNAUTHENTICATED
    # A watch under way ends as well: at its next change or heartbeat.
    assert refused(lambda: list(stream)).code is UNAUTHENTICATED


def test_a_token_is_checked_even_where_none_is_wanted(channel):
    assert refused(lambda: Scim(channel, "", "nonsense").search()).code is UNAUTHENTICATED
