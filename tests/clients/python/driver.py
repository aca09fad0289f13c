"""Runs the corpus by Python's client of gRPC: `cargo test --test drive -- --grpc python3 tests/clients/python/driver.py`.

One request a line on standard input, one answer a line on standard output: tests/drive says which. The server is at
SCIMDB_ADDRESS, and wants the token SCIMDB_TOKEN.
"""

import json
import os
import sys
from typing import Any

import stubs

STUBS = stubs.make()

import grpc  # noqa: E402
from google.protobuf import duration_pb2, timestamp_pb2  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402
from grpc_status import rpc_status  # noqa: E402
from scimdb.v1 import (  # noqa: E402
    admin_service_pb2_grpc,
    bulk_pb2,
    explain_pb2,
    import_pb2,
    list_pb2,
    resource_service_pb2_grpc,
    schema_service_pb2,
    schema_service_pb2_grpc,
    stats_pb2,
    tenant_pb2,
    token_pb2,
    verbs_pb2,
    watch_pb2,
)

LIST_RESPONSE = '"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]'
OPERATIONS = {
    watch_pb2.CHANGE_OPERATION_CREATE: "create",
    watch_pb2.CHANGE_OPERATION_MODIFY: "modify",
    watch_pb2.CHANGE_OPERATION_DELETE: "delete",
}


class Driver:
    """The requests by name: each takes one, and gives what is under "ok" in its answer."""

    def __init__(self, channel: grpc.Channel, token: str):
        self.metadata = (("authorization", f"Bearer {token}"),)
        self.resources = resource_service_pb2_grpc.ResourceServiceStub(channel)
        self.schemas = schema_service_pb2_grpc.SchemaServiceStub(channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(channel)

    def call(self, method: Any, request: Any) -> Any:
        return method(request, metadata=self.metadata)

    def hello(self, _: dict) -> dict:
        return {"language": "Python", "version": "0.1.0", "kind": "grpc"}

    def open(self, _: dict) -> dict:
        return {}

    def tenant_create(self, asked: dict) -> dict:
        profile = asked["options"].get("profile") or ""
        settings = tenant_pb2.TenantSettings(profile=profile if isinstance(profile, str) else json.dumps(profile))
        self.call(self.admin.CreateTenant, tenant_pb2.CreateTenantRequest(tenant=asked["name"], settings=settings))
        return {}

    def tenant_drop(self, asked: dict) -> dict:
        self.call(self.admin.DropTenant, tenant_pb2.DropTenantRequest(tenant=asked["name"]))
        return {}

    def schema_put(self, asked: dict) -> dict:
        text = json.dumps(asked["documents"])
        self.call(self.schemas.PutSchemas, schema_service_pb2.PutSchemasRequest(tenant=asked["tenant"], json=text))
        return {}

    def create(self, asked: dict) -> dict:
        request = verbs_pb2.CreateRequest(**named(asked), **shown(asked), json=asked["json"],
                                          id=asked["options"].get("id"))
        return {"json": self.call(self.resources.Create, request).resource.json}

    def get(self, asked: dict) -> dict:
        request = verbs_pb2.GetRequest(**named(asked), **shown(asked), id=asked["id"],
                                       if_none_match=asked["options"].get("ifNoneMatch"))
        return {"json": self.call(self.resources.Get, request).resource.json}

    def replace(self, asked: dict) -> dict:
        request = verbs_pb2.ReplaceRequest(**named(asked), **shown(asked), **versions(asked), id=asked["id"],
                                           json=asked["json"])
        return {"json": self.call(self.resources.Replace, request).resource.json}

    def patch(self, asked: dict) -> dict:
        request = verbs_pb2.PatchRequest(**named(asked), **shown(asked), **versions(asked), id=asked["id"],
                                         json=asked["json"])
        return {"json": self.call(self.resources.Patch, request).resource.json}

    def delete(self, asked: dict) -> dict:
        self.call(self.resources.Delete, verbs_pb2.DeleteRequest(**named(asked), **versions(asked), id=asked["id"]))
        return {}

    def search(self, asked: dict) -> dict:
        page = self.call(self.resources.List, list_request(asked))
        members = [LIST_RESPONSE, f'"totalResults":{page.total_results}', f'"itemsPerPage":{len(page.resources)}']
        if page.start_index:
            members.append(f'"startIndex":{page.start_index}')
        for name, cursor in (("previousCursor", page.previous_cursor), ("nextCursor", page.next_cursor)):
            if cursor:
                members.append(f'"{name}":{json.dumps(cursor)}')
        # The resources as they came: to read and write them again may change them.
        members.append(f'"Resources":[{",".join(resource.json for resource in page.resources)}]')
        return {"json": "{" + ",".join(members) + "}"}

    def iterate(self, asked: dict) -> dict:
        search = list_request(asked)
        request = list_pb2.StreamListRequest(
            tenant=search.tenant, resource_type=search.resource_type, filter=search.filter, sort_by=search.sort_by,
            sort_order=search.sort_order, attributes=search.attributes, excluded_attributes=search.excluded_attributes,
        )
        batches = self.call(self.resources.StreamList, request)
        return {"json": [resource.json for batch in batches for resource in batch.resources]}

    def explain(self, asked: dict) -> dict:
        told = self.call(self.resources.Explain, explain_pb2.ExplainRequest(search=list_request(asked)))
        steps = [
            {"depth": step.depth, "text": step.text, "method": step.method, "estimated": given(step, "estimated"),
             "actual": given(step, "actual"), "micros": step.micros}
            for step in told.steps
        ]
        return {"json": json.dumps({"steps": steps, "total": told.total_results, "micros": told.micros})}

    def bulk(self, asked: dict) -> dict:
        request = bulk_pb2.BulkRequest(tenant=asked["tenant"], json=asked["request"])
        return {"json": self.call(self.resources.Bulk, request).json}

    def import_(self, asked: dict) -> dict:
        options = asked["options"]
        conflict = f"ON_CONFLICT_{options.get('onConflict', 'fail').upper()}"
        settings = import_pb2.ImportSettings(
            tenant=asked["tenant"], resource_type=options.get("resourceType"), on_conflict=conflict,
            restore=options.get("restore", False),
        )

        def parts() -> Any:
            yield import_pb2.ImportRequest(settings=settings)
            for chunk in asked["chunks"]:
                yield import_pb2.ImportRequest(chunk=chunk.encode())

        rejects, report = [], None
        for event in self.call(self.resources.Import, parts()):
            if event.HasField("row_error"):
                problem = event.row_error.problem
                error = {"scimType": given(problem, "scim_type"), "detail": problem.detail, "status": problem.status}
                rejects.append({"row": event.row_error.row, "error": error})
            report = event.report
        counts = {name: getattr(report, name) for name in ("read", "created", "replaced", "skipped", "rejected")}
        return {"json": json.dumps({**counts, "rejects": rejects})}

    def changes(self, asked: dict) -> dict:
        request = watch_pb2.WatchRequest(tenant=asked["tenant"], since=asked["since"],
                                         heartbeat=duration_pb2.Duration(seconds=1))
        watch = self.call(self.resources.Watch, request)
        # The first message comes at once, with what there is.
        first = next(watch)
        watch.cancel()
        changes = [
            {"sequence": change.sequence, "time": instant(change.time), "actor": given(change, "actor"),
             "correlationId": given(change, "correlation_id"), "operation": OPERATIONS[change.operation], "resourceType": change.resource_type, "id": change.id,
             "attributes": list(change.attributes)}
            for change in first.changes[: asked["max"]]
        ]
        last = changes[-1]["sequence"] if changes else first.sequence
        return {"json": json.dumps({"changes": changes, "last": last})}

    def token_create(self, asked: dict) -> dict:
        options = asked["options"]
        lifetime = options.get("lifetimeSeconds")
        request = token_pb2.CreateTokenRequest(
            tenant=asked["tenant"], name=asked["name"], scope=f"SCOPE_{options.get('scope', 'write').upper()}",
            lifetime=duration_pb2.Duration(seconds=lifetime) if lifetime else None, subject=options.get("subject"),
        )
        secret = self.call(self.admin.CreateToken, request).secret
        return {"json": json.dumps({"name": asked["name"], "secret": secret})}

    def stats(self, _: dict) -> dict:
        told = self.call(self.admin.Stats, stats_pb2.StatsRequest())
        return {"json": json.dumps({"tenants": [{"name": tenant.name} for tenant in told.tenants]})}


def named(asked: dict) -> dict:
    """What says which resource type of which tenant."""
    return {"tenant": asked["tenant"], "resource_type": asked["type"]}


def shown(asked: dict) -> dict:
    """What says which attributes the answer shows."""
    options = asked["options"]
    return {"attributes": options.get("attributes", []), "excluded_attributes": options.get("excludedAttributes", [])}


def versions(asked: dict) -> dict:
    """What says which versions a write is for."""
    options = asked["options"]
    return {"if_match": options.get("ifMatch"), "if_none_match": options.get("ifNoneMatch")}


def list_request(asked: dict) -> list_pb2.ListRequest:
    """A SearchRequest message as gRPC takes it."""
    search = json.loads(asked["request"])
    order = "DESCENDING" if search.get("sortOrder") == "descending" else "ASCENDING"
    return list_pb2.ListRequest(
        **named(asked), filter=search.get("filter"), sort_by=search.get("sortBy"), sort_order=f"SORT_ORDER_{order}",
        start_index=search.get("startIndex"), count=search.get("count"), cursor=search.get("cursor"),
        attributes=search.get("attributes", []), excluded_attributes=search.get("excludedAttributes", []),
    )


def given(message: Any, field: str) -> Any:
    """An optional field, or None."""
    return getattr(message, field) if message.HasField(field) else None


def instant(time: timestamp_pb2.Timestamp) -> str:
    """A time as RFC 3339 writes it."""
    return time.ToJsonString()


def refusal(error: grpc.RpcError) -> dict:
    """What a status tells of an error."""
    status = rpc_status.from_call(error)
    if status is None:
        raise error
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        detail.Unpack(info)
    told = dict(info.metadata)
    return {
        "code": None, "name": info.reason, "status": int(told["status"]), "scimType": told.get("scimType"),
        "detail": status.message, "attribute": told.get("attribute"),
        "offset": int(told["offset"]) if "offset" in told else None, "retriable": None,
    }


def main() -> None:
    with grpc.insecure_channel(os.environ["SCIMDB_ADDRESS"]) as channel:
        driver = Driver(channel, os.environ["SCIMDB_TOKEN"])
        for line in sys.stdin:
            asked = json.loads(line)
            operation = getattr(driver, {"import": "import_"}.get(asked["op"], asked["op"]), None)
            try:
                answer = {"ok": operation(asked)} if operation else {"unsupported": True}
            except grpc.RpcError as error:
                answer = {"error": refusal(error)}
            print(json.dumps(answer), flush=True)


main()
