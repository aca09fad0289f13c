"""Valid requests, made from what a server describes of itself: whatever is made here must be understood."""

import base64
import json
from random import Random
from typing import Any
from urllib.parse import quote

from described import Attribute, ResourceType
from judge import CANARY, VALUE_CANARY

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

WORDS = [
    VALUE_CANARY,
    "ada",
    "Ada",
    "BOB",
    "bob",
    "Zoë",
    "größe",
    "work",
    "Tour Guides",
    "a",
    "ab",
    "ß",
    "İ",
    "ς",
    "😀",
    '"\\',
    "é",
    "100%",
]
TIMES = ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "1969-12-31T23:59:59.5Z", "2026-01-01T00:00:00.000Z"]
INTEGERS = [0, 1, -1, 7, 1 << 31, -(1 << 53), (1 << 63) - 1]
DECIMALS = [0.0, 0.5, -1.5, 1e10, 3.25, 2]
# What can be compared with what (RFC 7644 table 3).
TEXT_OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
ORDER_OPERATORS = ["eq", "ne", "gt", "ge", "lt", "le"]
OPERATORS = {
    "string": TEXT_OPERATORS,
    "reference": TEXT_OPERATORS,
    "dateTime": ORDER_OPERATORS,
    "integer": ORDER_OPERATORS,
    "decimal": ORDER_OPERATORS,
    "boolean": ["eq", "ne"],
    "binary": ["eq", "ne"],
}


class Generator:
    """Makes requests; the same ones for the same seed and the same answers."""

    def __init__(self, random: Random, types: list[ResourceType]):
        self.random, self.types = random, types
        # The ids that were told, by type; old ones are of resources that are gone.
        self.ids: dict[str, list[str]] = {of.name: [] for of in types}
        self.made = 0

    def one_in(self, number: int) -> bool:
        return self.random.randrange(number) == 0

    def pick(self, among: list[Any]) -> Any:
        return self.random.choice(among)

    def type(self) -> ResourceType:
        return self.pick(self.types)

    def id(self, of: ResourceType) -> str:
        """The id of some resource, or of none."""
        known = self.ids[of.name]
        return self.pick(known) if known and not self.one_in(10) else "00000000-0000-7000-8000-000000000000"

    def text(self) -> str:
        return "".join(self.pick(WORDS) for _ in range(1 + self.one_in(3)))

    # -- values --

    def single(self, attribute: Attribute) -> Any:
        """A value, or None where none can be made."""
        match attribute.type:
            case "boolean":
                return self.one_in(2)
            case "integer":
                return self.pick(INTEGERS)
            case "decimal":
                return self.pick(DECIMALS)
            case "dateTime":
                return self.pick(TIMES)
            case "binary":
                return base64.b64encode(self.random.randbytes(self.random.randrange(6))).decode() or "AA=="
            case "reference":
                return f"https://example.com/{quote(self.text())}"
            case "complex":
                return self.complex(attribute) or None
        if attribute.unique or attribute.name == "userName":
            self.made += 1
            return f"{self.pick(['u', 'U', 'ü'])}{self.made}" if not self.one_in(20) else "u1"
        if attribute.canonical and not self.one_in(4):
            return self.pick(attribute.canonical)
        return self.text()

    def complex(self, attribute: Attribute) -> dict[str, Any]:
        made = {}
        for sub in attribute.subs:
            if (
                sub.mutability != "readOnly"
                and sub.name not in ("primary", "$ref")
                and (sub.required or self.one_in(2))
            ):
                made[sub.name] = self.single(sub)
        return made

    def value(self, attribute: Attribute) -> Any:
        """A value of the attribute, with all its elements; None where none can be made."""
        if attribute.name == "members":
            return [{"value": id} for id in self.members()]
        if not attribute.multi:
            return self.single(attribute)
        elements = [
            it for it in (self.single(attribute) for _ in range(1 + self.random.randrange(3))) if it is not None
        ]
        if elements and attribute.sub("primary") and self.one_in(2):
            self.pick(elements)["primary"] = True
        return elements

    def members(self) -> list[str]:
        """Resources that there are, as far as is known."""
        known = [id for of in self.types for id in self.ids[of.name][-5:]]
        return self.random.sample(known, min(len(known), self.random.randrange(4)))

    def body(self, of: ResourceType) -> dict[str, Any]:
        """A resource."""
        body: dict[str, Any] = {"schemas": [of.schema], **self.attributes(of.attributes)}
        if self.one_in(4):
            body["externalId"] = self.text()
        if self.one_in(10):
            # What is readOnly is ignored (RFC 7644 section 3.3).
            body |= {"id": "mine", "meta": {"version": 'W/"1"'}}
        for urn, attributes in of.extensions.items():
            if urn in of.required_extensions or self.one_in(4):
                if inner := self.attributes(attributes):
                    body[urn] = inner
                    body["schemas"].append(urn)
        return body

    def attributes(self, attributes: list[Attribute]) -> dict[str, Any]:
        made = {}
        for attribute in attributes:
            if attribute.name == "password":
                # Hashing takes long.
                if self.one_in(60):
                    made["password"] = f"{CANARY}-{self.made}"
            elif attribute.mutability != "readOnly" and (attribute.required or self.one_in(4)):
                if (value := self.value(attribute)) not in (None, [], {}):
                    made[attribute.name] = value
        return made

    # -- paths and filters --

    def cased(self, name: str) -> str:
        """Letter case does not matter (RFC 7643 section 2.1)."""
        return name.upper() if self.one_in(20) else name

    def comparable(self, of: ResourceType, only: Attribute | None = None) -> tuple[str, Attribute]:
        """What a filter may compare: its path, and the attribute. Within one attribute, or anywhere."""
        if only is None:
            choices = [(prefix, it) for prefix, it in of.paths() if not it.is_secret and it.name != "password"]
            prefix, attribute = self.pick(choices)
            # In long form, the core's have a prefix as well (RFC 7644 section 3.10).
            if prefix == "" and attribute in of.attributes and self.one_in(8):
                prefix = f"{of.schema}:"
        else:
            prefix, attribute = "", self.pick([sub for sub in only.subs if not sub.is_secret])
        path = prefix + self.cased(attribute.name)
        if attribute.type == "complex":
            sub = self.pick([sub for sub in attribute.subs if not sub.is_secret])
            return f"{path}.{self.cased(sub.name)}", sub
        return path, attribute

    def comparison(self, of: ResourceType, only: Attribute | None = None) -> str:
        path, attribute = self.comparable(of, only)
        if self.one_in(6):
            return f"{path} {self.cased('pr')}"
        operator = self.pick(OPERATORS[attribute.type])
        if path.lower().endswith("meta.location") or path == "id":
            value: Any = self.id(of)
        else:
            value = self.single(attribute)
        return f"{path} {self.cased(operator)} {json.dumps(value, ensure_ascii=self.one_in(2))}"

    def filter(self, of: ResourceType, depth: int = 2, only: Attribute | None = None) -> str:
        match self.random.randrange(8) if depth else 7:
            case 0 | 1:
                return (
                    f"{self.filter(of, depth - 1, only)} {self.pick(['and', 'or'])} {self.filter(of, depth - 1, only)}"
                )
            case 2:
                return f"not ({self.filter(of, depth - 1, only)})"
            case 3:
                return f"({self.filter(of, depth - 1, only)})"
            case 4 if only is None:
                groups = [(prefix, it) for prefix, it in of.paths() if it.type == "complex" and it.multi]
                prefix, attribute = self.pick(groups) if groups else ("", None)
                if attribute:
                    return f"{prefix}{attribute.name}[{self.filter(of, depth - 1, attribute)}]"
        return self.comparison(of, only)

    def names(self, of: ResourceType) -> str:
        """A list of attributes, for a projection."""
        paths = [prefix + self.cased(attribute.name) for prefix, attribute in of.paths()]
        return ",".join(self.random.sample(paths, min(len(paths), 1 + self.random.randrange(3))))

    def search(self, of: ResourceType | None) -> dict[str, Any]:
        """The parameters of a search, of one type or of all."""
        about = of or self.type()
        found: dict[str, Any] = {}
        if not self.one_in(4):
            found["filter"] = self.filter(about)
        if self.one_in(3):
            found["sortBy"] = (
                self.pick(["id", "userName", "displayName", "meta.created"])
                if of is None
                else (
                    self.pick(
                        [
                            prefix + it.name
                            for prefix, it in about.paths()
                            if not it.is_secret and it.type != "complex" and not it.multi
                        ]
                    )
                )
            )
            if of is None and found["sortBy"] in ("userName", "displayName"):
                found["sortBy"] = "meta.lastModified"
            found["sortOrder"] = self.pick(["ascending", "descending"])
        if self.one_in(2):
            found["startIndex"] = self.pick([-5, 0, 1, 2, 3, 50, 1 << 40])
        if self.one_in(2):
            found["count"] = self.pick([-1, 0, 1, 2, 10, 1 << 40])
        if self.one_in(6):
            found[self.pick(["attributes", "excludedAttributes"])] = self.names(about).split(",")
        return found

    # -- changes --

    def operation(self, of: ResourceType) -> dict[str, Any]:
        """An operation of a PATCH that keeps to the schema, though not always to the data."""
        choices = [
            (prefix, it)
            for prefix, it in of.paths()
            if it.mutability == "readWrite" and it.name not in ("password", "id", "meta")
        ]
        prefix, attribute = self.pick(choices)
        value = self.value(attribute)
        if self.one_in(5) and not prefix:
            return {"op": self.pick(["add", "replace"]), "value": {attribute.name: value}}
        path = prefix + attribute.name
        if attribute.required or not self.one_in(4):
            subs = [
                sub for sub in attribute.subs if sub.mutability == "readWrite" and sub.name not in ("primary", "$ref")
            ]
            if subs and self.one_in(3) and attribute.name != "members":
                sub = self.pick(subs)
                where = f"[{self.filter(of, 1, attribute)}]" if attribute.multi else ""
                return {"op": "replace", "path": f"{path}{where}.{sub.name}", "value": self.single(sub)}
            return {"op": self.pick(["add", "replace", "Add"]), "path": path, "value": value}
        if attribute.multi and attribute.type == "complex" and self.one_in(2):
            return {"op": "remove", "path": f"{path}[{self.filter(of, 1, attribute)}]"}
        return {"op": "remove", "path": path}

    def patch(self, of: ResourceType) -> dict[str, Any]:
        return {"schemas": [PATCH], "Operations": [self.operation(of) for _ in range(1 + self.random.randrange(3))]}

    def bulk(self) -> dict[str, Any]:
        operations = []
        for number in range(1 + self.random.randrange(5)):
            of = self.type()
            method = self.pick(["POST", "POST", "PUT", "PATCH", "DELETE"])
            operation: dict[str, Any] = {"method": method, "path": of.endpoint}
            if method == "POST":
                operation |= {"bulkId": f"b{number}", "data": self.body(of)}
                if number and "members" in operation["data"]:
                    operation["data"]["members"].append({"value": f"bulkId:b{self.random.randrange(number + 1)}"})
            else:
                operation["path"] += f"/{self.id(of)}"
                if method != "DELETE":
                    operation["data"] = self.body(of) if method == "PUT" else self.patch(of)
            operations.append(operation)
        message: dict[str, Any] = {"schemas": [BULK], "Operations": operations}
        if self.one_in(3):
            message["failOnErrors"] = 1 + self.random.randrange(3)
        return message
