#!/usr/bin/env python3
"""A scripted identity provider: provisions a product as Entra ID and Okta do, and checks that the product keeps up.

    python3 examples/provision.py --scim URL --token TOKEN --people URL_OR_FILE
    python3 examples/provision.py [--people-file] --run PROGRAM [ARGUMENT ...]

The first form talks to a product that runs. The second starts it (`PROGRAM ARGUMENT ... --port 0 --data DIR`, the
token in SCIM_TOKEN), provisions it, stops it by SIGTERM, starts it again on the same directory and checks that nothing
was lost.
With --people-file the product is told by `--people FILE` where to write its table; else it answers `GET /people`.

A product has a table of people of its own, beside its SCIM endpoint: a JSON array of objects with id, userName,
displayName and active, sorted by userName. It must be in step after every phase. The product refuses a userName outside
@example.com (400 invalidValue), and gives a user without a userType the type "Employee".

Prints a line for each step. Ends with 1, and says what differs, at the first step that is not as it should be.
Nothing but Python's own library is used.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable, Optional

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

# How long the product's table may lag, how long an answer may take, and how long a start or a stop may.
IN_STEP_SECONDS = 20
ANSWER_SECONDS = 60
PROCESS_SECONDS = 60


class Failure(Exception):
    """The product did not do what it should."""


def say(text: str) -> None:
    """One step that went well."""
    print(f"  ok  {text}", flush=True)


def expect(holds: Any, text: str) -> None:
    """Fails with the text unless it holds."""
    if not holds:
        raise Failure(text)


def shown(value: Any) -> str:
    """A value as it stands in a message."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


class Answer:
    """What came back: status, headers and the parsed body (None where there is none)."""

    def __init__(self, request: str, status: int, headers: Any, body: bytes) -> None:
        self.request, self.status, self.headers = request, status, headers
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            raise Failure(f"{request}: {status} with a body that is no JSON: {body[:300]!r}") from None

    def must(self, *statuses: int) -> Any:
        """The body, if the status is one of these."""
        wanted = " or ".join(map(str, statuses))
        expect(self.status in statuses, f"{self.request}: {self.status} and not {wanted}: {shown(self.json)}")
        return self.json

    def must_refuse(self, status: int, scim_type: Optional[str] = None) -> None:
        """Fails unless it is an error message (RFC 7644 3.12) of that status and scimType."""
        body = self.must(status)
        expect(isinstance(body, dict) and ERROR in body.get("schemas", []),
               f"{self.request}: {status} without the Error message of RFC 7644: {shown(body)}")
        expect(body.get("status") == str(status), f"{self.request}: the Error message says {shown(body.get('status'))}")
        if scim_type is not None:
            expect(body.get("scimType") == scim_type,
                   f"{self.request}: scimType {shown(body.get('scimType'))} and not {shown(scim_type)}: {shown(body)}")


class Scim:
    """A client of a SCIM endpoint."""

    def __init__(self, base: str, token: Optional[str]) -> None:
        self.base, self.token = base.rstrip("/"), token

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Sends a request and reads its answer, whatever the status."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Accept", "application/scim+json")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/scim+json")
        name = f"{method} {path}"
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return Answer(name, answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(name, error.code, error.headers, error.read())
        except OSError as error:
            raise Failure(f"{name}: {error}") from error

    def get(self, path: str) -> Any:
        """The body of a GET that must be answered with 200."""
        return self.send("GET", path).must(200)

    def find(self, endpoint: str, attribute: str, value: str, more: str = "") -> list[dict[str, Any]]:
        """The resources whose attribute has that value, by a filter."""
        text = urllib.parse.quote(f'{attribute} eq "{value}"')
        body = self.get(f"{endpoint}?filter={text}{more}")
        found: list[dict[str, Any]] = body.get("Resources", [])
        total = body.get("totalResults")
        expect(total == len(found), f"{endpoint}: totalResults is {total}, and {len(found)} are told")
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        """Sends a PATCH (RFC 7644 3.5.2)."""
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def patch_either(self, path: str, own: dict[str, Any], plain: dict[str, Any]) -> str:
        """Sends the provider's own form of an operation, or the RFC's where that is refused. Tells which it was."""
        answer = self.patch(path, own)
        if answer.status == 400:
            self.patch(path, plain).must(200, 204)
            return "the form of the RFC"
        answer.must(200, 204)
        return "the provider's own form"


class People:
    """The product's table, at a URL or in a file, and what should be in it."""

    def __init__(self, source: str, token: str) -> None:
        self.source, self.token = source, token
        self.expected: dict[str, dict[str, Any]] = {}

    def read(self) -> Any:
        """The table as the product has it now."""
        if self.source.startswith(("http://", "https://")):
            return Scim(self.source, self.token).get("")
        try:
            return json.loads(Path(self.source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []

    def put(self, user: dict[str, Any]) -> None:
        """From now on this user should be there, as it is here."""
        self.expected[user["id"]] = {name: user[name] for name in ("id", "userName", "displayName", "active")}

    def change(self, identifier: str, **attributes: Any) -> None:
        """From now on this user should have these values."""
        self.expected[identifier].update(attributes)

    def drop(self, identifier: str) -> None:
        """From now on this user should not be there."""
        del self.expected[identifier]

    def must_be_in_step(self, phase: str) -> None:
        """Waits until the table is what it should be."""
        wanted = sorted(self.expected.values(), key=lambda person: person["userName"])
        deadline = time.monotonic() + IN_STEP_SECONDS
        while (found := self.read()) != wanted:
            if time.monotonic() > deadline:
                raise Failure(f"after {phase} the product's table is not in step:\n{difference(wanted, found)}")
            time.sleep(0.1)
        say(f"the product's table is in step after {phase}: {len(wanted)} people")


def difference(wanted: list[dict[str, Any]], found: Any) -> str:
    """What differs between two tables, a line for each person."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return f"  it is no array of objects: {shown(found)[:300]}"
    left = {one["id"]: one for one in wanted}
    right = {one.get("id"): one for one in found}
    lines = [f"  missing: {shown(left[key])}" for key in left if key not in right]
    lines += [f"  not expected: {shown(right[key])}" for key in right if key not in left]
    lines += [f"  should be: {shown(left[key])}\n  but is:    {shown(right[key])}"
              for key in left if key in right and left[key] != right[key]]
    return "\n".join(lines) or "  the same people, but not sorted by userName"


class Provider:
    """What the two providers share."""

    def __init__(self, scim: Scim, people: People, run: str) -> None:
        self.scim, self.people, self.run = scim, people, run
        self.users: list[dict[str, Any]] = []

    def user_name(self, given: str) -> str:
        """A userName that no earlier run took."""
        return f"{given}.{self.run}@example.com".lower()

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Looks for the user, creates it, and finds it."""
        name = body["userName"]
        expect(self.scim.find("/Users", "userName", name) == [], f"{name} is there already")
        answer = self.scim.send("POST", "/Users", body)
        user: dict[str, Any] = answer.must(201)
        expect((answer.headers["Location"] or "").endswith(f"/Users/{user['id']}"),
               f"creating {name}: Location is {answer.headers['Location']}")
        kind = user.get("userType")
        expect(kind == body.get("userType", "Employee"), f"{name} has the userType {shown(kind)}")
        found = self.scim.find("/Users", "userName", name)
        expect([one["id"] for one in found] == [user["id"]], f"{name} is not found by its userName: {shown(found)}")
        self.people.put(user | {"displayName": body["displayName"], "active": body["active"]})
        self.users.append(user)
        return user

    def must_refuse_names(self) -> None:
        """What the product's own rule refuses, changes nothing."""
        name = f"eve.{self.run}@example.net"
        outside = {"schemas": [USER], "userName": name, "displayName": "Eve", "active": True}
        self.scim.send("POST", "/Users", outside).must_refuse(400, "invalidValue")
        expect(self.scim.find("/Users", "userName", name) == [], "a user that was refused is there")
        first = self.users[0]
        path = f"/Users/{first['id']}"
        answer = self.scim.patch(path, {"op": "replace", "path": "userName", "value": name})
        answer.must_refuse(400, "invalidValue")
        body = {**self.scim.get(path), "userName": name}
        self.scim.send("PUT", path, body).must_refuse(400, "invalidValue")
        expect(self.scim.get(path)["userName"] == first["userName"], "a userName that was refused is there")
        say("a userName outside @example.com is refused: POST, PATCH and PUT, 400 invalidValue")

    def must_refuse_twice(self) -> None:
        """A userName is taken once, in any letter case."""
        name = self.users[0]["userName"].upper().replace("@EXAMPLE.COM", "@example.com")
        body = {"schemas": [USER], "userName": name, "displayName": "Twice", "active": True}
        self.scim.send("POST", "/Users", body).must_refuse(409, "uniqueness")
        say("a userName that is taken is refused: 409 uniqueness")

    def members(self, group: str) -> set[str]:
        """The ids of a group's members."""
        return {member["value"] for member in self.scim.get(f"/Groups/{group}").get("members", [])}

    def must_have(self, group: str, users: list[dict[str, Any]]) -> None:
        """Fails unless the group's members are these."""
        wanted, found = {user["id"] for user in users}, self.members(group)
        expect(found == wanted, f"the group has {len(found)} members, and should have {len(wanted)}")

    def page_through(self, count: int) -> int:
        """Reads all users in pages, as an import does; the number of them. Each must come once."""
        seen: list[str] = []
        total = 1
        while len(seen) < total:
            page = self.scim.get(f"/Users?startIndex={len(seen) + 1}&count={count}&attributes=userName")
            total = page["totalResults"]
            found = page.get("Resources", [])
            expect(found or total == len(seen), f"a page is empty after {len(seen)} of {total} users")
            seen += [user["id"] for user in found]
        expect(len(set(seen)) == len(seen), "a user came on two pages")
        return len(seen)


class Entra(Provider):
    """As Microsoft Entra ID provisions: look up, create, PATCH with paths, disable, then delete."""

    def provision(self) -> None:
        """The whole of it."""
        nobody = f"{secrets.token_hex(8)}@example.com"
        expect(self.scim.find("/Users", "userName", nobody) == [], "a random userName is found")
        say("the connection is tested: a random userName is not found")
        for number in range(13):
            given = f"entra{number:02}"
            body = {
                "schemas": [USER, ENTERPRISE], "externalId": f"{given}.{self.run}", "userName": self.user_name(given),
                "displayName": f"Zoë Ünal {number}", "active": True,
                "name": {"givenName": "Zoë", "familyName": "Ünal"},
                "emails": [{"type": "work", "value": self.user_name(given), "primary": True}],
                ENTERPRISE: {"employeeNumber": f"{number}", "department": "Schreinerei 木工"},
            }
            if number == 12:
                body["userType"] = "Contractor"
            self.create(body)
        say("13 users are created, and found by filter; userType is derived where none was sent")
        self.people.must_be_in_step("creating")
        self.must_refuse_twice()
        self.must_refuse_names()
        self.people.must_be_in_step("refusals")
        self.change()
        self.group()
        self.leave()

    def change(self) -> None:
        """PATCH with paths and operations in capitals."""
        for user in self.users[:5]:
            text = f"{user['displayName']}, \"neu\" 🪵"
            path = f"/Users/{user['id']}"
            after = self.scim.patch(
                path,
                {"op": "Replace", "path": "displayName", "value": text},
                {"op": "Replace", "path": 'emails[type eq "work"].value', "value": f"new.{user['userName']}"},
                {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Dreherei"},
            ).must(200)
            expect((after["displayName"], after["emails"][0]["value"], after[ENTERPRISE]["department"])
                   == (text, f"new.{user['userName']}", "Dreherei"), f"PATCH is answered with {shown(after)}")
            self.people.change(user["id"], displayName=text)
        say("5 users are changed by PATCH: displayName, a work address, the department")
        self.people.must_be_in_step("PATCH")

    def group(self) -> None:
        """A group, whose members come and go one by one."""
        name = f"Carpenters {self.run}"
        found = self.scim.find("/Groups", "displayName", name, "&excludedAttributes=members")
        expect(found == [], f"{name} is there already")
        body = {"schemas": [GROUP], "displayName": name, "externalId": f"carpenters.{self.run}"}
        group = self.scim.send("POST", "/Groups", body).must(201)["id"]
        for user in self.users[:8]:
            come = {"op": "Add", "path": "members", "value": [{"value": user["id"]}]}
            self.scim.patch(f"/Groups/{group}", come).must(200, 204)
        self.must_have(group, self.users[:8])
        of_user = self.scim.get(f"/Users/{self.users[0]['id']}").get("groups", [])
        expect([one["value"] for one in of_user] == [group], f"the groups of a member are {shown(of_user)}")
        for user in self.users[:2]:
            gone = {"op": "Remove", "path": f'members[value eq "{user["id"]}"]'}
            self.scim.patch(f"/Groups/{group}", gone).must(200, 204)
        self.must_have(group, self.users[2:8])
        say("a group is made, 8 members are added, 2 are removed")
        self.carpenters = group

    def leave(self) -> None:
        """Disables users, then deletes them."""
        taken = ""
        for user in self.users[2:6]:
            path = f"/Users/{user['id']}"
            taken = self.scim.patch_either(path, {"op": "Replace", "path": "active", "value": "False"},
                                           {"op": "Replace", "path": "active", "value": False})
            expect(self.scim.get(path).get("active") is False, f"{path} is still active")
            self.people.change(user["id"], active=False)
        say(f"4 users are disabled; {taken} was taken")
        self.people.must_be_in_step("disabling")
        for user in self.users[2:4]:
            path = f"/Users/{user['id']}"
            self.scim.send("DELETE", path).must(204)
            self.scim.send("GET", path).must_refuse(404)
            self.scim.send("DELETE", path).must_refuse(404)
            self.people.drop(user["id"])
        self.must_have(self.carpenters, self.users[4:8])
        say("2 of them are deleted, and are no members any more")
        self.people.must_be_in_step("deleting")


class Okta(Provider):
    """As Okta provisions: imports pages, replaces whole users, pushes a group, deactivates and never deletes."""

    def provision(self) -> None:
        """The whole of it."""
        for number in range(12):
            given = f"okta{number:02}"
            body = {
                "schemas": [USER], "userName": self.user_name(given), "displayName": f"O'Neil {number}", "active": True,
                "externalId": f"00u{number:02}{self.run}", "locale": "en-US", "groups": [],
                "name": {"givenName": "Ada", "familyName": f"O'Neil {number}"},
                "emails": [{"primary": True, "value": self.user_name(given), "type": "work"}],
                "password": secrets.token_urlsafe(12),
            }
            expect("password" not in self.create(body), "an answer tells the password")
        say("12 users are created with passwords, which no answer tells")
        self.people.must_be_in_step("creating")
        total = self.page_through(7)
        known = len(self.people.expected)
        expect(total >= known, f"{total} users are imported, and there are {known}")
        say(f"all {total} users are imported in pages of 7")
        self.must_refuse_twice()
        self.must_refuse_names()
        self.replace()
        self.push_group()
        self.deactivate()

    def replace(self) -> None:
        """GET, change, PUT, with everything readOnly still in the body."""
        for user in self.users[:6]:
            path = f"/Users/{user['id']}"
            body = self.scim.get(path)
            body.pop("userType")
            body["displayName"] = f"{body['displayName']}, M.Sc."
            body["title"] = "Lead"
            after = self.scim.send("PUT", path, body).must(200)
            told = (after["displayName"], after.get("title"), after.get("userType"))
            expect(told == (body["displayName"], "Lead", "Employee"), f"PUT is answered with {shown(after)}")
            self.people.change(user["id"], displayName=body["displayName"])
        renamed = self.users[0]
        name = self.user_name("okta00.renamed")
        self.scim.patch(f"/Users/{renamed['id']}", {"op": "replace", "value": {"userName": name}}).must(200)
        renamed["userName"] = name
        self.people.change(renamed["id"], userName=name)
        say("6 users are replaced by PUT, and get their userType again; one gets another userName")
        self.people.must_be_in_step("PUT")

    def push_group(self) -> None:
        """A group that comes with its members, is renamed, and changes in one request."""
        body = {"schemas": [GROUP], "displayName": f"Engineers {self.run}",
                "members": [{"value": user["id"], "display": user["userName"]} for user in self.users[:4]]}
        group = self.scim.send("POST", "/Groups", body).must(201)["id"]
        self.must_have(group, self.users[:4])
        name = f"Engineering {self.run}"
        own = {"op": "replace", "value": {"id": group, "displayName": name}}
        taken = self.scim.patch_either(f"/Groups/{group}", own, {"op": "replace", "value": {"displayName": name}})
        self.scim.patch(
            f"/Groups/{group}",
            {"op": "remove", "path": f'members[value eq "{self.users[0]["id"]}"]'},
            {"op": "add", "path": "members", "value": [{"value": user["id"]} for user in self.users[4:6]]},
        ).must(200, 204)
        self.must_have(group, self.users[1:6])
        found = self.scim.find("/Groups", "displayName", name)
        expect([one["id"] for one in found] == [group], f"{name} is not found: {shown(found)}")
        say(f"a group is pushed, renamed and changed; {taken} was taken")

    def deactivate(self) -> None:
        """Deactivates users, and takes one of them back."""
        for user in self.users[3:7]:
            self.scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": False}}).must(200)
            self.people.change(user["id"], active=False)
        self.people.must_be_in_step("deactivating")
        back = self.users[3]
        self.scim.patch(f"/Users/{back['id']}", {"op": "replace", "value": {"active": True}}).must(200)
        self.people.change(back["id"], active=True)
        expect(self.scim.get(f"/Users/{back['id']}").get("active") is True, "a user who came back is not active")
        say("4 users are deactivated, one of them comes back")
        self.people.must_be_in_step("reactivating")


def must_guard(scim: Scim) -> None:
    """Nothing is told without the right token."""
    for token in (None, "", f"{scim.token}x", secrets.token_urlsafe(24)):
        for method, body in (("GET", None), ("POST", {"schemas": [USER], "userName": "mallory@example.com"})):
            Scim(scim.base, token).send(method, "/Users", body).must(401)
    say("without a token, and with a wrong one, the answer is 401")


def must_describe(scim: Scim) -> None:
    """The endpoint tells what it does."""
    config = scim.get("/ServiceProviderConfig")
    for feature in ("patch", "filter"):
        expect(config.get(feature, {}).get("supported") is True, f"ServiceProviderConfig: {feature} is not supported")
    types = {one["name"] for one in scim.get("/ResourceTypes")["Resources"]}
    expect({"User", "Group"} <= types, f"the resource types are {shown(sorted(types))}")
    say("ServiceProviderConfig and ResourceTypes tell what is needed")


def provision(scim: Scim, people: People) -> None:
    """Both providers in turn."""
    for user in people.read():
        people.put(user)
    run = secrets.token_hex(4)
    must_guard(scim)
    must_describe(scim)
    for provider in (Entra, Okta):
        print(f"{provider.__name__}:", flush=True)
        provider(scim, people, run).provision()


class Product:
    """A product as a process."""

    def __init__(self, command: list[str], data: str, people_file: Optional[str], token: str) -> None:
        command = [*command, "--port", "0", "--data", data]
        if people_file is not None:
            command += ["--people", people_file]
        environment = {**os.environ, "SCIM_TOKEN": token}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.lines: queue.Queue[Optional[str]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.origin = self._origin()
        except BaseException:
            self.kill()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def _origin(self) -> str:
        deadline = time.monotonic() + PROCESS_SECONDS
        try:
            while (line := self.lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
                if line.startswith("listening on "):
                    return line[len("listening on "):].strip().rstrip("/")
        except queue.Empty:
            raise Failure(f"the product did not say where it listens within {PROCESS_SECONDS} seconds") from None
        raise Failure(f"the product ended before it listened, with {self.process.wait()}")

    def stop(self) -> None:
        """Stops it as an operator does; it must end with 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"the product still runs {PROCESS_SECONDS} seconds after SIGTERM") from None
        expect(status == 0, f"SIGTERM ended the product with {status} and not with 0")
        say("SIGTERM stops the product, with 0")

    def kill(self) -> None:
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def resources(scim: Scim) -> dict[str, Any]:
    """Every user and group, by id, without what depends on where the endpoint is."""
    found: dict[str, Any] = {}
    for endpoint in ("/Users", "/Groups"):
        for one in scim.get(f"{endpoint}?count=1000")["Resources"]:
            one["meta"].pop("location", None)
            for reference in one.get("groups", []) + one.get("members", []):
                reference.pop("$ref", None)
            found[one["id"]] = one
    return found


def provision_process(command: list[str], people_file: bool) -> None:
    """Starts the product, provisions it, and looks whether a restart loses anything."""
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="provision-") as folder:
        data = os.path.join(folder, "data")
        os.mkdir(data)
        file = os.path.join(folder, "people.json") if people_file else None
        expected: dict[str, dict[str, Any]] = {}
        before: dict[str, Any] = {}

        def once(work: Callable[[Scim, People], None]) -> None:
            product = Product(command, data, file, token)
            try:
                people = People(file or f"{product.origin}/people", token)
                people.expected = expected
                work(Scim(f"{product.origin}/scim/v2", token), people)
                product.stop()
            finally:
                product.kill()

        def first(scim: Scim, people: People) -> None:
            provision(scim, people)
            before.update(resources(scim))

        def second(scim: Scim, people: People) -> None:
            people.must_be_in_step("a restart")
            after = resources(scim)
            changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
            for key in changed[:1]:
                differ = f"  {shown(before.get(key))}\n  {shown(after.get(key))}"
                raise Failure(f"the restart changed {len(changed)} resources, such as\n{differ}")
            say(f"{len(after)} users and groups are as they were before the restart")
            last = Provider(scim, people, secrets.token_hex(4))
            last.create({"schemas": [USER], "userName": last.user_name("late"), "displayName": "Late", "active": True})
            last.must_refuse_names()
            people.must_be_in_step("creating after the restart")

        once(first)
        print("restarted:", flush=True)
        once(second)


def main() -> int:
    """Reads the arguments, and does it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scim", help="the base of the SCIM endpoint")
    parser.add_argument("--token", default=os.environ.get("SCIM_TOKEN"), help="its bearer token (or SCIM_TOKEN)")
    parser.add_argument("--people", help="the product's table: a URL, or a file")
    parser.add_argument("--people-file", action="store_true", help="with --run: the product writes its table to a file")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help="the command that starts the product; comes last")
    arguments = parser.parse_args()
    try:
        if arguments.run:
            provision_process(arguments.run, arguments.people_file)
        elif arguments.scim and arguments.token and arguments.people:
            provision(Scim(arguments.scim, arguments.token), People(arguments.people, arguments.token))
        else:
            parser.error("either --run, or --scim, --token and --people")
    except Failure as failure:
        print(f"  FAILED  {failure}", file=sys.stderr, flush=True)
        return 1
    print("provisioned", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
