"""Import: newline-delimited JSON in chunks, rejected rows and counts back."""

import json

import grpc
import pytest
from scim import GROUP, refused, user
from scimdb.v1 import import_pb2


def carry_out(scim, data: bytes, size: int, **settings):
    """Imports data in chunks of a size; gives the rejected rows and the report."""

    def requests():
        yield import_pb2.ImportRequest(settings=import_pb2.ImportSettings(tenant=scim.tenant, **settings))
        for start in range(0, len(data), size):
            yield import_pb2.ImportRequest(chunk=data[start : start + size])

    events = list(scim.resources.Import(requests(), metadata=scim.metadata))
    assert events[-1].WhichOneof("event") == "report", "the counts come last"
    return [event.row_error for event in events if event.WhichOneof("event") == "row_error"], events[-1].report


def lines(*rows) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows).encode()


@pytest.mark.parametrize("size", [3, 64, 1 << 20])
def test_chunks_may_end_anywhere_and_bad_rows_are_told(scim, size):
    data = lines(
        user("ann", displayName="Änn 🦊"),
        "",
        '{"userName": "broken"',
        user("bob", active="perhaps"),
        user("ANN"),
        user("cid"),
    )
    rejected, report = carry_out(scim, data, size)
    assert (report.read, report.created, report.rejected) == (5, 2, 3)
    problems = {error.row: error.problem for error in rejected}
    assert {row: problem.reason for row, problem in problems.items()} == {
        3: "INVALID_SYNTAX", 4: "INVALID_VALUE", 5: "UNIQUENESS"
    }
    assert (problems[4].attribute, problems[4].scim_type, problems[4].status) == ("active", "invalidValue", 400)
    assert (problems[5].attribute, problems[5].scim_type, problems[5].status) == ("userName", "uniqueness", 409)
    assert scim.names() == ["ann", "cid"]
    (ann,) = scim.search('userName eq "ann"').resources
    assert json.loads(ann.json)["displayName"] == "Änn 🦊"


def test_groups_may_come_before_their_members(scim):
    group = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": "ann-1"}]}
    restore = {"id": "ann-1", "meta": {"resourceType": "User"}}
    rejected, report = carry_out(scim, lines(group, user("ann", **restore)), 50, restore=True)
    assert (report.created, rejected) == (2, [])
    assert json.loads(scim.get("ann-1").json)["groups"][0]["display"] == "Crew"


@pytest.mark.parametrize(
    ("on_conflict", "counts", "title"),
    [
        (import_pb2.ON_CONFLICT_FAIL, {"created": 1, "rejected": 1}, "Guide"),
        (import_pb2.ON_CONFLICT_SKIP, {"created": 1, "skipped": 1}, "Guide"),
        (import_pb2.ON_CONFLICT_REPLACE, {"created": 1, "replaced": 1}, "Pilot"),
    ],
)
def test_conflicts_end_as_the_client_says(scim, on_conflict, counts, title):
    ann = scim.create(user("ann", title="Guide"))
    data = lines(user("ann", title="Pilot"), user("bob"))
    _, report = carry_out(scim, data, 40, on_conflict=on_conflict)
    assert report == import_pb2.ImportReport(read=2, **counts)
    assert json.loads(scim.get(ann.id).json)["title"] == title


def test_rows_without_a_type_have_the_one_of_the_settings(scim):
    _, report = carry_out(scim, b'{"displayName": "Crew"}\n', 100, resource_type="Group")
    assert report.created == 1
    assert scim.search('displayName eq "Crew"', "Group").total_results == 1


def test_settings_come_first_and_once(scim):
    settings = import_pb2.ImportRequest(settings=import_pb2.ImportSettings(tenant=scim.tenant))
    chunk = import_pb2.ImportRequest(chunk=b"{}\n")
    for wrong in ([chunk], [settings, settings], []):
        refusal = refused(lambda: list(scim.resources.Import(iter(wrong))))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"), wrong
    unknown = import_pb2.ImportRequest(settings=import_pb2.ImportSettings(tenant="nobody"))
    assert refused(lambda: list(scim.resources.Import(iter([unknown])))).reason == "UNKNOWN_TENANT"
