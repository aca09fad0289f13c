#!/usr/bin/env python3
"""Plays the SCIM API (v2) of Absorb against scimdb: every request that the specification prints, from top to bottom.

    python3 examples/seeds/absorb.py [PROGRAM]

PROGRAM is `scimdb`, target/debug/scimdb unless one is named. It makes a store in a new directory, with a tenant of the
profile absorb and a token, and serves it. Every answer is compared with the printed one: its status, every member of it
and the values, which are those of the request. Where an answer differs on purpose, docs/PROFILES-ABSORB.md says why.

Prints a line for each step. Ends with 1, and says what differs, at the first answer that is not as printed.
Nothing but Python's own library is used.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from typing import Any, Optional

ABSORB = "urn:ietf:params:scim:schemas:extension:absorb:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NOBODY = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
PROCESS_SECONDS = 60

# The request body of create and replace, as it is printed. The commas too many are left out.
REQUEST: dict[str, Any] = {
    "schemas": ["string"],
    "id": "string",
    "externalId": "string",
    "name": {"givenName": "string", "middleName": "string", "familyName": "string"},
    "userName": "string",
    "displayName": "string",
    "title": "string",
    "active": True,
    "preferredLanguage": "string",
    "password": "string",
    "emails": [{"type": "string", "primary": True, "display": "string", "value": "user@example.com"}],
    "phoneNumbers": [{"type": "string", "primary": True, "display": "string", "value": "string"}],
    "addresses": [{"streetAddress": "string", "locality": "string", "region": "str", "postalCode": "string",
                   "country": "str", "type": "string", "primary": True}],
    ABSORB: {
        "location": "string",
        "dateHired": "2019-08-24T14:15:22Z",
        "gender": 0,
        "customFields": [{"type": "string", "display": "string", "value": None}],
        "userManagementSettings": {
            "isLearner": True, "isAdmin": True, "isReviewer": True, "isManager": True, "isInstructor": True,
            "adminRoles": ["string"],
            "userManagementType": 0,
            "managedGroupId": "string",
            "managedDepartments": [{"departmentId": "string", "includeSubDepartments": True}],
            "managerRoles": ["string"],
        },
    },
    ENTERPRISE: {"employeeNumber": "string", "manager": {"value": "string"}},
}


class Failure(Exception):
    """An answer is not as printed."""


class Server:
    """`scimdb serve` on a fresh store, with one tenant of the profile."""

    def __init__(self, program: str, directory: str) -> None:
        self.program, self.store = program, f"{directory}/store"
        self.run("tenant", "create", "academy", "--profile", "absorb")
        self.token = self.run("token", "create", "hr", "--tenant", "academy", "--scope", "write").strip()
        self.process = subprocess.Popen(
            [program, "serve", "--store", self.store, "--address", "127.0.0.1:0", "--require-tokens"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "listening on " not in line:
            raise Failure(f"the server does not listen: {line!r}")
        self.base = f"{line.split('listening on ')[1].strip()}/scim/academy/v2"

    def run(self, *arguments: str) -> str:
        """What a command prints."""
        command = [self.program, *arguments, "--store", self.store, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False)
        if done.returncode != 0:
            raise Failure(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(PROCESS_SECONDS)


class Client:
    """What the specification is played with."""

    def __init__(self, server: Server) -> None:
        self.base, self.token = server.base, server.token

    def send(self, method: str, path: str, expected: int, body: Any = None) -> Any:
        """Sends a request, JSON or a text; the body of its answer, whose status must be the printed one."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = (body if isinstance(body, str) else json.dumps(body)).encode()
            request.add_header("Content-Type", "application/json")
        try:
            answer: Any = urllib.request.urlopen(request, timeout=PROCESS_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            status, read = answer.status, json.loads(answer.read() or b"null")
        what = f"{method} {path}"
        if status != expected:
            raise Failure(f"{what}: {status} and not {expected}: {json.dumps(read)}")
        reason = f"  {read.get('scimType', '')}: {read['detail']}" if status >= 400 else ""
        print(f"  {status}  {what}{reason}", flush=True)
        return read


def printed_answer(identifier: str, groups: Optional[list[dict[str, Any]]]) -> dict[str, Any]:
    """The printed answer, with what a store must make itself; what answers never have is None."""
    answer = copy.deepcopy(REQUEST)
    # The answer names the schemas that the user has; a password is never told; null is no value.
    answer["schemas"] = ["urn:ietf:params:scim:schemas:core:2.0:User", ABSORB, ENTERPRISE]
    answer["id"], answer["password"], answer["groups"] = identifier, None, groups
    settings = answer[ABSORB]["userManagementSettings"]
    settings["mangedGroupId"] = settings.pop("managedGroupId")
    settings["managedGroupId"] = None
    answer["meta"] = {"resourceType": "User", "created": ..., "lastModified": ...}
    return answer


def compare(printed: Any, answered: Any, place: str) -> None:
    """Fails where an answer lacks what is printed. `...` is any value; None is none."""
    if printed is ... and answered is not None:
        return
    if isinstance(printed, dict) and isinstance(answered, dict):
        for name, value in printed.items():
            compare(value, answered.get(name), f"{place}/{name}")
    elif isinstance(printed, list) and isinstance(answered, list) and len(printed) == len(answered):
        if place == "/schemas":
            printed, answered = sorted(printed), sorted(answered)
        for index, (value, got) in enumerate(zip(printed, answered)):
            compare(value, got, f"{place}/{index}")
    elif printed != answered:
        raise Failure(f"{place} is {json.dumps(answered)} and not {printed!r}")


def create(client: Client) -> str:
    """Create new SCIM user: 200, 400, 409. Gives the id."""
    print("Create new SCIM user")
    user = client.send("POST", "/Users", 200, REQUEST)
    compare(printed_answer(user["id"], None), user, "")
    client.send("POST", "/Users", 400, '{"userName": "string", "emails": [{"value": "user@example.com", }]}')
    client.send("POST", "/Users", 400, {"userName": "nameless"})
    client.send("POST", "/Users", 409, REQUEST)
    return str(user["id"])


def group_of(client: Client, identifier: str) -> list[dict[str, Any]]:
    """Makes the group that the printed answers show, which the specification has no operation for."""
    print("A group, as the answers show one")
    group = client.send("POST", "/Groups", 200, {"displayName": "string", "members": [{"value": identifier}]})
    return [{"type": "direct", "primary": None, "display": "string", "value": group["id"]}]


def read(client: Client, identifier: str, printed: dict[str, Any]) -> None:
    """List SCIM users: 200, 400. Get SCIM User by ID: 200, 404."""
    print("List SCIM users")
    query = "filter=userName%20eq%20%22string%22&sortBy=userName&sortOrder=Descending&startIndex=1&count=10"
    page = client.send("GET", f"/Users?{query}", 200)
    compare({"schemas": ..., "totalResults": 1, "startIndex": 1, "itemsPerPage": 1}, page, "")
    compare(printed, page["Resources"][0], "")
    page = client.send("GET", "/Users?sortOrder=Ascending&attributes=userName&attributes=title", 200)
    compare({"userName": "string", "title": "string", "displayName": None}, page["Resources"][0], "")
    page = client.send("GET", f"/Users?excludedAttributes=title&excludedAttributes={ABSORB}", 200)
    compare({"userName": "string", "title": None, ABSORB: None}, page["Resources"][0], "")
    client.send("GET", "/Users?filter=string", 400)
    client.send("GET", "/Users?count=2147483648", 400)
    print("Get SCIM User by ID")
    compare(printed, client.send("GET", f"/Users/{identifier}", 200), "")
    user = client.send("GET", f"/Users/{identifier}?attributes={ABSORB}:userManagementSettings.mangedGroupId", 200)
    compare({ABSORB: {"userManagementSettings": {"mangedGroupId": "string", "isAdmin": None}}}, user, "")
    client.send("GET", f"/Users/{NOBODY}", 404)


def replace(client: Client, identifier: str, printed: dict[str, Any]) -> None:
    """Updates an existing SCIM user by ID: 200, 400, 404, 409."""
    print("Updates an existing SCIM user by ID")
    compare(printed, client.send("PUT", f"/Users/{identifier}", 200, REQUEST), "")
    body = {**REQUEST, "title": None, "emails": [], "active": None, "password": None}
    user = client.send("PUT", f"/Users/{identifier}", 200, body)
    compare({"title": None, "emails": None, "active": False, "displayName": "string"}, user, "")
    compare(printed, client.send("PUT", f"/Users/{identifier}", 200, REQUEST), "")
    client.send("PUT", f"/Users/{identifier}", 400, {**REQUEST, "preferredLanguage": "zh-Hants"})
    client.send("PUT", f"/Users/{NOBODY}", 404, {**REQUEST, "userName": "nobody"})
    client.send("POST", "/Users", 200, {"userName": "taken", "name": {"givenName": "string"}})
    client.send("PUT", f"/Users/{identifier}", 409, {**REQUEST, "userName": "taken"})


def modify(client: Client, identifier: str, printed: dict[str, Any]) -> None:
    """Updates an existing SCIM user by ID via PATCH operations: 200, 400, 404, 409."""
    print("Updates an existing SCIM user by ID via PATCH operations")

    def patch(expected: int, op: str, path: str, value: Any, of: str = identifier) -> Any:
        operation = {"op": op, "path": path, "value": value}
        return client.send("PATCH", f"/Users/{of}", expected, {"schemas": [PATCH], "Operations": [operation]})

    patch(400, "string", "string", None)
    compare(printed, patch(200, "replace", "nickName", None), "")
    settings = f"{ABSORB}:userManagementSettings"
    user = patch(200, "replace", f"{settings}.managedGroupId", "g7")
    compare({ABSORB: {"userManagementSettings": {"mangedGroupId": "g7", "isAdmin": True}}}, user, "")
    user = patch(200, "add", f"{settings}.managedDepartments", [{"departmentId": "d7", "includeSubDepartments": False}])
    departments = user[ABSORB]["userManagementSettings"]["managedDepartments"]
    compare(["string", "d7"], [department["departmentId"] for department in departments], "/departmentId")
    value = {"any": ["JSON", 1, 2.5, True]}
    user = patch(200, "replace", f'{ABSORB}:customFields[type eq "string"].value', value)
    compare({ABSORB: {"customFields": [{"type": "string", "display": "string", "value": value}]}}, user, "")
    patch(404, "replace", "title", "string", of=NOBODY)
    patch(409, "replace", "userName", "taken")


def main() -> int:
    """Plays it."""
    program = sys.argv[1] if len(sys.argv) > 1 else "target/debug/scimdb"
    with tempfile.TemporaryDirectory() as directory:
        try:
            server = Server(program, directory)
            try:
                client = Client(server)
                identifier = create(client)
                printed = printed_answer(identifier, group_of(client, identifier))
                read(client, identifier, printed)
                replace(client, identifier, printed)
                modify(client, identifier, printed)
            finally:
                server.stop()
        except Failure as failure:
            print(f"  FAILED  {failure}", file=sys.stderr, flush=True)
            return 1
    print("as printed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
