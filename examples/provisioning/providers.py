"""Two identity providers, by what they send."""

from __future__ import annotations

import secrets
from typing import Any

from .people import People
from .scim import ENTERPRISE, GROUP, USER, Scim, expect, say, shown


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
