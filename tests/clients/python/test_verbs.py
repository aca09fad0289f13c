"""The verbs on single resources, and Bulk."""

import json

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from scim import GROUP, refused, user


def test_a_resource_is_created_read_replaced_modified_and_deleted(scim):
    created = scim.create(user("ann@example.com", externalId="7", name={"givenName": "Ann", "familyName": "Lee"}))
    body = json.loads(created.json)
    assert body["userName"] == "ann@example.com"
    assert (created.resource_type, created.external_id) == ("User", "7")
    # The envelope says what the JSON says.
    meta = body["meta"]
    assert (created.id, created.version, created.location) == (body["id"], meta["version"], meta["location"])
    assert created.location == f"/Users/{created.id}"
    assert created.version.startswith('W/"')
    stamp = Timestamp()
    stamp.FromJsonString(meta["created"])
    assert created.created == stamp
    assert created.last_modified == created.created
    assert scim.get(created.id) == created

    replaced = scim.replace(created.id, user("ann@example.com", title="Guide"))
    assert replaced.changed
    body = json.loads(replaced.resource.json)
    assert body["title"] == "Guide"
    assert "name" not in body and "externalId" not in body, "what a replacement leaves out is cleared"
    assert not replaced.resource.HasField("external_id")
    assert replaced.resource.version != created.version
    assert replaced.resource.created == created.created

    patched = scim.patch(
        created.id,
        {"op": "add", "path": "emails", "value": [{"type": "work", "value": "ann@work.example"}]},
        {"op": "replace", "path": 'emails[type eq "work"].display', "value": "Ann at work"},
    )
    assert patched.changed
    email = {"type": "work", "value": "ann@work.example", "display": "Ann at work"}
    assert json.loads(patched.resource.json)["emails"] == [email]

    again = scim.patch(created.id, {"op": "replace", "path": "title", "value": "Guide"})
    assert not again.changed
    assert again.resource.version == patched.resource.version, "what changes nothing keeps the version"

    scim.delete(created.id)
    assert refused(lambda: scim.get(created.id)).code is grpc.StatusCode.NOT_FOUND
    assert refused(lambda: scim.delete(created.id)).reason == "NOT_FOUND"


def test_a_patch_is_carried_out_whole_or_not_at_all(scim):
    ann = scim.create(user("ann", title="Guide"))
    refusal = refused(
        lambda: scim.patch(
            ann.id,
            {"op": "replace", "path": "title", "value": "Pilot"},
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ann@work.example"},
        )
    )
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NO_TARGET")
    assert scim.get(ann.id) == ann


def test_answers_show_the_attributes_that_are_asked_for(scim):
    ann = scim.create(user("ann", title="Guide", password="correct horse", nickName="A"))
    assert "password" not in json.loads(ann.json), "a password is never told"
    shown = json.loads(scim.get(ann.id, attributes=["userName", "title"]).json)
    assert set(shown) == {"schemas", "id", "userName", "title"}
    hidden = json.loads(scim.get(ann.id, excluded_attributes=["title", "meta"]).json)
    assert set(hidden) == {"schemas", "id", "userName", "nickName"}
    # What the JSON leaves out, the envelope still tells.
    assert scim.get(ann.id, attributes=["userName"]).version == ann.version


@pytest.mark.parametrize("resource_type", ["User", "Users", "/Users"])
def test_resource_types_are_named_by_name_or_endpoint(scim, resource_type):
    ann = scim.create(user("ann"), resource_type)
    assert scim.get(ann.id, resource_type).resource_type == "User"


def test_a_host_may_choose_the_id(scim):
    assert scim.create(user("ann"), id="ann-1").id == "ann-1"
    refusal = refused(lambda: scim.create(user("bob"), id="ann-1"))
    assert (refusal.code, refusal.metadata["scimType"]) == (grpc.StatusCode.ALREADY_EXISTS, "uniqueness")
    assert refusal.fields == ["id"]


def test_text_of_every_script_comes_back_as_it_was_sent(scim):
    name = "Zoë 山田 🦊 \u202b\"\\/ \u0001"
    ann = scim.create(user("zoë", displayName=name))
    assert json.loads(scim.get(ann.id).json)["displayName"] == name
    filter = f"displayName eq {json.dumps(name, ensure_ascii=False)}"
    assert scim.names(filter) == ["zoë"]


def test_versions_guard_writes_and_save_reads(scim):
    ann = scim.create(user("ann"))
    unread = refused(lambda: scim.get(ann.id, if_none_match=ann.version))
    assert (unread.code, unread.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_MODIFIED")
    title = {"op": "replace", "path": "title", "value": "Guide"}
    newer = scim.patch(ann.id, title, if_match=ann.version).resource
    for stale in (
        lambda: scim.patch(ann.id, title, if_match=ann.version),
        lambda: scim.replace(ann.id, user("ann"), if_match=ann.version),
        lambda: scim.delete(ann.id, if_match=ann.version),
    ):
        refusal = refused(stale)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "VERSION_MISMATCH")
        assert refusal.metadata["status"] == "412"
    scim.delete(ann.id, if_match=f'{ann.version}, {newer.version}')


def test_bulk_resolves_references_and_tells_each_result(scim):
    scim.create(user("taken"))
    answer = scim.bulk(
        {"method": "POST", "path": "/Groups", "bulkId": "crew",
         "data": {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": "bulkId:ann"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "ann", "data": user("ann")},
        {"method": "POST", "path": "/Users", "bulkId": "again", "data": user("taken")},
    )
    statuses = {result["bulkId"]: result["status"] for result in answer["Operations"]}
    assert statuses == {"crew": "201", "ann": "201", "again": "409"}
    failed = next(result for result in answer["Operations"] if result["bulkId"] == "again")
    assert failed["response"]["scimType"] == "uniqueness"

    (ann,) = scim.search('userName eq "ann"').resources
    (crew,) = scim.search('displayName eq "crew"', "Group").resources
    assert [member["value"] for member in json.loads(crew.json)["members"]] == [ann.id]
    assert [group["value"] for group in json.loads(ann.json)["groups"]] == [crew.id]


def test_bulk_stops_after_as_many_errors_as_it_may_have(scim):
    wrong = {"method": "DELETE", "path": "/Users/nobody"}
    answer = scim.bulk(wrong, wrong, {"method": "POST", "path": "/Users", "bulkId": "1", "data": user("ann")},
                       failOnErrors=1)
    assert [result["status"] for result in answer["Operations"]] == ["404"]
    assert scim.search().total_results == 0
