#!/usr/bin/env python3
"""Plays what ActivTrak's documents describe, from top to bottom, against a fresh store with the profile `activtrak`.

    python3 examples/seeds/activtrak.py [SCIMDB]

SCIMDB is the program, `target/debug/scimdb` unless given. Makes a store in a temporary directory, a tenant, and an API key;
serves it at /scim/v1; then sends what Entra ID sends (the document "Entra ID via SCIM"), and each request of the table of
endpoints (the document "Users"). docs/PROFILES-ACTIVTRAK.md has all of it in a table.

Prints a line for each step. Ends with 1, and says what differs, at the first answer that is not as it should be.
Nothing but Python's own library is used.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Optional

CORE = "urn:ietf:params:scim:schemas:core:2.0"
USER, GROUP = f"{CORE}:User", f"{CORE}:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ACTIVTRAK = "urn:ietf:params:scim:schemas:extension:activtrak:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# The path that Entra ID is to be told for the UPN.
ODD_PATH = f"{ACTIVTRAK}.userPrincipalNames[value eq null].value"

TENANT, KEY_NAME = "tracked", "Entra ID"
PROCESS_SECONDS, ANSWER_SECONDS = 60, 60


class Failure(Exception):
    """An answer is not as it should be."""


def heading(text: str) -> None:
    """A part of a document."""
    print(f"\n{text}", flush=True)


def difference(expected: Any, got: Any, place: str = "") -> Optional[str]:
    """Where an answer lacks what is expected of it, if it does. `...` is a member that must not be there."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            if value is ... and name in got:
                return f"{place}/{name} is there: {json.dumps(got[name])}"
            found = None if value is ... else difference(value, got.get(name), f"{place}/{name}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = enumerate(zip(expected, got))
        return next((found for at, pair in pairs if (found := difference(*pair, f"{place}/{at}"))), None)
    return None if expected == got else f"{place or '/'} is {json.dumps(got)} and not {json.dumps(expected)}"


class Scim:
    """A client of the endpoint."""

    def __init__(self, base: str, key: str) -> None:
        self.base, self.key = base, key

    def play(self, text: str, status: int, method: str, path: str, body: Any = None, expected: Any = None) -> Any:
        """Sends a request, prints it with its answer, and fails unless that is as it should be."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        request.add_header("Authorization", f"Bearer {self.key}")
        if data is not None:
            request.add_header("Content-Type", "application/scim+json")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                got_status, text_of = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            got_status, text_of = error.code, error.read()
        got = json.loads(text_of) if text_of else None
        shown = f"{method} {urllib.parse.unquote(path)}"
        if got_status != status:
            raise Failure(f"{text}: {shown}: {got_status} and not {status}: {json.dumps(got)}")
        found = difference(expected, got) if expected is not None else None
        if found:
            raise Failure(f"{text}: {shown}: {found}")
        why = f" {got['scimType']}" if isinstance(got, dict) and "scimType" in got else ""
        print(f"  ok  {text:<58} {got_status}{why}  {method} {path.split('?')[0]}", flush=True)
        return got

    def patch(self, text: str, path: str, operations: list[Any], expected: Any = None, status: int = 200) -> Any:
        """A PATCH."""
        return self.play(text, status, "PATCH", path, {"schemas": [PATCH], "Operations": operations}, expected)

    def find(self, text: str, resources: str, criterion: str, expected: list[Any]) -> Any:
        """A search by a filter."""
        path = f"/{resources}?filter={urllib.parse.quote(criterion)}"
        return self.play(text, 200, "GET", path, None, {"totalResults": len(expected), "Resources": expected})


class Program:
    """scimdb, and the store of this run."""

    def __init__(self, program: str, store: str) -> None:
        self.program, self.store = program, store

    def run(self, *arguments: str) -> str:
        """A command that ends; gives what it writes."""
        command = [self.program, *arguments, "--store", self.store, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROCESS_SECONDS, check=False)
        if done.returncode != 0:
            raise Failure(f"scimdb {' '.join(arguments)}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def serve(self) -> tuple[subprocess.Popen[str], str]:
        """Starts the server; gives it and its address."""
        command = [self.program, "serve", "--address", "127.0.0.1:0", "--require-tokens", "--store", self.store]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = server.stdout.readline() if server.stdout else ""
        if "http://" not in line:
            server.kill()
            raise Failure(f"the server did not start: {line!r}")
        return server, "http://" + line.split("http://")[1].split()[0].rstrip("/")


def change(op: str, path: str, *value: Any) -> dict[str, Any]:
    """An operation of a PATCH."""
    return {"op": op, "path": path} | ({"value": value[0]} if value else {})


def api_key(program: Program) -> tuple[str, str]:
    """The API key: shown once, and regenerated. Gives the lost one and the one that holds."""
    heading("Entra ID via SCIM: Generate ActivTrak SCIM API key")
    program.run("tenant", "create", TENANT, "--profile", "activtrak")
    lost = program.run("token", "create", KEY_NAME, "--tenant", TENANT, "--scope", "write")
    listed = program.run("token", "list", "--tenant", TENANT)
    if not lost or lost in listed or KEY_NAME not in listed:
        raise Failure("the key must be shown when it is made, and not by the list")
    print(f"  ok  the key \"{KEY_NAME}\" was shown; the list has its name alone", flush=True)
    key = program.run("token", "regenerate", KEY_NAME, "--tenant", TENANT)
    if not key or key == lost:
        raise Failure("a regenerated key is another one")
    print("  ok  it was lost, and regenerated", flush=True)
    return lost, key


def provisioning(scim: Scim, lost: str) -> None:
    """What Entra ID does, in the order of the document."""
    heading("Entra ID via SCIM: Register ActivTrak SCIM as an enterprise application")
    nobody = "/Users?filter=" + urllib.parse.quote('userName eq "2b1d9f4e-6c0a-4f5e-9c53"')
    Scim(scim.base, lost).play("the lost key is valid no more", 401, "GET", nobody)
    scim.play("Test Connection", 200, "GET", nobody, None, {"totalResults": 0, "Resources": []})

    heading("Entra ID via SCIM: Configure user mappings")
    kim = {"schemas": [USER, ENTERPRISE, ACTIVTRAK], "externalId": "kim", "userName": "kim@contoso.com", "active": True,
           "displayName": "Kim Akers", "name": {"givenName": "Kim", "familyName": "Akers"},
           "emails": [{"primary": True, "type": "work", "value": "kim.akers@contoso.com"}],
           ENTERPRISE: {"employeeNumber": "E-2001"}, f"{ACTIVTRAK}.tracking": "True",
           f"{ACTIVTRAK}.userPrincipalNames": ["kim@contoso.com"]}
    scim.find("is the user there already?", "Users", 'userName eq "kim@contoso.com"', [])
    expected = {"userName": "kim@contoso.com", "active": True, ENTERPRISE: {"employeeNumber": "E-2001"},
                ACTIVTRAK: {"tracking": True, "userPrincipalNames": ["kim@contoso.com"]}}
    made = scim.play("create, with the custom attributes", 201, "POST", "/Users", kim, expected)
    user = f"/Users/{made['id']}"
    if made["meta"]["location"] != scim.base + user:
        raise Failure(f"the location is {made['meta']['location']} and not below {scim.base}")
    scim.play("create again", 409, "POST", "/Users", kim, {"scimType": "uniqueness"})
    operations = [change("Replace", "userName", "kim.a@contoso.com"), change("Replace", ODD_PATH, "kim.a@contoso.com")]
    scim.patch("another UPN, at the odd path, with userName", user, operations,
               {"userName": "kim.a@contoso.com", ACTIVTRAK: {"userPrincipalNames": ["kim.a@contoso.com"]}})
    scim.patch("Employeeid", user, [change("Replace", f"{ENTERPRISE}:employeeNumber", "E-2002")],
               {ENTERPRISE: {"employeeNumber": "E-2002"}})

    heading("Entra ID via SCIM: Configure group mappings")
    scim.find("is the group there already?", "Groups", 'displayName eq "Trackers"', [])
    group = {"schemas": [GROUP], "displayName": "Trackers"}
    made_group = scim.play("create a group", 201, "POST", "/Groups", group, {"externalId": ...})
    trackers = f"/Groups/{made_group['id']}"
    members = [{"$ref": None, "value": made["id"]}]
    scim.patch("a member comes", trackers, [change("Add", "members", members)], status=204)
    inner = scim.play("another group", 201, "POST", "/Groups", {"schemas": [GROUP], "displayName": "Inner"})
    scim.patch("a group is no member", trackers, [change("Add", "members", [{"value": inner["id"]}])],
               {"scimType": "invalidValue"}, 400)
    groups = {"groups": [{"value": made_group["id"], "display": "Trackers"}]}
    scim.play("the user tells the group", 200, "GET", user, None, groups)

    heading("Entra ID via SCIM: User deprovisioning")
    scim.patch("disable", user, [change("Replace", "active", "False")],
               {"active": False, ACTIVTRAK: {"tracking": False}})
    scim.find("who is disabled is still found", "Users", 'userName eq "kim.a@contoso.com"', [{"id": made["id"]}])
    scim.patch("enable: as before", user, [change("Replace", "active", "True")],
               {"active": True, ACTIVTRAK: {"tracking": True, "userPrincipalNames": ["kim.a@contoso.com"]}} | groups)
    scim.patch("the member goes", trackers, [change("Remove", "members", members)], status=204)
    scim.play("delete", 204, "DELETE", user)
    scim.play("who is deleted is gone", 404, "GET", user)


def printed() -> dict[str, Any]:
    """The object that the document prints."""
    return {"id": "", "userName": "", "name": {}, "displayName": "", "emails": [], "active": True, "groups": [], "meta": {},
            f"{ENTERPRISE}.employeeNumber": "", f"{ACTIVTRAK}.tracking": "", f"{ACTIVTRAK}.userPrincipalNames": []}


def users(scim: Scim) -> None:
    """The fields of a user, and every request of the table of endpoints."""
    heading("Users: Supported Fields")
    scim.play("the printed object is a form: it has no e-mail", 400, "POST", "/Users", printed())
    ann = printed() | {"name": {"familyName": "Lee", "givenName": "Ann", "middleName": "Grace"}, "displayName": "Ann Lee",
                       "emails": [{"value": "ann@contoso.com", "primary": True}], f"{ENTERPRISE}.employeeNumber": "E-1001",
                       f"{ACTIVTRAK}.tracking": "true", f"{ACTIVTRAK}.userPrincipalNames": ["ann.lee@contoso.com"]}
    whole = {"userName": "ann.lee@contoso.com", "name": ann["name"], "displayName": "Ann Lee", "emails": ann["emails"],
             "active": True, "meta": {"resourceType": "User"}, ENTERPRISE: {"employeeNumber": "E-1001"},
             ACTIVTRAK: {"tracking": True, "userPrincipalNames": ["ann.lee@contoso.com"]}}
    made = scim.play("POST: the same with values", 201, "POST", "/Users", ann, whole)
    user = f"/Users/{made['id']}"

    heading("Users: Endpoints")
    scim.play("GET: get users", 200, "GET", "/Users", None, {"totalResults": 1, "Resources": [whole]})
    scim.find("GET: get users by a filter", "Users", f'{ACTIVTRAK}.tracking eq "true"', [{"id": made["id"]}])
    scim.play("GET: get a user", 200, "GET", user, None, whole)
    update = {"schemas": [USER], "userName": "ignored", "displayName": "Ann Lee", "emails": ann["emails"], "active": True,
              f"{ACTIVTRAK}.tracking": "true"}
    scim.play("PUT: update a user; without a UPN it is the e-mail", 200, "PUT", user, update,
              {"userName": "ann@contoso.com", ENTERPRISE: ...})
    upns, number = f"{ACTIVTRAK}.userPrincipalNames", f"{ENTERPRISE}.employeeNumber"
    upn, home = "ann.g.lee@contoso.com", {"type": "home", "value": "ann@home.example"}
    operations = [
        ("update display name", change("replace", "displayName", "Ann Grace Lee"), {"displayName": "Ann Grace Lee"}),
        ("add e-mail", change("add", "emails", [home]), {"emails": [ann["emails"][0], home]}),
        ("remove e-mail", change("remove", 'emails[value eq "ann@home.example"]'), {"emails": ann["emails"]}),
        ("add UPN", change("add", upns, [upn]), {"userName": upn, ACTIVTRAK: {"userPrincipalNames": [upn]}}),
        ("remove UPN", change("remove", f'{upns}[value eq "{upn}"]'), {"userName": "ann@contoso.com"}),
        ("add employee number", change("add", number, "E-1002"), {ENTERPRISE: {"employeeNumber": "E-1002"}}),
        ("update employee number", change("replace", number, "E-1003"), {ENTERPRISE: {"employeeNumber": "E-1003"}}),
        ("remove employee number", change("remove", number), {ENTERPRISE: ...}),
        ("update active", change("replace", "active", False), {"active": False, ACTIVTRAK: {"tracking": False}}),
        ("update active, back", change("replace", "active", True), {"active": True, ACTIVTRAK: {"tracking": True}}),
        ("update tracking", change("replace", f"{ACTIVTRAK}.tracking", "false"),
         {"active": True, ACTIVTRAK: {"tracking": False}}),
    ]
    for text, operation, expected in operations:
        scim.patch(f"PATCH: {text}", user, [operation], expected)
    scim.patch("… the last e-mail stays", user, [change("remove", "emails")], {"scimType": "mutability"}, 400)
    scim.play("DELETE: delete a user", 204, "DELETE", user)


def main() -> int:
    """Plays both documents."""
    program = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[2] / "target/debug/scimdb")
    with tempfile.TemporaryDirectory(prefix="scimdb-activtrak-") as store:
        try:
            scimdb = Program(program, store)
            lost, key = api_key(scimdb)
            server, origin = scimdb.serve()
            try:
                scim = Scim(f"{origin}/scim/v1", key)
                provisioning(scim, lost)
                users(scim)
            finally:
                server.terminate()
                server.wait(PROCESS_SECONDS)
        except (Failure, OSError, subprocess.SubprocessError) as failure:
            print(f"  FAILED  {failure}", file=sys.stderr, flush=True)
            return 1
    print("\nas the documents say", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
