"""Tenants, schemas, statistics."""

import json
from pathlib import Path

import grpc
from scim import GROUP, Scim, refused, user
from scimdb.v1 import schema_service_pb2, stats_pb2, tenant_pb2

DEVICES = Path(__file__).resolve().parents[3] / "examples/schemas/device.json"
DEVICE = "urn:example:params:scim:schemas:core:2.0:Device"


def device(number: str, kind: str, **attributes):
    return {"schemas": [DEVICE], "serialNumber": number, "kind": kind, **attributes}


def put(scim, text: str) -> None:
    scim.schemas.PutSchemas(schema_service_pb2.PutSchemasRequest(tenant=scim.tenant, json=text))


def test_a_resource_type_is_registered_while_the_server_runs(scim):
    assert refused(lambda: scim.create(device("C02X", "laptop"), "Device")).reason == "UNKNOWN_TYPE"
    put(scim, DEVICES.read_text())
    asked = schema_service_pb2.ListResourceTypesRequest(tenant=scim.tenant)
    types = {found.name: found for found in scim.schemas.ListResourceTypes(asked).resource_types}
    assert set(types) == {"User", "Group", "Device"}
    assert (types["Device"].endpoint, types["Device"].schema) == ("/Devices", DEVICE)

    laptop = scim.create(device("C02X", "laptop", weight=1.5, port=9007199254740993, tags=["blue"]), "Device")
    assert laptop.location == f"/Devices/{laptop.id}"
    assert json.loads(laptop.json)["port"] == 9007199254740993, "numbers are exact"
    scim.create(device("c02x", "phone"), "Device")
    found = scim.search('kind eq "laptop" and not (owner pr)', "Devices").resources
    assert [resource.id for resource in found] == [laptop.id]
    assert scim.search("weight ge 1.5", "Device").total_results == 1

    taken = refused(lambda: scim.create(device("C02X", "phone"), "Device"))
    assert (taken.reason, taken.fields[0].rpartition(":")[2]) == ("UNIQUENESS", "serialNumber")
    immutable = {"op": "replace", "path": "serialNumber", "value": "other"}
    assert refused(lambda: scim.patch(laptop.id, immutable, resource_type="Device")).reason == "MUTABILITY"


def test_schemas_are_listed_as_documents(scim):
    put(scim, DEVICES.read_text())
    asked = schema_service_pb2.ListSchemasRequest(tenant=scim.tenant)
    schemas = {schema.id: schema for schema in scim.schemas.ListSchemas(asked).schemas}
    document = json.loads(schemas[DEVICE].json)
    given = json.loads(DEVICES.read_text())[0]
    assert schemas[DEVICE].name == "Device"
    assert [attribute["name"] for attribute in document["attributes"]] == [
        attribute["name"] for attribute in given["attributes"]
    ]
    # What a server tells, a server takes.
    put(scim, json.dumps(document))


def test_a_schema_in_use_stays(scim):
    put(scim, DEVICES.read_text())
    laptop = scim.create(device("C02X", "laptop"), "Device")

    def remove(name: str) -> None:
        scim.schemas.RemoveSchema(schema_service_pb2.RemoveSchemaRequest(tenant=scim.tenant, urn_or_name=name))

    refusal = refused(lambda: remove("Device"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "IN_USE")
    refused(lambda: remove(DEVICE))
    assert scim.get(laptop.id, "Device") == laptop
    scim.delete(laptop.id, "Device")
    remove("Device")
    remove(DEVICE)
    assert refused(lambda: scim.search(resource_type="Device")).reason == "UNKNOWN_TYPE"


def test_a_wrong_schema_is_refused_whole(scim):
    documents = json.loads(DEVICES.read_text())
    documents[0]["attributes"][0]["type"] = "colour"
    refusal = refused(lambda: put(scim, json.dumps(documents)))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(lambda: scim.search(resource_type="Device")).reason == "UNKNOWN_TYPE"


def test_tenants_are_made_configured_and_dropped(channel, scim):
    other = Scim(channel, f"{scim.tenant}.other")
    made = tenant_pb2.CreateTenantRequest(tenant=other.tenant, settings=tenant_pb2.TenantSettings(profile="entra"))
    scim.admin.CreateTenant(made)
    assert refused(lambda: scim.admin.CreateTenant(made)).code is grpc.StatusCode.ALREADY_EXISTS
    tenants = list(scim.admin.ListTenants(tenant_pb2.ListTenantsRequest()).tenants)
    assert tenants == sorted(tenants)
    assert {scim.tenant, other.tenant} <= set(tenants)

    # One tenant's userName is free in another, and its profile is its own.
    ann, same = scim.create(user("ann")), other.create(user("ann"))
    assert refused(lambda: scim.get(same.id)).reason == "NOT_FOUND"
    as_entra_says_it = {"op": "Replace", "path": "active", "value": "False"}
    assert json.loads(other.patch(same.id, as_entra_says_it).resource.json)["active"] is False
    assert refused(lambda: scim.patch(ann.id, as_entra_says_it)).reason == "INVALID_VALUE"
    strict = tenant_pb2.ConfigureTenantRequest(
        tenant=other.tenant, settings=tenant_pb2.TenantSettings(profile="strict")
    )
    scim.admin.ConfigureTenant(strict)
    assert refused(lambda: other.patch(same.id, as_entra_says_it)).reason == "INVALID_VALUE"

    scim.admin.DropTenant(tenant_pb2.DropTenantRequest(tenant=other.tenant))
    assert refused(lambda: other.search()).reason == "UNKNOWN_TENANT"
    assert scim.search().total_results == 1


def test_nobody_drops_a_tenant_by_forgetting_its_name(scim):
    refusal = refused(lambda: scim.admin.DropTenant(tenant_pb2.DropTenantRequest()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    unknown = tenant_pb2.CreateTenantRequest(
        tenant=f"{scim.tenant}.new", settings=tenant_pb2.TenantSettings(profile="klingon")
    )
    assert refused(lambda: scim.admin.CreateTenant(unknown)).reason == "INVALID_ARGUMENT"


def test_what_is_there_is_counted(scim):
    ann, bob = scim.create(user("ann")), scim.create(user("bob"))
    members = [{"value": ann.id}, {"value": bob.id}]
    last = scim.create({"schemas": [GROUP], "displayName": "Crew", "members": members}, "Group")
    counts = scim.admin.TenantStats(stats_pb2.TenantStatsRequest(tenant=scim.tenant)).counts
    assert (counts.name, counts.profile) == (scim.tenant, "strict")
    resources = {found.resource_type: found.count for found in counts.resources}
    assert resources == {"User": 2, "Group": 1}
    assert (counts.memberships, counts.changes) == (2, 3)
    stats = scim.admin.Stats(stats_pb2.StatsRequest())
    assert stats.file_bytes > 0
    assert f'W/"{stats.sequence}"' == last.version
    assert counts in stats.tenants
