"""The same random requests to us and to PyPI's scim2-server. Their answers must be the same: status, scimType, and
what the bodies say. Where they differ, differences.py says why."""

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import spoil
from described import describe
from differences import DIFFERENCES, Exchange, listed
from generate import PATCH, SEARCH, Generator
from peer import BASE, Peer, documents
from served import GADGET, served
from twins import Twin
from wire import Request, Wire

MEDIA = ("content-type", "application/scim+json")
DOCUMENT = Path(__file__).parents[2] / "docs" / "CONFORMANCE.md"
# How many differences are shown before the run ends.
SHOWN = int(os.environ.get("SCIMDB_CONFORMANCE_SHOWN", "5"))


def places(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Where two documents differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = [*ours, *(name for name in theirs if name not in ours)]
        return [it for name in names for it in places(ours.get(name), theirs.get(name), f"{at}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [it for index, pair in enumerate(zip(ours, theirs)) for it in places(*pair, f"{at}[{index}]")]
    return [] if ours == theirs else [f"{at}: {json.dumps(ours)}, and theirs is {json.dumps(theirs)}"]


# Without texts that differ in full case folding, which is ours, and equal each other in lower case, or the other way
# round: see docs/CONFORMANCE.md.
WORDS = ["ada", "Ada", "BOB", "bob", "Zoë", "work", "Tour Guides", "a", "ab", "😀", '"\\', "é", "É", "100%"]


class Names(Generator):
    """A generator that knows resources by the names that both servers understand."""

    def text(self) -> str:
        return "".join(self.pick(WORDS) for _ in range(1 + self.one_in(3)))

    def comparison(self, of: Any, only: Any = None) -> str:
        # Ids, times, versions and locations are each server's own.
        while re.search(
            r"(^|:)(id|value|meta\.\w+|members\.value) ", text := super().comparison(of, only), re.IGNORECASE
        ):
            if only is None and self.one_in(8):
                path = self.pick(["id", "members.value"]) if of.name == "Group" else "id"
                return f'{path} {self.pick(["eq", "ne"])} "{self.id(of)}"'
            if only is not None and not is_members(only):
                return text
            if only is not None and self.one_in(8):
                return f'value eq "{self.id(of)}"'
        return text

    def id(self, of: Any) -> str:
        known = self.ids[of.name]
        return self.pick(known) if known and not self.one_in(12) else "nobody"


def sorted_by(exchange: Exchange, resource: dict[str, Any], extensions: set[str]) -> Any:
    """The value that a list is sorted by; None where there is none, or where none is shown."""
    asked = re.search(r'sortBy"?[=:] ?"?([^&"]+)', exchange.asked)
    if asked is None or asked[1].startswith(("id", "meta")):
        return None
    urn, _, name = asked[1].rpartition(":")
    # An extension may have an attribute of the name of one of the core's.
    inner = resource.get(urn, {}) if urn in extensions else resource
    value = inner.get(name) if isinstance(inner, dict) else None
    return value.lower() if isinstance(value, str) else value


def is_members(attribute: Any) -> bool:
    return attribute.name in ("members", "manager")


class Comparison:
    """One run: the same requests to both, and what was different."""

    def __init__(self, ours: Twin, theirs: Twin, seed: int):
        self.ours, self.theirs = ours, theirs
        self.random = Random(seed)
        self.types = describe(ours.server, ours.headers)
        for of in self.types:
            # It is derived by us, and not at all by them; see docs/CONFORMANCE.md.
            of.attributes = [it for it in of.attributes if it.name not in ("groups", "password")]
            for attributes in (of.attributes, *of.extensions.values()):
                for attribute in filter(is_members, attributes):
                    attribute.subs = [sub for sub in attribute.subs if sub.name == "value"]
        self.make = Names(self.random, self.types)
        self.explained: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.unexplained: list[str] = []
        self.made = 0

    def one_in(self, number: int) -> bool:
        return self.random.randrange(number) == 0

    def request(self) -> Request:
        of = self.make.type()
        one = f"{of.endpoint}/{self.make.id(of)}"
        match self.random.randrange(16):
            case 0 | 1 | 2:
                body = self.make.body(of)
                return self.with_body("POST", of.endpoint, spoil.wound(self.random, body) if self.one_in(3) else body)
            case 3 | 4:
                body = self.make.body(of)
                body = spoil.wound(self.random, body) if self.one_in(4) else body
                return self.with_body("PUT", one, body, self.conditions(one))
            case 5 | 6 | 7:
                patch = self.make.patch(of)
                patch = spoil.wound(self.random, patch) if self.one_in(4) else patch
                # What was changed is to be seen, and not only that it was.
                return self.with_body("PATCH", f"{one}?excludedAttributes=nickName", patch, self.conditions(one))
            case 8 if self.one_in(3):
                return Request("DELETE", one, self.conditions(one))
            case 8 | 9 | 10:
                query = ""
                if self.one_in(3):
                    query = f"?{self.random.choice(['attributes', 'excludedAttributes'])}={quote(self.make.names(of))}"
                return Request("GET", one + query, self.conditions(one))
            case 11 | 12:
                return Request("GET", f"{of.endpoint}?{urlencode(self.search(of))}")
            case 13:
                return self.with_body("POST", f"{of.endpoint}/.search", {"schemas": [SEARCH], **self.search(of)})
            case 14:
                text = spoil.wound_filter(self.random, self.make.filter(of))
                return Request("GET", f"{of.endpoint}?filter={quote(text)}")
        return self.other(of)

    def other(self, of: Any) -> Request:
        """What is not about resources, and what is wrong with the request itself."""
        return self.random.choice(
            [
                Request("GET", "/Schemas"),
                Request("GET", "/ResourceTypes"),
                Request("GET", f"/Schemas/{of.schema}"),
                Request("GET", f"/ResourceTypes/{of.name}"),
                Request("GET", "/Schemas/urn:none"),
                Request("GET", "/Nothing"),
                Request("GET", "/ResourceTypes/Nothing"),
                Request("GET", "/Schemas?filter=id%20pr"),
                Request("GET", "/Me"),
                Request("DELETE", of.endpoint),
                Request("PATCH", of.endpoint),
                Request("PUT", "/Schemas"),
                Request("GET", "/Bulk"),
                Request("GET", "/.search"),
                Request("POST", "/ServiceProviderConfig"),
                Request("GET", f"{of.endpoint}/.search"),
                Request("POST", of.endpoint, [("content-type", "text/plain")], b"{}"),
                Request("POST", of.endpoint, [MEDIA], b"{"),
                Request("POST", of.endpoint, [MEDIA], b"[]"),
                Request("PUT", f"{of.endpoint}/nobody", [MEDIA], b"{}"),
                Request("GET", f"{of.endpoint}?count=x"),
                Request("GET", f"{of.endpoint}?startIndex=x"),
                Request("GET", f"{of.endpoint}?sortBy=nothing"),
                Request("GET", f"{of.endpoint}?filter="),
                Request("GET", f"{of.endpoint}?attributes=id&excludedAttributes=id"),
                Request("POST", "/Nothing", [MEDIA], b"{}"),
                Request("PATCH", f"{of.endpoint}/nobody", [MEDIA], b"{}"),
                Request("DELETE", f"{of.endpoint}/nobody"),
            ]
        )

    def search(self, of: Any) -> dict[str, Any]:
        """A search. Pages are those of an order that both have: by what every resource has a value of its own of."""
        search = self.make.search(of)
        search = {name: ",".join(it) if isinstance(it, list) else it for name, it in search.items()}
        if {"startIndex", "count"} & set(search):
            search["sortBy"] = "userName" if of.name == "User" else "externalId"
        return search

    def with_body(self, method: str, target: str, body: Any, headers: Sequence[tuple[str, str]] = ()) -> Request:
        return Request(method, target, [MEDIA, *headers], json.dumps(body).encode())

    def conditions(self, one: str) -> list[tuple[str, str]]:
        if not self.one_in(6):
            return []
        name = one.rpartition("/")[2]
        version = f"{name[:-1]}:v>" if name.startswith("<") else 'W/"1"'
        return [(self.random.choice(["if-match", "if-none-match"]), self.random.choice(["*", version, 'W/"none"']))]

    def step(self) -> None:
        request = self.request()
        if any(":v>" in value for _, value in request.headers):
            # A user has another version with us when the groups that it is in change.
            self.exchange(Request("GET", request.target.partition("?")[0]))
        exchange = self.exchange(request)
        self.statuses[exchange.ours.status] += 1
        difference = self.difference(exchange)
        if difference is None:
            return
        known = next((it for it in DIFFERENCES if it.explains(exchange)), None)
        if known is None:
            self.unexplained.append(f"{difference}\n{exchange}")
        else:
            self.explained[known.name] += 1
            if not known.lasts:
                return
        # They have no longer the same: without what the request was about, they have again.
        if request.method in ("PUT", "PATCH", "DELETE"):
            self.forget(request.target.partition("?")[0])
        elif exchange.ours.status == exchange.theirs.status == 201:
            self.forget(f"{request.target.partition('?')[0]}/<{self.made}>")

    def exchange(self, request: Request) -> Exchange:
        ours, theirs = self.ours.send(request), self.theirs.send(request)
        self.learn(request, ours, theirs)
        return Exchange(request, ours, theirs, self.ours.common(ours), self.theirs.common(theirs))

    def learn(self, request: Request, ours: Any, theirs: Any) -> None:
        """Keeps the ids and versions of what both have; what one alone has made is deleted."""
        target = request.target.partition("?")[0]
        if request.method == "POST" and ours.status == theirs.status == 201:
            self.made += 1
            name = f"<{self.made}>"
            for twin, answer in ((self.ours, ours), (self.theirs, theirs)):
                twin.ids[name] = answer.json()["id"]
                twin.versions[name] = answer.headers["etag"]
            of = next(it for it in self.types if target.startswith(it.endpoint))
            self.make.ids[of.name].append(name)
            if len(self.make.ids[of.name]) > 12:
                self.forget(f"{of.endpoint}/{self.make.ids[of.name][0]}")
            return
        for twin, answer in ((self.ours, ours), (self.theirs, theirs)):
            if request.method == "POST" and answer.status == 201:
                twin.server.send(Request("DELETE", f"{target}/{answer.json()['id']}", twin.headers))
            name = target.rpartition("/")[2]
            if name in twin.versions and "etag" in answer.headers:
                twin.versions[name] = answer.headers["etag"]
        if request.method == "DELETE" and ours.status == theirs.status == 204:
            self.dropped(target)

    def forget(self, target: str) -> None:
        """Deletes a resource from both, if it is there."""
        if not target.endswith(">"):
            return
        for twin in (self.ours, self.theirs):
            twin.send(Request("DELETE", target))
        self.dropped(target)

    def dropped(self, target: str) -> None:
        """Forgets the name. With us, who is gone is no member; with them, it must be said."""
        name = target.rpartition("/")[2]
        for group in self.make.ids["Group"]:
            body = {"schemas": [PATCH], "Operations": [{"op": "remove", "path": f'members[value eq "{name}"]'}]}
            self.theirs.send(self.with_body("PATCH", f"/Groups/{group}", body))
        for known in self.make.ids.values():
            if name in known:
                known.remove(name)

    def difference(self, exchange: Exchange) -> str | None:
        """What is different, if anything is."""
        if exchange.ours.status != exchange.theirs.status:
            return f"status {exchange.ours.status}, and theirs is {exchange.theirs.status}"
        ours, theirs = self.without_own(exchange.our_body), self.without_own(exchange.their_body)
        if isinstance(ours, dict) and "totalResults" in ours and isinstance(theirs, dict):
            ours, theirs = self.listing(exchange, ours), self.listing(exchange, theirs)
        if ours != theirs:
            return "the bodies differ:\n" + "\n".join(f"  {it}" for it in places(ours, theirs))
        return None

    def listing(self, exchange: Exchange, document: dict[str, Any]) -> dict[str, Any]:
        """A page in the order that was asked for; where none was, each has an order of its own."""
        if re.search(r"sortBy\W+userName", exchange.asked):
            return document
        found = document["Resources"]
        if document["totalResults"] == len(found):
            # Resources with the same value may come in any order.
            extensions = {urn for of in self.types for urn in of.extensions}
            order = [sorted_by(exchange, it, extensions) for it in found]
            found = sorted(found, key=lambda it: json.dumps(it, sort_keys=True))
            return {**document, "Resources": found, "order": order}
        return {**document, "Resources": [len(found)]}

    def without_own(self, document: Any) -> Any:
        """Without what only one of them has: what we derive, and members who are gone."""
        if isinstance(document, list):
            return [self.without_own(it) for it in document]
        if not isinstance(document, dict):
            return document
        if "Resources" in document:
            return {**document, "Resources": self.without_own(document["Resources"])}
        made = {name: value for name, value in document.items() if name != "groups"}
        if "members" in made:
            alive = {name for known in self.make.ids.values() for name in known}
            members = sorted({it["value"] for it in made.pop("members") if it.get("value") in alive})
            if members:
                made["members"] = members
        return made


def main() -> int:
    if listed() not in DOCUMENT.read_text():
        print(f"{DOCUMENT.name} has another list of differences; this is it:\n{listed()}")
        return 1
    seed = int(os.environ.get("SCIMDB_CONFORMANCE_SEED", "1"))
    requests = int(os.environ.get("SCIMDB_CONFORMANCE_REQUESTS", "4000"))
    with served(schemas=[GADGET]) as endpoint:
        headers = [("authorization", f"Bearer {endpoint.token}")]
        wire = Wire(endpoint.url)
        lists = [documents(wire.send(Request("GET", target, headers))) for target in ("/Schemas", "/ResourceTypes")]
        comparison = Comparison(Twin(wire, endpoint.url, headers), Twin(Peer(*lists), BASE), seed)
        began = time.monotonic()
        for _ in range(requests):
            comparison.step()
            if len(comparison.unexplained) >= SHOWN:
                break
        took = time.monotonic() - began
    for difference in comparison.unexplained:
        print(f"seed {seed}: {difference}\n")
    told = ", ".join(f"{number} of {status}" for status, number in sorted(comparison.statuses.items()))
    print(f"compared with scim2-server: {comparison.statuses.total()} requests in {took:.0f} s: {told}")
    for name, number in comparison.explained.most_common():
        print(f"  {number:5} times: {name}")
    return 1 if comparison.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
