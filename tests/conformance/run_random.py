"""Random requests, made from the schemas that the server describes: valid ones, nearly valid ones, garbage. Nothing of
them may be answered by a 5xx, by silence, or by an error that is no SCIM error document."""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import spoil
from described import ResourceType, describe
from generate import SEARCH, Generator
from judge import CANARY, VALUE_CANARY, Wrong, judge, need
from served import GADGET, served
from wire import Answer, Request, Wire

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "X" * 40]
MAX_BODY = 1 << 20


class Attack:
    """One run: the requests, and what came of them."""

    def __init__(self, wire: Wire, token: str, seed: int):
        self.wire, self.random = wire, Random(seed)
        self.token = ("authorization", f"Bearer {token}")
        self.types = describe(wire, [self.token])
        self.make = Generator(self.random, self.types)
        self.cursors = ["AAAA"]
        self.statuses: Counter[int] = Counter()

    def one_in(self, number: int) -> bool:
        return self.random.randrange(number) == 0

    # -- requests: each with the statuses that a valid one may get --

    def valid(self) -> tuple[Request, set[int]]:
        of = self.make.type()
        one = f"{of.endpoint}/{self.make.id(of)}"
        conditions = self.conditions()
        failed = {412} if conditions else set()
        match self.random.randrange(14):
            case 0 | 1 | 2:
                # A member may be gone by now.
                gone = {400} if any(it.name == "members" for it in of.attributes) else set()
                return self.with_body("POST", of.endpoint, self.make.body(of)), {201, 409} | gone
            case 3:
                return self.with_body("PUT", one, self.make.body(of), conditions), {200, 400, 404, 409} | failed
            case 4 | 5:
                return self.with_body("PATCH", one, self.make.patch(of), conditions), {200, 204, 400, 404, 409} | failed
            case 6:
                return Request("DELETE", one, [self.token, *conditions]), {204, 404} | failed
            case 7 | 8:
                query = f"?attributes={quote(self.make.names(of))}" if self.one_in(4) else ""
                method = self.random.choice(["GET", "GET", "HEAD"])
                return Request(method, one + query, [self.token, *conditions]), {200, 304, 404} | failed
            case 9 | 10:
                of = None if self.one_in(6) else of
                return Request("GET", f"{of.endpoint if of else '/'}?{self.query(of)}", [self.token]), {200}
            case 11:
                of = None if self.one_in(6) else of
                search = {"schemas": [SEARCH], **self.make.search(of)}
                return self.with_body("POST", f"{of.endpoint if of else ''}/.search", search), {200}
            case 12:
                return self.with_body("POST", "/Bulk", self.make.bulk()), {200}
        target = self.random.choice(
            [
                "/ServiceProviderConfig",
                "/Schemas",
                "/ResourceTypes",
                f"/Schemas/{of.schema}",
                f"/ResourceTypes/{of.name}",
            ]
        )
        return Request("GET", target, [self.token]), {200}

    def nearly(self) -> Request:
        """A valid request with something wrong in it."""
        request, _ = self.valid()
        match self.random.randrange(8):
            case 0 | 1 if request.body:
                request.body = json.dumps(spoil.wound(self.random, json.loads(request.body))).encode()
            case 2 if request.body:
                request.body = spoil.wound_bytes(self.random, request.body)
            case 3:
                of = self.make.type()
                text = (
                    spoil.deep_filter(self.random)
                    if self.one_in(6)
                    else (spoil.wound_filter(self.random, self.make.filter(of)))
                )
                if self.one_in(2):
                    request = Request("GET", f"{of.endpoint}?filter={quote(text)}", [self.token])
                else:
                    request = self.with_body("POST", f"{of.endpoint}/.search", {"filter": text})
            case 4:
                path, _, query = request.target.partition("?")
                request.target = f"{path}?{spoil.wound_query(self.random, query or 'count=2')}"
            case 5:
                request.target = spoil.wound_target(self.random, request.target.partition("?")[0])
            case 6:
                request.headers += spoil.odd_headers(self.random)
                request.headers = [it for it in request.headers if it[0] != "content-type" or self.one_in(2)]
            case _:
                request.method = self.random.choice(METHODS)
        return request

    def garbage(self) -> Request:
        """What nobody would send."""
        request, _ = self.valid()
        if self.one_in(400):
            request.body = b'{"userName": "' + b"x" * (MAX_BODY + self.random.randrange(2) * MAX_BODY) + b'"}'
        elif self.one_in(8):
            request.headers = [
                ("authorization", self.random.choice(["", "Bearer", "Bearer x", "Basic YTpi", "Bearer \xff", "x"]))
            ]
        else:
            request.body = spoil.garbage(self.random)
        if self.one_in(3):
            request.method = self.random.choice(METHODS)
        if self.one_in(3):
            request.headers = [
                self.token,
                ("content-type", self.random.choice(spoil.MEDIA)),
                *spoil.odd_headers(self.random),
            ]
        return request

    def with_body(self, method: str, target: str, body: Any, headers: Sequence[tuple[str, str]] = ()) -> Request:
        media = self.random.choice(spoil.MEDIA[:3])
        return Request(method, target, [self.token, ("content-type", media), *headers], json.dumps(body).encode())

    def conditions(self) -> list[tuple[str, str]]:
        if not self.one_in(8):
            return []
        name = self.random.choice(["if-match", "if-none-match"])
        return [(name, self.random.choice(["*", 'W/"1"', f'W/"{self.random.randrange(500)}"']))]

    def query(self, of: ResourceType | None) -> str:
        search = self.make.search(of)
        return urlencode({name: ",".join(it) if isinstance(it, list) else it for name, it in search.items()})

    def paging(self) -> Request:
        """A page by a cursor: one that was told, for another search perhaps."""
        of = self.make.type()
        query = urlencode({"cursor": self.random.choice(["", *self.cursors]), "count": self.random.choice([1, 2, 5])})
        return Request("GET", f"{of.endpoint}?{query}", [self.token])

    # -- what comes of them --

    def step(self) -> None:
        allowed: set[int] | None = None
        match self.random.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                request, allowed = self.valid()
            case 5 | 6 | 7:
                request = self.nearly()
            case 8:
                request = self.paging()
            case _:
                request = self.garbage()
        answer = self.wire.send(request)
        self.statuses[answer.status] += 1
        try:
            judge(request, answer, self.types)
            need(allowed is None or answer.status in allowed, f"a valid request is answered by {answer.status}")
        except Exception as wrong:
            raise Wrong(f"{wrong}\n\n>>> {request}\n\n<<< {answer}") from wrong
        self.learn(request, answer)

    def learn(self, request: Request, answer: Answer) -> None:
        """Keeps what later requests can be made of."""
        if answer.status == 201:
            document = answer.json()
            for of in self.types:
                if of.schema in document["schemas"]:
                    self.make.ids[of.name] = [*self.make.ids[of.name][-40:], document["id"]]
        elif answer.status == 200 and b'"nextCursor":"' in answer.body:
            self.cursors = [*self.cursors[-20:], answer.json().get("nextCursor", "")]


def main() -> int:
    seed = int(os.environ.get("SCIMDB_CONFORMANCE_SEED", "1"))
    requests = int(os.environ.get("SCIMDB_CONFORMANCE_REQUESTS", "20000"))
    with served(schemas=[GADGET]) as endpoint:
        attack = Attack(Wire(endpoint.url), endpoint.token, seed)
        began = time.monotonic()
        for number in range(requests):
            try:
                attack.step()
            except (Wrong, OSError, EOFError) as wrong:
                print(f"seed {seed}, request {number}: {wrong}\n{endpoint.server.log.read_text()[-2000:]}")
                return 1
        took = time.monotonic() - began
        log = endpoint.server.log.read_text()
        if "panicked" in log:
            print(f"something panicked:\n{log[-4000:]}")
            return 1
        for canary in (CANARY, VALUE_CANARY):
            if canary in log:
                print(f"the log tells a value: {canary}")
                return 1
        told = ", ".join(f"{number} of {status}" for status, number in sorted(attack.statuses.items()))
        print(f"random requests: {requests} answered in {took:.0f} s: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
