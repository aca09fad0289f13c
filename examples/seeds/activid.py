#!/usr/bin/env python3
"""Plays the documents of the ActivID Appliance against a fresh store: every request that they print, from top to bottom.

    cargo build
    python3 examples/seeds/activid.py [--scimdb target/debug/scimdb] [--quiet]

Starts `scimdb serve` with a tenant of the profile `activid` in a directory of its own, sends the requests of the Users
REST API and of the User Attribute Types REST API, and shows what is answered. What a document prints must be in the
answer; ids, times, versions and the address of the server may differ. docs/PROFILES-ACTIVID.md tells where the documents
have slips, and what is made of them.

Ends with 1, and says what differs, at the first answer that is not as printed. Nothing but Python's own library is used.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parent.parent.parent
TENANT = "tenant"

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ATTRIBUTE = "urn:hid:scim:api:idp:2.0:UserAttribute"
DEVICE = "urn:hid:scim:api:idp:2.0:UserDevice"
AUTHENTICATOR = "urn:hid:scim:api:idp:2.0:UserAuthenticator"
TYPE = "urn:hid:scim:api:idp:2.0:userattribute:Type"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
IMPORT = "urn:hid:scim:api:idp:2.0:user:ImportResponse"
SCHEMAS = [CORE, DEVICE, ATTRIBUTE, AUTHENTICATOR]


class Failure(Exception):
    """An answer is not as printed."""


class Like:
    """Something that differs from run to run: what it must look like."""

    def __init__(self, name: str, holds: Callable[[Any], bool]) -> None:
        self.name, self.holds = name, holds


class Unordered:
    """A list of which the order does not count."""

    def __init__(self, *values: Any) -> None:
        self.values = values


DIGITS = Like("digits", lambda got: isinstance(got, str) and got.isdigit())
TIME = Like("a time", lambda got: isinstance(got, str) and got[10:11] == "T" and got.endswith("Z"))
ABSENT = Like("nothing", lambda got: got is None)
SOMETHING = Like("something", lambda got: got is not None)


def differs(printed: Any, got: Any, place: str = "") -> Optional[str]:
    """Where an answer is not as printed. It may have more members than are printed, and no more elements."""
    wrong = f"{place or 'the answer'} is {shown(got)}, not {shown(printed)}"
    if isinstance(printed, Like):
        return None if printed.holds(got) else f"{place} is {shown(got)}, not {printed.name}"
    if isinstance(printed, Unordered):
        if not isinstance(got, list) or len(got) != len(printed.values):
            return wrong
        missing = [one for one in printed.values if all(differs(one, other) for other in got)]
        return f"{place} lacks {shown(missing[0])}" if missing else None
    if isinstance(printed, dict) and isinstance(got, dict):
        problems = (differs(value, got.get(name), f"{place}/{name}") for name, value in printed.items())
        return next(filter(None, problems), None)
    if isinstance(printed, list) and isinstance(got, list) and len(printed) == len(got):
        problems = (differs(a, b, f"{place}/{at}") for at, (a, b) in enumerate(zip(printed, got)))
        return next(filter(None, problems), None)
    return None if printed == got else wrong


def shown(value: Any, indent: Optional[int] = None) -> str:
    """A value as people read it."""
    def plain(one: Any) -> Any:
        return list(one.values) if isinstance(one, Unordered) else f"<{one.name}>"
    return json.dumps(value, indent=indent, ensure_ascii=False, default=plain)


class Appliance:
    """A server with one tenant, and what is asked of it."""

    def __init__(self, origin: str, token: str, is_quiet: bool) -> None:
        self.origin, self.token, self.is_quiet = origin, token, is_quiet
        self.base = f"{origin}/scim/{TENANT}/v2"
        self.requests = 0

    def chapter(self, title: str) -> None:
        """Begins a chapter of the document."""
        print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n== {title}", flush=True)

    def ask(self, what: str, method: str, path: str, body: Any = None, status: int = 200, printed: Any = None) -> Any:
        """Sends a request; the answer must have the status, and what is printed."""
        answered, headers, got = self.send(method, path, body)
        self.requests += 1
        problem = None if answered == status else f"the status is {answered}, not {status}"
        problem = problem or (differs(printed, got) if printed is not None else None)
        if got is not None and headers.get_content_type() != "application/scim+json":
            problem = problem or f"the media type is {headers.get_content_type()}"
        print(f"  {'FAILED' if problem else 'ok'}  {what}: {method} {path} → {answered}", flush=True)
        if problem or not self.is_quiet:
            for sign, value in ((">", body), ("<", got)):
                if value is not None:
                    for line in shown(value, 2).splitlines():
                        print(f"        {sign} {line}")
        if problem:
            raise Failure(f"{what}: {problem}")
        return got

    def send(self, method: str, path: str, body: Any) -> tuple[int, Any, Any]:
        """Sends a request and reads its answer, whatever the status."""
        request = urllib.request.Request(self.origin + path, method=method)
        request.add_header("Accept", "application/scim+json")
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/scim+json")
        try:
            answer: Any = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    def wait(self, what: str, path: str, printed: Any) -> Any:
        """Asks until a job is no longer importing."""
        for _ in range(300):
            if self.send("GET", path, None)[2].get("status") != "importing":
                break
            time.sleep(0.1)
        return self.ask(what, "GET", path, printed=printed)


@contextlib.contextmanager
def served(scimdb: str, is_quiet: bool) -> Iterator[Appliance]:
    """An appliance on a free port, with a store in a directory that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="activid-"))
    process = None
    try:
        # DOB is of a type whose values are encrypted where they are stored: the store needs a key for it.
        keys = folder / "keys.json"
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        keys.write_text(json.dumps({"keys": [{"id": "k1", "key": key}]}), encoding="utf-8")
        keys.chmod(0o600)
        store = ["--store", str(folder / "store"), "--value-keys", str(keys)]
        subprocess.run([scimdb, "tenant", "create", TENANT, "--profile", "activid", "--quiet", *store], check=True)
        token = subprocess.run([scimdb, "token", "create", "demo", "--quiet", "--scope", "write", "--tenant", TENANT, *store],
                               check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        environment = {**os.environ, "SCIMDB_LOG": "warn"}
        process = subprocess.Popen([scimdb, "serve", "--quiet", "--address", "127.0.0.1:0", "--require-tokens", *store],
                                   stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if "listening on " not in line:
            raise Failure(f"the server did not say where it listens: {line!r}")
        yield Appliance(line.rsplit(" ", 1)[1], token, is_quiet)
    finally:
        if process is not None:
            process.terminate()
            process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def path(endpoint: str, **parameters: Any) -> str:
    """A path of the users' document."""
    query = f"?{urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)}" if parameters else ""
    return f"/scim/{TENANT}/v2{endpoint}{query}"


def attribute(name: str, value: str) -> dict[str, Any]:
    """An attribute as answers print it."""
    return {"name": name, "type": "string", "value": value, "readOnly": False}


def group_of(base: str, value: str, display: str) -> list[dict[str, Any]]:
    """A user's group as answers print it."""
    return [{"type": "Group", "display": display, "value": value, "$ref": f"{base}/Groups/{value}"}]


def prepare(it: Appliance) -> None:
    """What the documents take for granted."""
    it.chapter("The groups of the samples, whose ids the host chooses")
    for value, display in (("USG_CUST2", "Business Online Banking"), ("USG_FTEMP", "Full Time Employees"),
                           ("FTADMIN", "ActivID Administrators")):
        body = {"schemas": [GROUP], "id": value, "displayName": display}
        it.ask(f"a group {value}", "POST", path("/Groups"), body, printed={"id": value})


def users(it: Appliance) -> None:
    """Create, get and replace a user."""
    it.chapter("Create a User")
    body = {"schemas": [CORE, "urn:hid:scim:api:idp:2.0:Attribute", DEVICE], "externalId": "jdoe",
            "name": {"familyName": "Doe", "givenName": "John"}, "emails": [{"value": "jdoe@company.com", "type": "work"}],
            "groups": [{"value": "USG_CUST2"}], ATTRIBUTE: {"attributes": [{"name": "DOB", "value": "1980-08-01"}]}}
    meta = {"resourceType": "User", "created": TIME, "version": DIGITS}
    printed = {
        "schemas": SCHEMAS, "id": DIGITS, "externalId": "jdoe", "meta": meta, "userName": "jdoe",
        "name": {"familyName": "Doe", "givenName": "John"}, "displayName": "John Doe", "userType": "FTRESS",
        "active": True, "emails": [{"value": "jdoe@company.com"}],
        "groups": group_of(it.base, "USG_CUST2", "Business Online Banking"), "roles": [],
        ATTRIBUTE: {"attributes": Unordered(
            attribute("ATR_EMAIL", "jdoe@company.com"), attribute("LASTNAME", "Doe"), attribute("DOB", "1980-08-01"),
            attribute("FIRSTNAME", "John"))},
        AUTHENTICATOR: {"authenticators": []}, DEVICE: {"devices": []}}
    user = it.ask("create", "POST", path("/Users"), body, printed=printed)
    one = path(f"/Users/{user['id']}")
    meta["location"] = it.origin + one

    it.chapter("Get a User")
    devices = [{"display": "11289", "value": "11289", "$ref": f"{it.base}/Device/11289", "friendlyName": "my OOB device"}]
    policies = [{"display": "AT_CUSTSMS", "value": f"{user['id']}.AT_CUSTSMS",
                 "$ref": f"{it.base}/Authenticator/{user['id']}.AT_CUSTSMS"}]
    bound = {"Operations": [{"op": "add", "path": f"{DEVICE}:devices", "value": devices},
                            {"op": "add", "path": f"{AUTHENTICATOR}:authenticators", "value": policies}]}
    it.ask("bind a device and an authenticator", "PATCH", f"{one}?api-version=2", bound)
    printed |= {"meta": meta, AUTHENTICATOR: {"authenticators": policies}, DEVICE: {"devices": devices}}
    it.ask("get, with the names of devices", "GET", f"{one}?api-version=2", printed=printed)
    unnamed = [{**devices[0], "friendlyName": ABSENT}]
    it.ask("get, as the first version of the API has it", "GET", one, printed={**printed, DEVICE: {"devices": unnamed}})

    it.chapter("Replace a User")
    body = {"schemas": [CORE, ATTRIBUTE], "externalId": "jdoe", "groups": [{"value": "USG_CUST2"}],
            ATTRIBUTE: {"attributes": [{"name": "DOB", "value": "1980-08-01"}]}}
    printed |= {"name": ABSENT, "displayName": ABSENT, "emails": ABSENT,
                ATTRIBUTE: {"attributes": [attribute("DOB", "1980-08-01")]}, DEVICE: {"devices": unnamed}}
    it.ask("replace: elements that are left out go, extensions stay", "PUT", one, body, printed=printed)
    del body["groups"]
    it.ask("replace without the mandatory groups", "PUT", one, body, status=400)


def searches(it: Appliance) -> None:
    """Searches of users."""
    it.chapter("Search for Users")
    for external, given in (("smith", None), ("johnsmith@acme", "John")):
        body = {"externalId": external, "name": {"familyName": "Smith", "givenName": given}}
        it.ask(f"a user {external}", "POST", path("/Users"), body)
    found = {"schemas": [LIST], "totalResults": 1, "startIndex": 1, "Resources": [{"id": DIGITS, "displayName": "Smith"}]}
    for endpoint in ("/Users/.search", "/Users"):
        it.ask("a search by GET", "GET", path(endpoint, filter="displayName sw smith"), printed=found)
    body = {"schemas": [SEARCH], "filter": 'displayName sw "smith"', "sortBy": "id", "sortOrder": "descending",
            "startIndex": 1, "count": 100}
    it.ask("a search with no attributes defined", "POST", path("/Users/.search"), body, printed=found)
    body |= {"attributes": ["displayName", "userName", "meta"], "startIndex": 0}
    meta = {"location": SOMETHING, "resourceType": "User", "lastModified": TIME}
    found["Resources"] = [{"id": DIGITS, "userName": "smith", "displayName": "Smith", "meta": meta, "active": ABSENT}]
    it.ask("a search with attributes to define the response", "POST", path("/Users/.search"), body, printed=found)
    body["attributes"] = ["id", "meta"]
    found["Resources"] = [{"id": DIGITS, "meta": meta, "userName": ABSENT, "displayName": ABSENT}]
    it.ask("a search with only id and meta returned", "POST", path("/Users/.search"), body, printed=found)
    for text, total in (("username eq f* and externalid sw 1*", 0), ("username eq j* and (externalid sw j*)", 2),
                        (f"{ATTRIBUTE}:attributes.name eq FIRSTNAME and {ATTRIBUTE}:attributes.value eq John", 1)):
        it.ask("a filter", "GET", path("/Users", filter=text, attributes="userName"), printed={"totalResults": total})
    it.ask("an operator that the attribute lacks", "GET", path("/Users", filter="groups.value co USG"), status=400)

    roles = [{"display": "Audit Viewer", "value": "RL_AUDITV"}, {"display": "Configuration Manager", "value": "RL_CFGMGR"},
             {"display": "Configuration", "value": "RL_CONFIG"}]
    body = {"externalId": "my_user", "name": {"givenName": "my_user"}, "groups": [{"value": "USG_FTEMP"}], "roles": roles}
    it.ask("a user with roles", "POST", path("/Users"), body)
    mine = {"externalId": "my_user", "userName": "my_user", "name": {"givenName": "my_user"}, "displayName": "my_user",
            "active": True, "groups": group_of(it.base, "USG_FTEMP", "Full Time Employees"), "roles": Unordered(*roles),
            "schemas": SCHEMAS, "meta": {"resourceType": "User", "created": TIME, "version": DIGITS},
            ATTRIBUTE: {"attributes": [attribute("FIRSTNAME", "my_user")]},
            AUTHENTICATOR: {"authenticators": []}, DEVICE: {"devices": []}}
    it.ask("users bound in the appliance", "POST", path("/Users/.search"), {"filter": "groups.value eq USG_FTEMP"},
           printed={"schemas": [LIST], "totalResults": 1, "Resources": [mine]})
    body = {"filter": "groups.value eq USG_FTEMP", "excludedAttributes": ["roles", AUTHENTICATOR, DEVICE]}
    mine |= {"roles": ABSENT, AUTHENTICATOR: ABSENT, DEVICE: ABSENT, "schemas": SOMETHING}
    it.ask("a search that excludes attributes", "POST", path("/Users/.search"), body,
           printed={"totalResults": 1, "Resources": [mine]})
    body = {"filter": "groups.value eq USG_FTEMP and usertype eq LDAP", "count": 100, "searchRepositories": True}
    it.ask("LDAP users: none, since no host told of a repository", "POST", path("/Users/.search"), body,
           printed={"schemas": [LIST], "totalResults": 0})
    del body["searchRepositories"]
    it.ask("userType without searchRepositories", "POST", path("/Users/.search"), body, status=400)


def forget(it: Appliance) -> None:
    """Delete and forget a user."""
    it.chapter("Delete a User, Forget a User")
    user = it.ask("a user", "POST", path("/Users"), {"externalId": "myuser", "name": {"givenName": "My"}})
    body = {"schemas": [CORE], "externalId": "myuser"}
    it.ask("forget before the deletion", "POST", path("/Users/.forget"), body, status=409)
    it.ask("delete", "DELETE", path(f"/Users/{user['id']}"), status=204)
    it.ask("forget", "POST", path("/Users/.forget"), body, status=204)
    it.ask("forget again", "POST", path("/Users/.forget"), body, status=404)


def imports(it: Appliance) -> None:
    """Import users, and ask how far it is."""
    it.chapter("Import Users, Get Import Status")
    batch = [{"emails": [{"value": f"email{n}@company.com"}], "externalId": f"bb0_{n}",
              "name": {"familyName": f"last{n}", "givenName": f"first{n}"}} for n in range(100000, 100500)]
    for already, some in ((0, batch[:20]), (20, batch)):
        meta = {"resourceType": "UserImportResponse", "location": SOMETHING, "version": "1"}
        accepted = {"schemas": [IMPORT], "meta": meta, "correlationId": SOMETHING}
        body = {"users": some, "group": {"value": "USG_FTEMP"}}
        quiet, it.is_quiet = it.is_quiet, True
        job = it.ask(f"import {len(some)} users", "POST", path("/Users/.import"), body, status=202, printed=accepted)
        it.is_quiet = quiet
        done = {"schemas": [IMPORT], "correlationId": job["correlationId"], "status": "done", "importSize": len(some),
                "nbFailed": 0, "nbAlreadyExisted": already, "nbImported": len(some) - already}
        it.wait("the import has finished", path(f"/Users/.import/{job['correlationId']}"), done)
    it.ask("the group is mandatory", "POST", path("/Users/.import"), {"users": batch[:1]}, status=400)


def federated(it: Appliance) -> None:
    """What Microsoft Entra ID sends."""
    it.chapter("Manage Users in a SCIM Federated Repository")
    body = {"userType": "SCIM_FED", "active": True, "externalId": "toto1000",
            "name": {"familyName": "smith", "givenName": "john"}, "phoneNumbers": [{"type": "work", "value": "0123456789"}],
            "addresses": [{"type": "work", "formatted": "5555555555"}]}
    printed = {**body, "userName": "toto1000", "displayName": "john smith"}
    user = it.ask("create", "POST", path("/Users"), body, printed=printed)
    one = path(f"/Users/{user['id']}")
    for value in ("true", "false"):
        body = {"Operations": [{"op": "Replace", "path": "active", "value": value}]}
        it.ask("patch; false is the soft deletion", "PATCH", one, body, printed={"active": value == "true"})
    it.ask("delete permanently", "DELETE", one, status=204)


def types(it: Appliance) -> None:
    """The document of attribute types."""
    it.chapter("User Attribute Types")
    at = f"/configuration/{TENANT}/v2/User/AttributeType"

    def kind(of: str, **more: Any) -> dict[str, Any]:
        meta = {"resourceType": "UserAttributeType", "location": f"{it.origin}{at}/{of}", "version": DIGITS}
        return {"schemas": [TYPE], "id": of, "meta": meta, **more}

    custom: dict[str, Any] = {"name": "Custom Attribute 1", "notes": "Custom Attribute 1 notes", "encrypted": True}
    it.ask("a type of the list", "POST", at, {"id": "CUSTATT1", **custom})
    birth: dict[str, Any] = {"name": "Date of Birth", "encrypted": True, "predefined": True}
    listed = it.ask("get all types", "GET", at, printed={"schemas": [LIST], "totalResults": 5})["Resources"]
    for expected in (kind("DOB", **birth), kind("CUSTATT1", **custom, predefined=False)):
        if all(differs(expected, one) for one in listed):
            raise Failure(f"the list lacks {shown(expected)}")
    it.ask("get a type", "GET", f"{at}/DOB", printed=kind("DOB", **birth))
    sent = {"name": "Custom Attribute 2", "notes": "Custom Attribute 2 notes"}
    it.ask("create a type", "POST", at, {"schemas": [TYPE], "id": "CUSTATT2", **sent},
           printed=kind("CUSTATT2", **sent, encrypted=False, predefined=False))
    it.ask("replace: what is left out stays", "PUT", f"{at}/DOB", {"notes": "Date of Birth"},
           printed=kind("DOB", **birth, notes="Date of Birth"))
    it.ask("delete a type that is in use", "DELETE", f"{at}/DOB", status=409)
    it.ask("delete a type", "DELETE", f"{at}/DOB?force=true", status=204)


def main() -> int:
    """Reads the arguments, and plays."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scimdb", default=str(ROOT / "target" / "debug" / "scimdb"), help="the program")
    parser.add_argument("--quiet", action="store_true", help="a line for each request, without bodies")
    arguments = parser.parse_args()
    try:
        with served(arguments.scimdb, arguments.quiet) as it:
            for chapter in (prepare, users, searches, forget, imports, federated, types):
                chapter(it)
            print(f"\n{it.requests} requests, answered as printed", flush=True)
    except Failure as failure:
        print(f"\nFAILED  {failure}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
