"""Where the two servers differ, and why: each difference has a reason, and whose it is. What no entry explains fails."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from urllib.parse import unquote_plus

from wire import Answer, Request


MULTI = r"(members|emails|phoneNumbers|ims|photos|addresses|entitlements|roles|x509Certificates)"


@dataclass
class Exchange:
    """One request, the answers of both, and their bodies in common form."""

    request: Request
    ours: Answer
    theirs: Answer
    our_body: Any
    their_body: Any

    @property
    def is_error(self) -> bool:
        return self.ours.status >= 400 or self.theirs.status >= 400

    def scim_types(self) -> tuple[Any, Any]:
        def of(body: Any) -> Any:
            return body.get("scimType") if isinstance(body, dict) else None

        return of(self.our_body), of(self.their_body)

    @property
    def our_detail(self) -> str:
        return detail(self.ours)

    @property
    def their_detail(self) -> str:
        return detail(self.theirs)

    @property
    def is_list(self) -> bool:
        """Whether both are lists."""
        return all(isinstance(it, dict) and "totalResults" in it for it in (self.our_body, self.their_body))

    @property
    def asked(self) -> str:
        """The target and the body as text."""
        return f"{unquote_plus(self.request.target)} {self.text()}"

    def text(self) -> str:
        """The body as text."""
        return self.request.body.decode(errors="replace")

    def __str__(self) -> str:
        return f">>> {self.request}\n<<< ours   {self.ours}\n<<< theirs {self.theirs}"


def detail(answer: Answer) -> str:
    return answer.json().get("detail", "") if answer.status >= 400 else ""


def without_schemas(document: Any) -> Any:
    """A document, or a list of them, without what they say of their schemas."""
    if isinstance(document, list):
        return sorted(map(without_schemas, document), key=str)
    if not isinstance(document, dict):
        return document
    return {
        name: without_schemas(value) if name == "Resources" else value
        for name, value in sorted(document.items()) if name not in ("schemas", "groups", "members")
    }


def has_condition(exchange: Exchange) -> bool:
    return any(name.startswith("if-") for name, _ in exchange.request.headers)


@dataclass
class Difference:
    """A difference that is known: what it is, why ours is as it is, and how it is recognised."""

    name: str
    reason: str
    explains: Callable[[Exchange], bool]


def refused(detail: str, *theirs: int) -> Callable[[Exchange], bool]:
    """We refuse it, and our detail says why; they answer with one of these statuses."""
    return lambda it: it.ours.status == 400 and it.theirs.status in theirs and re.search(detail, it.our_detail) is not None


def taken(detail: str, *ours: int) -> Callable[[Exchange], bool]:
    """They refuse it, and their detail says why; we answer with one of these statuses."""
    return lambda it: it.theirs.status == 400 and it.ours.status in ours and re.search(detail, it.their_detail) is not None


def other_type(*types: str) -> Callable[[Exchange], bool]:
    """Both refuse it, with one of these types each."""
    return lambda it: it.ours.status == it.theirs.status == 400 and set(it.scim_types()) <= set(types)


DIFFERENCES = [
    Difference(
        "which of two faults is told first",
        "A request with a body that is wrong, to a resource that is not there, or of another version, may be answered by "
        "either. We look at the body first, since nothing needs to be read for it.",
        lambda it: it.ours.status in (400, 404, 409, 412) and it.theirs.status in (400, 404, 409, 412)
        and it.ours.status != it.theirs.status and ("nobody" in it.request.target or has_condition(it)),
    ),
    Difference(
        "invalidSyntax or invalidValue",
        "RFC 7644 table 9 gives both to a body that does not conform to the schema: invalidSyntax is ours where the form "
        "of the message is wrong, invalidValue where a value is.",
        other_type("invalidSyntax", "invalidValue"),
    ),
    Difference(
        "a name twice in one object",
        "RFC 8259 section 4 leaves open what it means, and letter case makes no difference to names (RFC 7643 section "
        "2.1): we refuse it, they take one of the two.",
        refused("stands twice", 200, 201, 204),
    ),
    Difference(
        "schemas is missing, or empty",
        "It is required, with a value (RFC 7643 section 3). They add it.",
        refused('"schemas" (is missing|lacks)', 200, 201),
    ),
    Difference(
        "schemas of a message is missing, or empty",
        "A PATCH without the URN of PatchOp is none (RFC 7644 section 3.5.2). They do not look at it.",
        refused("schemas must hold", 200, 204),
    ),
    Difference(
        "a filter that selects nothing, in a remove",
        "noTarget: what RFC 7644 table 9 has for a path with a filter that yields no match. They remove nothing.",
        lambda it: it.ours.status == 400 and it.theirs.status in (200, 204) and it.scim_types()[0] == "noTarget"
        and '"remove"' in it.text(),
    ),
    Difference(
        "primary without a value",
        "It is false (RFC 7643 section 2.4), in a filter too. They take it for no value.",
        lambda it: re.search(r"primary (eq|ne)", it.asked, re.IGNORECASE) is not None
        and (it.is_list or it.request.method == "PATCH"),
    ),
    Difference(
        "what is in id, meta and groups",
        "Whatever is readOnly is ignored (RFC 7644 section 3.3), whatever it holds. They look at its type.",
        taken(r": (id|meta|groups)\b", 200, 201),
    ),
    Difference(
        "[] and [null] as values",
        "They are no value (RFC 7643 section 2.5), of whatever attribute. They want the type of the attribute.",
        lambda it: taken("(list|should be)", 200, 201, 204)(it) and re.search(r"\[(null)?\]|null", it.text()) is not None,
    ),
    Difference(
        "ne of a multi-valued attribute",
        "It holds if it holds for any value, as every operator does (RFC 7644 section 3.4.2.2), or if there is none. With them "
        "it holds if it does for all.",
        lambda it: it.is_list and re.search(MULTI + r"(\.\w+)? ne ", it.asked, re.IGNORECASE) is not None,
    ),
    Difference(
        "two faults in a PATCH",
        "Either may be told. We look at the message first, then at the operations' paths and values, then at the resource.",
        lambda it: it.request.method == "PATCH"
        and other_type("invalidSyntax", "invalidValue", "noTarget", "invalidPath", "mutability")(it),
    ),
    Difference(
        "schemas of what is returned in part",
        "We tell the schemas of the resource; they tell those of which something is returned.",
        lambda it: it.ours.status == it.theirs.status == 200 and "ttributes" in it.asked
        and without_schemas(it.our_body) == without_schemas(it.their_body),
    ),
    Difference(
        "null as the value of an add",
        "It is the same as no value (RFC 7643 section 2.5): nothing is added. They want another.",
        taken("value is required for", 200, 204),
    ),
    Difference(
        "GET of .search",
        "The path has the method POST alone (RFC 7644 section 3.4.3): 405. They look for a resource of that name.",
        lambda it: it.request.target.endswith("/.search") and it.ours.status == 405,
    ),
    Difference(
        "a member without a value",
        "What has no value names no resource (RFC 7643 section 4.2). They leave it out.",
        refused('each of members needs a "value"', 200, 201),
    ),
    Difference(
        "a member who is nobody",
        "A group has members that there are (RFC 7643 section 2.3.7 lets a server see to that). They keep any text.",
        refused("no resource has the id", 200, 201, 204),
    ),
    Difference(
        "a required value that is empty",
        "userName is not empty (RFC 7643 section 4.1.1), and no required text is. They take it.",
        refused("is required and must not be empty", 200, 201, 204),
    ),
    Difference(
        "half of a surrogate pair in a filter",
        "It is no JSON string that could be UTF-8 (RFC 8259 section 8.2). They compare with it.",
        refused("the string is not JSON", 200),
    ),
    Difference(
        "a reference that is no URI",
        "It is kept as it came: what identity providers send there are paths, ids and names as well. They parse it.",
        taken("Invalid URI", 200, 201, 204),
    ),
    Difference(
        "names in an operation of a PATCH that mean nothing",
        "RFC 7644 section 3.5.2 does not forbid them, and clients send them: ignored. They refuse them.",
        taken("Extra inputs are not permitted: Operations", 200, 204),
    ),
]
