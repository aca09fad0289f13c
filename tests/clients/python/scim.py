"""A client for the tests: stubs of one channel and one tenant, and refusals taken apart."""

import json
from dataclasses import dataclass
from typing import Any, Callable

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from scimdb.v1 import (
    admin_service_pb2_grpc,
    bulk_pb2,
    list_pb2,
    resource_pb2,
    resource_service_pb2_grpc,
    schema_service_pb2_grpc,
    verbs_pb2,
    watch_pb2,
)

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def user(name: str, /, **attributes: Any) -> dict[str, Any]:
    """A User as a document."""
    return {"schemas": [USER], "userName": name, **attributes}


class Scim:
    """What a program would write around the stubs: JSON to dictionaries, the tenant and the token in one place."""

    def __init__(self, channel: grpc.Channel, tenant: str = "", token: str | None = None):
        self.tenant = tenant
        self.metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self.resources = resource_service_pb2_grpc.ResourceServiceStub(channel)
        self.schemas = schema_service_pb2_grpc.SchemaServiceStub(channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(channel)

    def create(self, body: dict[str, Any], resource_type: str = "User", **fields: Any) -> resource_pb2.Resource:
        request = verbs_pb2.CreateRequest(
            tenant=self.tenant, resource_type=resource_type, json=json.dumps(body, ensure_ascii=False), **fields
        )
        return self.resources.Create(request, metadata=self.metadata).resource

    def get(self, id: str, resource_type: str = "User", **fields: Any) -> resource_pb2.Resource:
        request = verbs_pb2.GetRequest(tenant=self.tenant, resource_type=resource_type, id=id, **fields)
        return self.resources.Get(request, metadata=self.metadata).resource

    def replace(
        self, id: str, body: dict[str, Any], resource_type: str = "User", **fields: Any
    ) -> verbs_pb2.ReplaceResponse:
        request = verbs_pb2.ReplaceRequest(
            tenant=self.tenant, resource_type=resource_type, id=id, json=json.dumps(body), **fields
        )
        return self.resources.Replace(request, metadata=self.metadata)

    def patch(
        self, id: str, *operations: dict[str, Any], resource_type: str = "User", **fields: Any
    ) -> verbs_pb2.PatchResponse:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        request = verbs_pb2.PatchRequest(
            tenant=self.tenant, resource_type=resource_type, id=id, json=json.dumps(body), **fields
        )
        return self.resources.Patch(request, metadata=self.metadata)

    def delete(self, id: str, resource_type: str = "User", **fields: Any) -> None:
        request = verbs_pb2.DeleteRequest(tenant=self.tenant, resource_type=resource_type, id=id, **fields)
        self.resources.Delete(request, metadata=self.metadata)

    def search(self, filter: str = "", resource_type: str = "User", **fields: Any) -> list_pb2.ListResponse:
        request = list_pb2.ListRequest(tenant=self.tenant, resource_type=resource_type, filter=filter, **fields)
        return self.resources.List(request, metadata=self.metadata)

    def names(self, filter: str = "", **fields: Any) -> list[str]:
        """The userNames of a page."""
        return [json.loads(found.json)["userName"] for found in self.search(filter, **fields).resources]

    def stream_list(self, filter: str = "", resource_type: str = "User", **fields: Any) -> Any:
        request = list_pb2.StreamListRequest(tenant=self.tenant, resource_type=resource_type, filter=filter, **fields)
        return self.resources.StreamList(request, metadata=self.metadata)

    def bulk(self, *operations: dict[str, Any], **fields: Any) -> dict[str, Any]:
        body = {"schemas": [BULK], "Operations": list(operations), **fields}
        request = bulk_pb2.BulkRequest(tenant=self.tenant, json=json.dumps(body))
        return json.loads(self.resources.Bulk(request, metadata=self.metadata).json)

    def watch(self, timeout: float | None = None, **fields: Any) -> Any:
        request = watch_pb2.WatchRequest(tenant=self.tenant, **fields)
        return self.resources.Watch(request, metadata=self.metadata, timeout=timeout)


@dataclass
class Refusal:
    """A failed call, with its google.rpc details."""

    code: grpc.StatusCode
    detail: str
    reason: str
    domain: str
    metadata: dict[str, str]
    fields: list[str]
    request_id: str


def refused(call: Callable[[], Any]) -> Refusal:
    """Carries out a call that must fail, and takes its status apart."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status = rpc_status.from_call(caught.value)
    assert status is not None, f"no details: {caught.value}"
    info, bad, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RequestInfo()
    for detail in status.details:
        for message in (info, bad, request):
            detail.Unpack(message)
    return Refusal(
        code=caught.value.code(),
        detail=status.message,
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        fields=[violation.field for violation in bad.field_violations],
        request_id=request.request_id,
    )
