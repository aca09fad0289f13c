"""Watch: changes as they come, heartbeats, and going on where a stream broke off."""

import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from scim import GROUP, refused, user
from scimdb.v1 import tenant_pb2, watch_pb2

CREATE, MODIFY, DELETE = (
    watch_pb2.CHANGE_OPERATION_CREATE,
    watch_pb2.CHANGE_OPERATION_MODIFY,
    watch_pb2.CHANGE_OPERATION_DELETE,
)


def told(stream, count: int) -> list[watch_pb2.Change]:
    """Reads until there are so many changes."""
    changes: list[watch_pb2.Change] = []
    for response in stream:
        changes += response.changes
        if len(changes) >= count:
            return changes
    raise AssertionError(f"the stream ended after {len(changes)} of {count} changes")


def test_changes_are_told_as_they_come(scim):
    scim.create(user("before"))
    stream = scim.watch()
    greeting = next(stream)
    assert list(greeting.changes) == []

    ann = scim.create(user("ann", title="Guide"))
    scim.patch(ann.id, {"op": "replace", "path": "title", "value": "Pilot"})
    scim.delete(ann.id)
    changes = told(stream, 3)
    stream.cancel()
    assert [(change.operation, change.resource_type, change.id) for change in changes] == [
        (CREATE, "User", ann.id), (MODIFY, "User", ann.id), (DELETE, "User", ann.id)
    ]
    assert list(changes[1].attributes) == ["title"]
    assert list(changes[2].attributes) == []
    assert greeting.sequence < changes[0].sequence < changes[1].sequence < changes[2].sequence
    assert ann.version == f'W/"{changes[0].sequence}"', "the sequence is the number in the version"
    assert changes[0].time == ann.created


def test_a_watch_goes_on_where_the_last_one_ended(scim):
    scim.create(user("ann"))
    stream = scim.watch(since=0)
    first = next(stream)
    assert [change.operation for change in first.changes] == [CREATE]
    stream.cancel()

    missed = [scim.create(user(name)).id for name in ("bob", "cid")]
    resumed = scim.watch(since=first.sequence)
    assert [change.id for change in told(resumed, 2)] == missed
    resumed.cancel()


def test_a_watch_may_be_of_some_resource_types(scim):
    stream = scim.watch(resource_types=["Group"])
    next(stream)
    ann = scim.create(user("ann"))
    crew = scim.create({"schemas": [GROUP], "displayName": "Crew"}, "Group")
    (change,) = told(stream, 1)
    stream.cancel()
    assert (change.resource_type, change.id) == ("Group", crew.id)
    assert change.id != ann.id


def test_a_silent_watch_has_a_heartbeat(scim):
    stream = scim.watch(heartbeat=Duration(seconds=1))
    greeting = next(stream)
    began = time.monotonic()
    beat = next(stream)
    stream.cancel()
    assert (list(beat.changes), beat.sequence) == ([], greeting.sequence)
    assert 0.5 < time.monotonic() - began < 10


def test_many_watch_at_once(scim):
    streams = [scim.watch() for _ in range(10)]
    for stream in streams:
        next(stream)
    ann = scim.create(user("ann"))
    for stream in streams:
        assert [change.id for change in told(stream, 1)] == [ann.id]
        stream.cancel()


def test_a_watch_ends_at_its_deadline(scim):
    stream = scim.watch(timeout=0.5)
    next(stream)
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_watch_ends_with_its_tenant(scim):
    stream = scim.watch()
    next(stream)
    scim.admin.DropTenant(tenant_pb2.DropTenantRequest(tenant=scim.tenant))
    refusal = refused(lambda: next(stream))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_TENANT")
