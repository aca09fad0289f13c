"""Errors: the code, and the google.rpc details that tell more."""

import json

import grpc
import pytest
from scim import Scim, refused, user
from scimdb.v1 import verbs_pb2

INVALID, NOT_FOUND, EXISTS = (
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS
)


@pytest.mark.parametrize(
    ("call", "code", "reason", "metadata", "fields"),
    [
        pytest.param(
            lambda scim: scim.search('userName eqq "ann"'), INVALID, "INVALID_FILTER",
            {"scimType": "invalidFilter", "status": "400", "offset": "9"}, [], id="a filter",
        ),
        pytest.param(
            lambda scim: scim.search('title pr and userNam eq "ann"'), INVALID, "INVALID_FILTER",
            {"scimType": "invalidFilter", "status": "400", "offset": "13", "attribute": "userNam"}, ["userNam"],
            id="an attribute in a filter",
        ),
        pytest.param(
            lambda scim: scim.create(user("ANN")), EXISTS, "UNIQUENESS",
            {"scimType": "uniqueness", "status": "409", "attribute": "userName"}, ["userName"], id="a unique value",
        ),
        pytest.param(
            lambda scim: scim.create(user("bob", active="perhaps")), INVALID, "INVALID_VALUE",
            {"scimType": "invalidValue", "status": "400", "attribute": "active"}, ["active"], id="a value",
        ),
        pytest.param(
            lambda scim: scim.create({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}), INVALID,
            "INVALID_VALUE", {"scimType": "invalidValue", "status": "400", "attribute": "userName"}, ["userName"],
            id="a required attribute",
        ),
        pytest.param(
            lambda scim: scim.patch("ann-1", {"op": "replace", "path": "id", "value": "2"}), INVALID, "MUTABILITY",
            {"scimType": "mutability", "status": "400", "attribute": "id"}, ["id"], id="a readOnly attribute",
        ),
        pytest.param(
            lambda scim: scim.patch("ann-1", {"op": "remove", "path": "nonsense"}), INVALID, "INVALID_PATH",
            {"scimType": "invalidPath", "status": "400", "offset": "0"}, [], id="a path",
        ),
        pytest.param(
            lambda scim: scim.get("nobody"), NOT_FOUND, "NOT_FOUND", {"status": "404"}, [], id="a resource",
        ),
        pytest.param(
            lambda scim: scim.get("ann-1", "Robot"), NOT_FOUND, "UNKNOWN_TYPE", {"status": "404"}, [],
            id="a resource type",
        ),
        pytest.param(
            lambda scim: scim.search(sort_order=9), INVALID, "INVALID_ARGUMENT", {"status": "400"}, [],
            id="a number that no enum has",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(scim, call, code, reason, metadata, fields):
    scim.create(user("ann"), id="ann-1")
    refusal = refused(lambda: call(scim))
    assert (refusal.code, refusal.reason, refusal.domain) == (code, reason, "scimdb")
    assert refusal.metadata == metadata
    assert refusal.fields == fields
    assert refusal.detail


def test_an_unknown_tenant_is_not_found(channel):
    refusal = refused(lambda: Scim(channel, "nobody").search())
    assert (refusal.code, refusal.reason) == (NOT_FOUND, "UNKNOWN_TENANT")


def test_broken_json_is_refused_at_its_offset(scim):
    request = verbs_pb2.CreateRequest(tenant=scim.tenant, resource_type="User", json='{"userName": "ann",}')
    refusal = refused(lambda: scim.resources.Create(request))
    assert (refusal.code, refusal.reason) == (INVALID, "INVALID_SYNTAX")
    assert refusal.metadata == {"scimType": "invalidSyntax", "status": "400", "offset": "19"}


def test_a_refusal_quotes_no_values(scim):
    scim.create(user("ann"))
    secret = "very-personal"
    for call in (
        lambda: scim.create(user("bob", active=secret)),
        lambda: scim.create(user("bob", profileUrl=[secret])),
        lambda: scim.patch(scim.search().resources[0].id, {"op": "replace", "path": "active", "value": secret}),
    ):
        refusal = refused(call)
        assert secret not in json.dumps([refusal.detail, refusal.metadata])


def test_a_call_has_the_name_that_its_client_gave_it(scim):
    request = verbs_pb2.GetRequest(tenant=scim.tenant, resource_type="User", id="nobody")
    named = (("x-request-id", "order-66"),)
    refusal = refused(lambda: scim.resources.Get(request, metadata=named))
    assert refusal.request_id == "order-66"
    unnamed = refused(lambda: scim.resources.Get(request))
    assert unnamed.request_id not in ("", "order-66")
    created = verbs_pb2.CreateRequest(tenant=scim.tenant, resource_type="User", json=json.dumps(user("ann")))
    _, call = scim.resources.Create.with_call(created, metadata=named)
    assert ("x-request-id", "order-66") in [tuple(pair) for pair in call.initial_metadata()]
