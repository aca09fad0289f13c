"""What errors tell."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import user

HEADER = Path(__file__).resolve().parents[3] / "include" / "scimdb.h"


def test_every_field(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.InvalidRequest) as caught:
        tenant.search("User", filter='title pr and usrName eq "ann"')
    error = caught.value
    assert error.code is scimdb.Code.INVALID_FILTER
    assert error.name == "INVALID_FILTER"
    assert error.status == 400
    assert error.scim_type == "invalidFilter"
    assert error.attribute == "usrName"
    assert error.offset == 13
    assert error.retriable is False
    assert error.detail == str(error) and "userName" in error.detail
    message = json.loads(error.json)
    assert message["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (message["status"], message["scimType"]) == ("400", "invalidFilter")
    assert "INVALID_FILTER" in repr(error)


def test_what_there_is_not(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.NotFound) as caught:
        tenant.get("User", "1")
    error = caught.value
    assert (error.status, error.scim_type, error.attribute, error.offset) == (404, None, None, None)
    with pytest.raises(scimdb.NotFound, match="Usr"):
        tenant.get("Usr", "1")
    with pytest.raises(scimdb.NotFound) as unknown:
        tenant.store.tenant("nobody").search()
    assert unknown.value.name == "UNKNOWN_TENANT"


def test_a_conflict_names_its_attribute(tenant: scimdb.Tenant[Any]) -> None:
    tenant.create("User", user("ann"))
    with pytest.raises(scimdb.Conflict) as caught:
        tenant.create("User", user("ANN"))
    assert (caught.value.status, caught.value.scim_type, caught.value.attribute) == (409, "uniqueness", "userName")
    assert "ann" not in caught.value.detail.lower().split()


def test_errors_travel_between_processes(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(scimdb.InvalidRequest) as caught:
        tenant.search("User", filter="userName")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is scimdb.InvalidRequest
    assert vars(copy) == vars(caught.value)


def test_keywords_and_a_request_are_not_mixed(tenant: scimdb.Tenant[Any]) -> None:
    with pytest.raises(TypeError):
        tenant.search("User", {"count": 1}, count=2)
    assert tenant.search("User", {"count": 0})["totalResults"] == 0
    assert tenant.search("User", '{"count": 0}')["totalResults"] == 0


def test_the_codes_are_those_of_the_header() -> None:
    header = HEADER.read_text(encoding="utf-8")
    told = {name: int(number) for name, number in re.findall(r"#define SCIMDB_([A-Z_]+) (\d+)\b", header)}
    known = {code.name: int(code) for code in scimdb.Code}
    assert {name: number for name, number in told.items() if name not in NO_CODES} == known


# Constants of the header that are no code of an error.
NO_CODES = {"OK", "DONE", "ABI_VERSION", "VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH"}
