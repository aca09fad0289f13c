"""List and StreamList."""

import json

import pytest
from scim import GROUP, refused, user
from scimdb.v1 import explain_pb2, import_pb2, list_pb2

PEOPLE = ["ann", "bob", "cid", "dee", "eve"]


@pytest.fixture
def people(scim):
    """Five users, the first two of whom are guides."""
    for place, name in enumerate(PEOPLE):
        more = {"title": "Guide"} if place < 2 else {}
        emails = [{"type": "work", "value": f"{name}@work.example"}]
        scim.create(user(name, active=place % 2 == 0, emails=emails, **more))
    return scim


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("", PEOPLE),
        ('userName eq "ANN"', ["ann"]),
        ('userName sw "b" or userName ew "e"', ["bob", "dee", "eve"]),
        ("title pr and active eq true", ["ann"]),
        ("not (active eq true)", ["bob", "dee"]),
        ('emails[type eq "work" and value co "D@WORK"]', ["cid"]),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName gt "cid"', ["dee", "eve"]),
        ('userName eq "nobody"', []),
    ],
)
def test_filters_find(people, filter, names):
    page = people.search(filter)
    assert [json.loads(found.json)["userName"] for found in page.resources] == names
    assert (page.total_results, page.start_index) == (len(names), 1)


def test_pages_are_cut_from_the_sorted_results(people):
    descending = list_pb2.SORT_ORDER_DESCENDING
    page = people.search(sort_by="userName", sort_order=descending, start_index=2, count=2)
    assert [json.loads(found.json)["userName"] for found in page.resources] == ["dee", "cid"]
    assert (page.total_results, page.start_index) == (5, 2)
    # Without a value last, or first when descending (RFC 7644 section 3.4.2.3).
    assert people.names(sort_by="title", count=2) == ["ann", "bob"]
    assert set(people.names(sort_by="title", sort_order=descending, count=3)) == {"cid", "dee", "eve"}


def walk(scim, **fields):
    """The pages of a search by cursor, from the first on."""
    cursor = ""
    while True:
        page = scim.search(cursor=cursor, **fields)
        yield page
        cursor = page.next_cursor
        if not cursor:
            return


def names(page):
    return [json.loads(found.json)["userName"] for found in page.resources]


def test_cursors_lead_forwards_and_back(people):
    search = {"filter": "active eq true or active eq false", "sort_by": "userName", "count": 2}
    pages = list(walk(people, **search))
    assert [names(page) for page in pages] == [["ann", "bob"], ["cid", "dee"], ["eve"]]
    assert {(page.total_results, page.start_index) for page in pages} == {(5, 0)}
    assert [bool(page.previous_cursor) for page in pages] == [False, True, True]
    back = people.search(cursor=pages[2].previous_cursor, **search)
    assert names(back) == ["cid", "dee"]
    # Letters that a URL takes as they are (RFC 3986 section 2.3).
    assert all(letter.isascii() and (letter.isalnum() or letter in "-._~") for letter in back.next_cursor)


def test_cursors_skip_and_repeat_nothing_while_others_write(people):
    seen = []
    for number, page in enumerate(walk(people, sort_by="userName", count=1)):
        seen += names(page)
        people.create(user(f"a{number}"))
        if number == 1:
            people.delete(people.search('userName eq "ann"').resources[0].id)
    assert seen == PEOPLE


def test_cursors_are_for_the_search_that_told_them(people):
    search = {"filter": "userName pr", "count": 2}
    cursor = people.search(cursor="", **search).next_cursor
    forged = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    for wrong in (
        {**search, "cursor": forged},
        {**search, "cursor": cursor, "filter": "active eq true"},
        {**search, "cursor": cursor, "resource_type": "Group"},
        {**search, "cursor": cursor, "sort_by": "userName"},
        {**search, "cursor": cursor, "attributes": ["id"]},
        {**search, "cursor": cursor, "start_index": 1},
    ):
        refusal = refused(lambda: people.search(**wrong))
        assert (refusal.reason, refusal.metadata["scimType"]) == ("INVALID_CURSOR", "invalidCursor"), wrong
        assert refusal.fields == ["cursor"]
    refusal = refused(lambda: people.search(cursor=cursor, **{**search, "count": 3}))
    assert (refusal.reason, refusal.metadata["scimType"]) == ("INVALID_COUNT", "invalidCount")


def test_explain_tells_how(people):
    request = list_pb2.ListRequest(tenant=people.tenant, resource_type="User", filter='userName eq "ann"')
    told = people.resources.Explain(explain_pb2.ExplainRequest(search=request), metadata=people.metadata)
    assert told.total_results == 1
    assert told.steps[0].depth == 0 and told.steps[0].method
    assert told.text.splitlines()[-1].startswith("1 result")


def test_a_count_of_nothing_asks_for_the_number_alone(people):
    page = people.search("active eq true", count=0)
    assert (page.total_results, len(page.resources)) == (3, 0)
    # An index below 1 is 1, and one beyond the end finds nothing.
    assert people.search(start_index=-5, count=1).start_index == 1
    beyond = people.search(start_index=6)
    assert (beyond.total_results, len(beyond.resources)) == (5, 0)


def test_answers_show_the_attributes_that_are_asked_for(people):
    (ann,) = people.search('userName eq "ann"', attributes=["emails.value"]).resources
    body = json.loads(ann.json)
    assert body["emails"] == [{"value": "ann@work.example"}]
    assert set(body) == {"schemas", "id", "emails"}
    (ann,) = people.search('userName eq "ann"', excluded_attributes=["emails"]).resources
    assert "emails" not in json.loads(ann.json)


def test_the_root_searches_every_resource_type(people):
    people.create({"schemas": [GROUP], "displayName": "Crew"}, "Group")
    page = people.search("id pr", "")
    assert page.total_results == 6
    assert {found.resource_type for found in page.resources} == {"User", "Group"}
    assert people.search('meta.resourceType eq "Group"', "").total_results == 1


def test_a_stream_tells_everything_in_order(scim):
    names = [f"user-{number:04}" for number in range(1000)]
    rows = "".join(json.dumps(user(name)) + "\n" for name in reversed(names)).encode()
    requests = [
        import_pb2.ImportRequest(settings=import_pb2.ImportSettings(tenant=scim.tenant)),
        import_pb2.ImportRequest(chunk=rows),
    ]
    for _ in scim.resources.Import(iter(requests)):
        pass
    batches = [[json.loads(found.json)["userName"] for found in response.resources]
               for response in scim.stream_list(sort_by="userName")]
    assert all(batches), "a message without resources tells nothing"
    assert [name for batch in batches for name in batch] == names
    found = [name for response in scim.stream_list('userName ew "7"', attributes=["userName"])
             for name in response.resources]
    assert len(found) == 100
    assert set(json.loads(found[0].json)) == {"schemas", "id", "userName"}


def test_a_client_may_leave_a_stream(scim):
    for name in PEOPLE:
        scim.create(user(name))
    stream = scim.stream_list()
    next(stream)
    stream.cancel()
    assert scim.search().total_results == 5


def test_a_stream_refuses_what_a_page_refuses(scim):
    refusal = refused(lambda: list(scim.stream_list("userName eqq 1")))
    assert refusal.reason == "INVALID_FILTER"
    assert refusal.metadata["offset"] == "9"
