"""Where the two servers differ, and why: each difference has a reason. What no entry explains fails."""

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from wire import Answer, Request

MULTI = (
    r"(members|emails|phoneNumbers|ims|photos|addresses|entitlements|roles|x509Certificates|tags|codes|flags|sizes|"
    r"ratios|seenAt|keys|links|parts|slots|stamps|charges)"
)


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
    def is_success(self) -> bool:
        """Whether both are a resource."""
        return (
            self.ours.status == self.theirs.status
            and isinstance(self.our_body, dict)
            and not self.is_list
            and not self.is_error
        )

    def differing(self, of: Callable[[Any], Any] = lambda value: value) -> set[str]:
        """The attributes that differ between two resources, with their values in some form."""
        names = {*self.our_body, *self.their_body} - {"groups", "members"}
        return {name for name in names if of(self.our_body.get(name)) != of(self.their_body.get(name))}

    def is_known(self, name: str) -> bool:
        """Whether an attribute may differ in what a PATCH returns, or does not in one of the forms below."""
        ours, theirs = self.our_body.get(name), self.their_body.get(name)
        may_differ = name in ("schemas", "blob", "keys") or (name == "onDemand" and theirs is None)
        return may_differ or any(of(ours) == of(theirs) for of in (once, folded, without_empty, without_bytes))

    def lacks_values(self) -> bool:
        """Whether what only one of two lists has is without values of what the filter has value paths of."""
        named = {name.lower() for name in re.findall(r"(\w+)\[", self.asked)}
        ours, theirs = ({it["id"]: it for it in body["Resources"]} for body in (self.our_body, self.their_body))
        alone = [{**ours, **theirs}[id] for id in ours.keys() ^ theirs.keys()]
        return not any(named & {name.lower() for name in names_in(it)} for it in alone)

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


def names_in(resource: dict[str, Any]) -> set[str]:
    """The attributes that have values, those of extensions too."""
    inner = (set(value) for value in resource.values() if isinstance(value, dict))
    return {name for name, value in resource.items() if value}.union(*inner)


def without_schemas(document: Any) -> Any:
    """A document, or a list of them, without what they say of their schemas."""
    if isinstance(document, list):
        return sorted(map(without_schemas, document), key=str)
    if not isinstance(document, dict):
        return document
    return {
        name: without_schemas(value) if name == "Resources" else value
        for name, value in sorted(document.items())
        if name not in ("schemas", "groups", "members")
    }


def once(value: Any) -> Any:
    """A list without what is there twice, also in an extension."""
    if isinstance(value, dict):
        return {name: once(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    return [it for index, it in enumerate(value) if it not in value[:index]]


def without_empty(value: Any) -> Any:
    """A value without objects that have nothing but empty texts."""
    if isinstance(value, list):
        return [it for it in map(without_empty, value) if it] or None
    if isinstance(value, dict):
        return value if any(value.values()) else None
    return value


def folded(value: Any) -> Any:
    """A list without what is there twice, whatever the letter case."""

    def of(it: Any) -> Any:
        return json.loads(json.dumps(it, ensure_ascii=False).casefold())

    return once([of(it) for it in value]) if isinstance(value, list) else value


def without_bytes(value: Any) -> Any:
    """A value without the sub-attributes of it that are binary."""
    if isinstance(value, list):
        return [without_bytes(it) for it in value]
    if isinstance(value, dict):
        return {name: it for name, it in value.items() if name not in ("seal", "image")}
    return value


def has_condition(exchange: Exchange) -> bool:
    return any(name.startswith("if-") for name, _ in exchange.request.headers)


@dataclass
class Difference:
    """A difference that is known: what it is, why ours is as it is, and how it is recognised."""

    name: str
    reason: str
    explains: Callable[[Exchange], bool]
    # Whether the resources that the request leaves are different, and not only what is shown of them.
    lasts: bool = True


def refused(detail: str, *theirs: int) -> Callable[[Exchange], bool]:
    """We refuse it, and our detail says why; they answer with one of these statuses."""
    return lambda it: (
        it.ours.status == 400 and it.theirs.status in theirs and re.search(detail, it.our_detail) is not None
    )


def taken(detail: str, *ours: int) -> Callable[[Exchange], bool]:
    """They refuse it, and their detail says why; we answer with one of these statuses, or find a value that is taken."""
    return lambda it: (
        it.theirs.status == 400 and it.ours.status in (*ours, 409) and re.search(detail, it.their_detail) is not None
    )


def other_type(*types: str) -> Callable[[Exchange], bool]:
    """Both refuse it, with one of these types each."""
    return lambda it: it.ours.status == it.theirs.status == 400 and set(it.scim_types()) <= set(types)


DIFFERENCES = [
    Difference(
        "which of two faults is told first",
        "A request with a body that is wrong, to a resource that is not there, or of another version, may be "
        "answered by "
        "either. We look at the body first, since nothing needs to be read for it.",
        lambda it: (
            it.ours.status in (400, 404, 409, 412)
            and it.theirs.status in (400, 404, 409, 412)
            and it.ours.status != it.theirs.status
            and ("nobody" in it.request.target or has_condition(it) or (it.ours.status, it.theirs.status) == (400, 409))
        ),
    ),
    Difference(
        "invalidSyntax or invalidValue",
        "RFC 7644 table 9 gives both to a body that does not conform to the schema: invalidSyntax is ours where "
        "the form "
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
        "schemas inside an extension",
        "Clients repeat it there. It says nothing that the resource's own does not, and is ignored, whatever it is. They "
        "want it to be an array.",
        taken(r":schemas$", 200, 201, 204),
    ),
    Difference(
        "schemas of a message is missing, or empty",
        "A PATCH without the URN of PatchOp is none (RFC 7644 section 3.5.2). They do not look at it.",
        refused("schemas must hold", 200, 204),
    ),
    Difference(
        "a filter that selects nothing, in a remove",
        "noTarget: what RFC 7644 table 9 has for a path with a filter that yields no match. They remove nothing.",
        lambda it: (
            it.ours.status == 400
            and it.theirs.status in (200, 204)
            and it.scim_types()[0] == "noTarget"
            and '"remove"' in it.text()
        ),
    ),
    Difference(
        "primary without a value",
        "It is false (RFC 7643 section 2.4), in a filter too. They take it for no value.",
        lambda it: (
            re.search(r"primary (eq|ne)", it.asked, re.IGNORECASE) is not None
            and (it.is_list or it.request.method == "PATCH")
        ),
    ),
    Difference(
        "what is in id, meta and groups",
        "Whatever is readOnly is ignored (RFC 7644 section 3.3), whatever it holds. They look at its type.",
        taken(r": (id|meta|groups)\b", 200, 201),
    ),
    Difference(
        "[], [null] and [{}] as values",
        "They are no value (RFC 7643 section 2.5), of whatever attribute. They want the type of the attribute.",
        lambda it: (
            taken("(list|should be|missing, null or empty|NoneType)", 200, 201, 204)(it)
            and re.search(r"\[\]|\{\}|null", it.text()) is not None
        ),
    ),
    Difference(
        "ne of a multi-valued attribute",
        "It holds if it holds for any value, as every operator does (RFC 7644 section 3.4.2.2), or if there is "
        "none. With them "
        "it holds if it does for all.",
        lambda it: it.is_list and re.search(MULTI + r"(\.\w+)? ne\b", it.asked, re.IGNORECASE) is not None,
    ),
    Difference(
        "two faults in a PUT or PATCH",
        "Either may be told. We look at the message first, then at the operations' paths and values, then at the "
        "resource.",
        lambda it: (
            it.request.method in ("PUT", "PATCH")
            and other_type("invalidSyntax", "invalidValue", "noTarget", "invalidPath", "mutability")(it)
        ),
    ),
    Difference(
        "schemas of what is returned in part",
        "We tell the schemas of the resource; they tell those of which something is returned.",
        lambda it: (
            it.ours.status == it.theirs.status == 200
            and "ttributes" in it.asked
            and without_schemas(it.our_body) == without_schemas(it.their_body)
        ),
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
        "an immutable attribute that has no value yet, by PUT",
        "It gets one (RFC 7644 section 3.5.1). They refuse it.",
        lambda it: (
            it.request.method == "PUT" and it.scim_types()[1] == "mutability" and it.ours.status in (200, 400, 409)
        ),
    ),
    Difference(
        "a value twice in what is added",
        "What is there already is not added (RFC 7644 section 3.5.2.1), by the same operation neither. They add it.",
        lambda it: it.request.method == "PATCH" and it.is_success and it.differing(once) <= {"schemas"},
    ),
    Difference(
        "binary values after a PATCH",
        "They decode once more what they hold, and refuse it, or change it.",
        lambda it: (
            taken("Base64 decoding error", 200, 204)(it)
            or (it.is_success and it.differing(without_bytes) <= {"blob", "keys"})
        ),
    ),
    Difference(
        "sorting by a binary attribute",
        "RFC 7644 section 3.4.2.3 has no exception: by bytes. They refuse it.",
        taken("cannot be sorted on", 200),
    ),
    Difference(
        "an attribute of the core, and one of an extension, of one name",
        "A name without a URN is the core's (RFC 7644 section 3.10). With them it is both.",
        lambda it: "ttributes" in it.asked and "label" in it.asked and it.ours.status == it.theirs.status == 200,
    ),
    Difference(
        "a value of another type",
        "A number is no dateTime, a boolean no number (RFC 7643 section 2.3). They make one of the other.",
        refused(r"is an? [\w ]+, not an? |is not base64", 200, 201, 204),
    ),
    Difference(
        "a filter that compares with another type",
        "It cannot be meant (RFC 7644 section 3.4.2.2), and is never widened: invalidFilter. With them it finds "
        "nothing, or all.",
        refused(r"is of type \w+: compare it|is complex: compare|null is compared with", 200),
    ),
    Difference(
        "the version of all of a user, for a part of it",
        "The version of a user that is in groups is another where groups are shown (RFC 9110 section 8.8.3 has a "
        "tag for each "
        "representation): the part is sent. With them there is one.",
        lambda it: (it.ours.status, it.theirs.status) in [(200, 304), (412, 200)] and "ttributes" in it.asked,
    ),
    Difference(
        "an attribute that is returned on request, in a list",
        "It is asked for by name (RFC 7643 section 7). They leave it out.",
        lambda it: (
            it.is_list and "onDemand" in it.asked and it.our_body["totalResults"] == it.their_body["totalResults"]
        ),
    ),
    Difference(
        "an attribute that is returned on request, where it is written",
        "Whoever sets it is shown it (RFC 7643 section 7). They leave it out.",
        lambda it: (
            it.request.method in ("POST", "PUT", "PATCH")
            and it.is_success
            and "onDemand" in it.our_body
            and it.differing() <= {"onDemand"}
        ),
        lasts=False,
    ),
    Difference(
        "an object of empty texts",
        "It says nothing, and is no value (RFC 7643 section 2.5). They keep it.",
        lambda it: it.ours.status == it.theirs.status and it.is_success and not it.differing(without_empty),
    ),
    Difference(
        "schemas in a PATCH",
        "They are the resource's own and its extensions' (RFC 7643 section 3). They ignore others.",
        refused("is no schema of", 200, 204),
    ),
    Difference(
        "ids in an order",
        "Each server has ids of its own.",
        lambda it: it.is_list and re.search(r"(id|value) (gt|ge|lt|le|co|sw|ew) ", it.asked, re.IGNORECASE) is not None,
    ),
    Difference(
        "an added value that differs in letter case alone",
        "It is another value as long as an answer can tell them apart; filters find both. They do not add it.",
        lambda it: it.request.method == "PATCH" and it.is_success and it.differing(folded) <= {"schemas"},
    ),
    Difference(
        "a filter without spaces",
        "The grammar has them around and, or and operators (RFC 7644 figure 1). They do without some.",
        refused("a space is missing|this is no JSON number", 200),
    ),
    Difference(
        "a member who is nobody",
        "A group has members that there are (RFC 7643 section 2.3.7 lets a server see to that). They keep any text.",
        refused("no resource has the id", 200, 201, 204),
    ),
    Difference(
        "a required value that is empty, or missing in an object",
        "userName is not empty (RFC 7643 section 4.1.1), and no required text is; an object has its required "
        "sub-attributes. They do without.",
        refused("is required( and must not be empty)?$", 200, 201, 204),
    ),
    Difference(
        "half of a surrogate pair in a filter",
        "It is no JSON string that could be UTF-8 (RFC 8259 section 8.2). They compare with it.",
        refused("the string is not JSON", 200),
    ),
    Difference(
        "a reference that is no URI",
        "It is kept as it came: what identity providers send there are paths, ids and names as well. They parse "
        "it, and put "
        "their base before it.",
        lambda it: (
            taken(r"Invalid URI|not valid for attribute '.*(manual|links|site|Url|photos|\$ref)", 200, 201, 204)(it)
            or ("$ref" in it.text() and it.is_success)
        ),
    ),
    Difference(
        "names in an operation of a PATCH that mean nothing",
        "RFC 7644 section 3.5.2 does not forbid them, and clients send them: ignored. They refuse them.",
        taken("Extra inputs are not permitted: Operations", 200, 204),
    ),
    Difference(
        "not in a value path",
        "It is about a value, and where there is none, none matches (RFC 7644 section 3.5.2). With them it holds there.",
        lambda it: it.is_list and re.search(r"\[.*\bnot\b", it.asked, re.IGNORECASE) is not None and it.lacks_values(),
    ),
    Difference(
        "a name without its hyphen",
        "It is another name. They take both for one.",
        refused(r'has no (sub-)?attribute "[\w:.]+"; did you mean \w+-\w+', 200, 201, 204),
    ),
    Difference(
        "schemas inside a complex value",
        "No complex attribute has it as a sub-attribute. They ignore it.",
        refused('has no sub-attribute "schemas"', 200, 201, 204),
    ),
    Difference(
        "several of these in what a PATCH returns",
        "Each of its operations may make one of them.",
        lambda it: it.request.method == "PATCH" and it.is_success and all(map(it.is_known, it.differing())),
    ),
]


def listed() -> str:
    """The list as docs/CONFORMANCE.md has it."""
    entries = (f"- **{it.name}**: {it.reason}" for it in DIFFERENCES)
    return "".join(f"{textwrap.fill(entry, 120, subsequent_indent='  ')}\n" for entry in entries)


if __name__ == "__main__":
    print(listed(), end="")
