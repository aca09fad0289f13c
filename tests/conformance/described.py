"""What a server describes of itself: its resource types, with their attributes (RFC 7644 section 4)."""

from dataclasses import dataclass, field
from typing import Any

from wire import Request, Wire


@dataclass
class Attribute:
    """An attribute, as its schema describes it (RFC 7643 section 7)."""

    name: str
    type: str
    multi: bool
    required: bool
    mutability: str
    returned: str
    unique: bool
    canonical: list[str]
    references: list[str]
    subs: list["Attribute"]

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Attribute":
        return cls(
            document["name"],
            document["type"],
            document["multiValued"],
            document.get("required", False),
            document.get("mutability", "readWrite"),
            document.get("returned", "default"),
            document.get("uniqueness", "none") != "none",
            document.get("canonicalValues", []),
            document.get("referenceTypes", []),
            [cls.read(sub) for sub in document.get("subAttributes", [])],
        )

    @property
    def is_secret(self) -> bool:
        return self.returned == "never" or self.mutability == "writeOnly"

    def sub(self, name: str) -> "Attribute | None":
        return next((sub for sub in self.subs if sub.name == name), None)


def common(name: str, type: str, subs: list[Attribute] | None = None, **more: Any) -> Attribute:
    """An attribute that every resource has, and no schema describes (RFC 7643 section 3.1)."""
    return Attribute(name, type, False, False, more.get("mutability", "readOnly"), "default", False, [], [], subs or [])


COMMON = [
    common("id", "string"),
    common("externalId", "string", mutability="readWrite"),
    common(
        "meta",
        "complex",
        [
            common("resourceType", "string"),
            common("created", "dateTime"),
            common("lastModified", "dateTime"),
            common("location", "reference"),
            common("version", "string"),
        ],
    ),
]


@dataclass
class ResourceType:
    """A resource type: where it is, and what its resources may have."""

    name: str
    endpoint: str
    schema: str
    attributes: list[Attribute]
    extensions: dict[str, list[Attribute]] = field(default_factory=dict)
    required_extensions: list[str] = field(default_factory=list)

    def paths(self) -> list[tuple[str, Attribute]]:
        """The attributes, with the prefix that their paths need."""
        own = [("", attribute) for attribute in [*COMMON, *self.attributes]]
        return own + [(f"{urn}:", attribute) for urn, attributes in self.extensions.items() for attribute in attributes]


def describe(wire: Wire, headers: list[tuple[str, str]]) -> list[ResourceType]:
    """Asks a server what it has."""

    def listed(target: str) -> list[dict[str, Any]]:
        answer = wire.send(Request("GET", target, headers))
        assert answer.status == 200, answer
        return answer.json()["Resources"]

    schemas = {
        document["id"]: [Attribute.read(attribute) for attribute in document["attributes"]]
        for document in listed("/Schemas")
    }
    types = []
    for document in listed("/ResourceTypes"):
        extensions = document.get("schemaExtensions", [])
        # A schema may describe the common attributes too, as that of the RFC does for Users here and there.
        own = [it for it in schemas[document["schema"]] if it.name not in ("id", "externalId", "meta", "schemas")]
        types.append(
            ResourceType(
                document["name"],
                document["endpoint"],
                document["schema"],
                own,
                {extension["schema"]: schemas[extension["schema"]] for extension in extensions},
                [extension["schema"] for extension in extensions if extension["required"]],
            )
        )
    return types
