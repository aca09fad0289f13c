"""What a product goes through: it is provisioned, and restarted."""

from __future__ import annotations

import os
import secrets
import tempfile
from typing import Any, Callable

from .people import People
from .product import Product
from .providers import Entra, Okta, Provider
from .scim import USER, Failure, Scim, expect, say, shown


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
