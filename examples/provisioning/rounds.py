"""What a product goes through: it is provisioned, restarted, killed, and set back to an older store."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .burst import Burst
from .people import People, Row
from .product import Product
from .providers import Entra, Okta, Provider
from .scim import USER, Failure, Scim, expect, say, shown

# After how many answers the product is killed, each time.
KILLED_AFTER = (20, 70, 45)


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


class Trial:
    """A product on one directory, and what it goes through."""

    def __init__(self, command: list[str], folder: Path, people_file: bool) -> None:
        self.command, self.folder, self.token = command, folder, secrets.token_urlsafe(24)
        self.data = folder / "data"
        self.data.mkdir()
        self.file = str(folder / "people.json") if people_file else None
        # The table as it should be, from run to run.
        self.expected: dict[str, Row] = {}

    @contextlib.contextmanager
    def run(self) -> Iterator[tuple[Product, Scim, People]]:
        """The product, started; at the end it is killed, unless it was stopped."""
        product = Product(self.command, str(self.data), self.file, self.token)
        try:
            people = People(self.file or f"{product.origin}/people", self.token)
            people.expected = self.expected
            yield product, Scim(f"{product.origin}/scim/v2", self.token), people
        finally:
            product.kill()

    def restart(self) -> None:
        """Provisions, and looks whether stopping in order loses anything."""
        with self.run() as (product, scim, people):
            provision(scim, people)
            before = resources(scim)
            product.stop()
        print("restarted:", flush=True)
        with self.run() as (product, scim, people):
            people.must_be_in_step("a restart")
            must_be_as_before(before, resources(scim), "the restart")
            create_late(scim, people)
            product.stop()

    def kill(self) -> None:
        """Kills the product in the midst of requests, and looks whether anything is lost that it acknowledged."""
        burst = Burst(self.expected, secrets.token_hex(4))
        print("killed:", flush=True)
        for number, answers in enumerate(KILLED_AFTER):
            with self.run() as (product, scim, people):
                if number > 0:
                    burst.must_be_kept(scim, people)
                burst.run(scim, product, answers)
        with self.run():
            say("killed once more, as soon as it listens")
        with self.run() as (product, scim, people):
            burst.must_be_kept(scim, people)
            product.stop()

    def put_back(self) -> None:
        """Puts back an older copy of the store: the table is then ahead of it, and must go back too."""
        store = next((file.parent for file in self.data.rglob("store.redb")), None)
        if store is None:
            say("no store of scimdb is in the directory: none is put back")
            return
        print("an older store is put back:", flush=True)
        copy = self.folder / "copy"
        shutil.copytree(store, copy)
        older = dict(self.expected)
        with self.run() as (_, scim, people):
            before = resources(scim)
            create_late(scim, people)
            for identifier in list(older)[:3]:
                scim.send("DELETE", f"/Users/{identifier}").must(204)
                people.drop(identifier)
            people.must_be_in_step("deleting")
        shutil.rmtree(store)
        copy.rename(store)
        self.expected = older
        with self.run() as (product, scim, people):
            must_be_as_before(before, resources(scim), "putting back the copy")
            people.must_be_in_step("putting back the copy")
            create_late(scim, people)
            product.stop()


def must_be_as_before(before: dict[str, Any], after: dict[str, Any], what: str) -> None:
    """Fails if a resource is not as it was."""
    changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    for key in changed[:1]:
        differ = f"  {shown(before.get(key))}\n  {shown(after.get(key))}"
        raise Failure(f"{what} changed {len(changed)} resources, such as\n{differ}")
    say(f"{len(after)} users and groups are as they were before {what}")


def create_late(scim: Scim, people: People) -> None:
    """The product still takes users, and still refuses some."""
    late = Provider(scim, people, secrets.token_hex(4))
    late.create({"schemas": [USER], "userName": late.user_name("late"), "displayName": "Late", "active": True})
    late.must_refuse_names()
    people.must_be_in_step("creating one more")


def provision_process(command: list[str], people_file: bool) -> None:
    """Starts the product, provisions it, and looks what it loses when it is stopped, killed, or set back."""
    with tempfile.TemporaryDirectory(prefix="provision-") as folder:
        trial = Trial(command, Path(folder), people_file)
        trial.restart()
        trial.kill()
        trial.put_back()
