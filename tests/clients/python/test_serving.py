"""Health, reflection, deadlines, limits, TLS, and how a server stops."""

import datetime
import ipaddress
import json
import subprocess
import threading
import time

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from process import BINARY, environment
from scim import BULK, USER, Scim, refused, user
from scimdb.v1 import (
    admin_service_pb2,
    bulk_pb2,
    import_pb2,
    resource_service_pb2,
    schema_service_pb2,
    verbs_pb2,
)

SERVICES = {
    descriptor.full_name: descriptor
    for file in (resource_service_pb2, schema_service_pb2, admin_service_pb2)
    for descriptor in file.DESCRIPTOR.services_by_name.values()
}
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def test_every_service_is_healthy(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", *SERVICES):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="scimdb.v1.Nothing"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_describes_every_service(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(SERVICES) | {"grpc.health.v1.Health"} <= set(database.get_services())
    pool = DescriptorPool(database)
    for name, known in SERVICES.items():
        told, expected = descriptor_pb2.ServiceDescriptorProto(), descriptor_pb2.ServiceDescriptorProto()
        pool.FindServiceByName(name).CopyToProto(told)
        known.CopyToProto(expected)
        assert told == expected
        for method in known.methods:
            for message in (method.input_type, method.output_type):
                told, expected = descriptor_pb2.DescriptorProto(), descriptor_pb2.DescriptorProto()
                pool.FindMessageTypeByName(message.full_name).CopyToProto(told)
                message.CopyToProto(expected)
                # Names in JSON follow from the names: some compilers write them down, some do not.
                for field in told.field:
                    field.ClearField("json_name")
                assert told == expected


def test_a_call_ends_at_its_deadline(scim):
    # Hashing so many passwords takes longer than the client waits.
    operations = [{"method": "POST", "path": "/Users", "bulkId": str(number),
                   "data": user(f"user-{number}", password="correct horse")} for number in range(30)]
    body = {"schemas": [BULK], "Operations": operations}
    request = bulk_pb2.BulkRequest(tenant=scim.tenant, json=json.dumps(body))
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        scim.resources.Bulk(request, timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 5
    assert scim.search('userName eq "nobody"').total_results == 0


def test_the_server_has_a_deadline_of_its_own(start):
    with grpc.insecure_channel(start("--request-timeout", "1ms").address) as channel:
        client = Scim(channel)
        refusal = refused(lambda: client.create(user("ann", password="correct horse")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


def test_messages_have_a_limit(start):
    with grpc.insecure_channel(start("--max-message-bytes", "4096").address) as channel:
        client = Scim(channel)
        with pytest.raises(grpc.RpcError) as caught:
            client.create(user("ann", displayName="x" * 5000))
        assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
        for name in ("ann", "bob"):
            client.create(user(name, displayName="x" * 2500))
        refusal = refused(lambda: client.search())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY")
        # Pages and streams tell what does not fit in one message.
        assert len(client.search(count=1).resources) == 1
        assert [len(response.resources) for response in client.stream_list()] == [1, 1]


def test_streams_have_a_limit(start):
    with grpc.insecure_channel(start("--max-streams", "2").address) as channel:
        client = Scim(channel)
        client.create(user("ann"))
        streams = [client.watch(), client.watch()]
        for stream in streams:
            next(stream)
        refusal = refused(lambda: next(client.watch()))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
        assert client.search().total_results == 1, "unary calls have a limit of their own"
        for stream in streams:
            stream.cancel()


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.NoCompression])
def test_compressed_requests_are_understood(scim, compression):
    text = json.dumps(user("ann", displayName="x" * 10_000))
    request = verbs_pb2.CreateRequest(tenant=scim.tenant, resource_type="User", json=text)
    created = scim.resources.Create(request, compression=compression).resource
    assert len(json.loads(created.json)["displayName"]) == 10_000


def certificate(folder):
    """A certificate for 127.0.0.1 and localhost that vouches for itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scimdb test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def test_tls(start, tmp_path):
    public, private = certificate(tmp_path)
    server = start("--tls-certificate", str(public), "--tls-key", str(private))
    assert server.scheme == "https"
    trusted = grpc.ssl_channel_credentials(public.read_bytes())
    with grpc.secure_channel(server.address, trusted) as channel:
        client = Scim(channel)
        ann = client.create(user("ann"))
        stream = client.watch(since=0)
        assert next(stream).changes[0].id == ann.id
        stream.cancel()
    for wrong in (
        grpc.insecure_channel(server.address),
        grpc.secure_channel(server.address, grpc.ssl_channel_credentials()),
    ):
        with wrong, pytest.raises(grpc.RpcError) as caught:
            Scim(wrong).search()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert server.stop() == 0


@pytest.mark.parametrize("arguments", [[], ["--require-tokens"]])
def test_nobody_is_served_beyond_loopback_unprotected(tmp_path, arguments):
    done = subprocess.run(
        [BINARY, "serve", "--store", str(tmp_path / "store"), "--address", "0.0.0.0:0", *arguments],
        env=environment(), capture_output=True, text=True, timeout=30,
    )
    assert done.returncode != 0
    assert "set tls-certificate and tls-key" in done.stderr
    assert done.stdout == ""


def test_sigterm_ends_watches_and_lets_other_calls_end(start):
    server = start()
    with grpc.insecure_channel(server.address) as channel:
        client = Scim(channel)
        client.create(user("ann"))
        watch = client.watch()
        greeting = next(watch)
        health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(health).status == SERVING
        stopping = threading.Event()

        def rows():
            yield import_pb2.ImportRequest(settings=import_pb2.ImportSettings())
            yield import_pb2.ImportRequest(chunk=b'this is no row\n{"schemas": ["%s"], "user' % USER.encode())
            stopping.wait()
            yield import_pb2.ImportRequest(chunk=b'Name": "bob"}\n' + json.dumps(user("cid")).encode())

        events = client.resources.Import(rows())
        assert next(events).row_error.row == 1, "the import is under way"
        server.terminate()
        assert next(health).status == NOT_SERVING
        refusal = refused(lambda: list(watch))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
        assert refusal.detail == f"the server is stopping: watch again, since {greeting.sequence}"
        stopping.set()
        *_, last = events
        assert last.report == import_pb2.ImportReport(read=3, created=2, rejected=1)
        with pytest.raises(grpc.RpcError) as caught:
            client.search()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert server.wait(10) == 0

    # Everything that was acknowledged is there, and a watch goes on where it ended.
    server = start()
    with grpc.insecure_channel(server.address) as channel:
        client = Scim(channel)
        assert client.names() == ["ann", "bob", "cid"]
        resumed = client.watch(since=greeting.sequence)
        assert len(next(resumed).changes) == 2
        resumed.cancel()
    assert server.stop() == 0
