"""Provisioning that a kill cuts off: requests are under way at that moment, and it is known which were answered."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Optional

from .people import People, Row, difference, row_of
from .product import Product
from .scim import PATCH, USER, Scim, Unanswered, expect, say

WORKERS = 8


@dataclass
class Request:
    """What a worker sends, and what it makes of a user: `after`, or nobody where that is None."""

    method: str
    path: str
    body: Any
    after: Optional[Row]


class Worker:
    """Sends one request after the other, about users that no other worker touches."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        # What was acknowledged, by id; and the one request that may not be.
        self.known: dict[str, Row] = {}
        self.under_way: Optional[Request] = None

    def next(self) -> Request:
        """Three users come; then one is changed, one is disabled, and the oldest goes."""
        number, self.count = self.count, self.count + 1
        turn = number % 6
        if turn < 3:
            name = f"{self.name}.{number:03}@example.com"
            body: dict[str, Any] = {"schemas": [USER], "userName": name}
            if turn < 2:
                body |= {"displayName": f"Grace {number}", "active": True}
            return Request("POST", "/Users", body, row_of(body | {"id": None}))
        ids = list(self.known)
        identifier = ids[{3: -1, 4: len(ids) // 2, 5: 0}[turn]]
        path = f"/Users/{identifier}"
        if turn == 5:
            return Request("DELETE", path, None, None)
        value: dict[str, Any] = {"active": False}
        if turn == 3:
            value = {"displayName": f"Grace {number}, Dr.", "userName": f"{self.name}.renamed{number:03}@example.com"}
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": value}]}
        return Request("PATCH", path, body, self.known[identifier] | value)

    def send(self, scim: Scim) -> None:
        """Sends the next request. It is under way until its answer is here."""
        self.under_way = self.next()
        self.send_again(scim)

    def acknowledge(self, request: Request, identifier: str) -> None:
        """From now on it is known what the request made."""
        if request.after is None:
            self.known.pop(identifier, None)
        else:
            self.known[identifier] = request.after | {"id": identifier}
        self.under_way = None

    def settle(self, found: dict[str, Row]) -> None:
        """The request that was not answered may have been carried out, or not; but not by half."""
        request = self.under_way
        if request is None:
            return
        identifier = request.path.rpartition("/")[2]
        if request.method == "POST" and request.after is not None:
            name = request.after["userName"]
            identifier = next((one["id"] for one in found.values() if one["userName"] == name), "")
        wanted = None if request.after is None else request.after | {"id": identifier}
        if found.get(identifier) == wanted:
            self.acknowledge(request, identifier)

    def send_again(self, scim: Scim) -> None:
        """Sends the request that is under way, if one is: what a provider does that got no answer."""
        request = self.under_way
        if request is None:
            return
        answer = scim.send(request.method, request.path, request.body)
        user = answer.must({"POST": 201, "PATCH": 200, "DELETE": 204}[request.method])
        self.acknowledge(request, user["id"] if user else request.path.rpartition("/")[2])


class Burst:
    """Workers side by side, over any number of kills."""

    def __init__(self, others: dict[str, Row], run: str) -> None:
        self.others = dict(others)
        self.workers = [Worker(f"burst{number}.{run}") for number in range(WORKERS)]

    def run(self, scim: Scim, product: Product, answers: int) -> None:
        """Provisions until that many requests were answered, and kills the product then, whatever it is doing."""
        failures: list[Exception] = []
        answered = threading.Semaphore(0)
        is_killed = threading.Event()

        def work(worker: Worker) -> None:
            try:
                while True:
                    worker.send(scim)
                    answered.release()
            except Exception as failure:
                if not (is_killed.is_set() and isinstance(failure, Unanswered)):
                    failures.append(failure)
                    # Nobody waits for this one.
                    answered.release(answers)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in self.workers]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for _ in range(answers):
            answered.acquire()
        # Not always as an answer leaves: at any point of the requests that are under way.
        time.sleep(random.uniform(0, (time.monotonic() - began) / answers * WORKERS))
        is_killed.set()
        product.kill()
        for thread in threads:
            thread.join()
        for failure in failures:
            raise failure
        say(f"killed after {answers} answers or a few more, with {self.under_way()} requests under way")

    def must_be_kept(self, scim: Scim, people: People) -> None:
        """Fails unless everything that was acknowledged is in the store and in the product's table; then goes on."""
        found = users(scim)
        unanswered = self.under_way()
        for worker in self.workers:
            worker.settle(found)
        made = unanswered - self.under_way()
        self.expect(people)
        differ = difference(list(people.expected.values()), list(found.values()))
        expect(found == people.expected, f"the kill changed what was acknowledged:\n{differ}")
        say(f"all that was acknowledged is there: {len(found)} users; {made} of {unanswered} others were carried out")
        people.must_be_in_step("a kill")
        for worker in self.workers:
            worker.send_again(scim)
        self.expect(people)
        people.must_be_in_step("sending again what was not answered")

    def under_way(self) -> int:
        """How many requests were not answered."""
        return sum(1 for worker in self.workers if worker.under_way is not None)

    def expect(self, people: People) -> None:
        """From now on the table should have what is known."""
        people.expected.clear()
        people.expected.update(self.others)
        for worker in self.workers:
            people.expected.update(worker.known)


def users(scim: Scim) -> dict[str, Row]:
    """Every user, as the product's table should have it."""
    page = scim.get("/Users?count=1000")
    expect(page["totalResults"] <= 1000, "there are more users than the provider reads")
    return {user["id"]: row_of(user) for user in page["Resources"]}
