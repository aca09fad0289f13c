"""What every answer must be, whatever was asked: the error document, lists, resources that keep to their schemas."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from described import COMMON, Attribute, ResourceType
from wire import Answer, Request

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MEDIA = ("application/scim+json", "application/json")

# RFC 7644 table 9 and section 7.5.2, RFC 9865 section 2.3.
SCIM_TYPES = {
    400: {
        "invalidFilter",
        "tooMany",
        "mutability",
        "invalidSyntax",
        "invalidPath",
        "noTarget",
        "invalidValue",
        "invalidVers",
        "invalidCursor",
        "expiredCursor",
        "invalidCount",
    },
    403: {"sensitive"},
    409: {"uniqueness"},
}
# What an answer may have without a scimType; the RFC has none for them.
STATUSES = {200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 429}

# What passwords are made of here: no answer may ever tell one.
CANARY = "canary-in-the-password"

# What other texts are made of now and then: no error may tell an attribute's value, since errors are logged.
VALUE_CANARY = "canary-in-a-value"

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$")


class Wrong(Exception):
    """An answer that no request should get."""


def need(holds: Any, what: str) -> None:
    if not holds:
        raise Wrong(what)


def judge(request: Request, answer: Answer, types: list[ResourceType]) -> None:
    """Raises Wrong for what a server must not answer."""
    need(answer.status in STATUSES or (answer.status == 501 and endpoint(request) == "me"), "this status is no answer")
    need("x-request-id" in answer.headers, "no request id")
    need(CANARY.encode() not in answer.body, "a password is told")
    # What "schemas" holds are names of schemas, and an error may tell a name.
    told = re.sub(rb'\\"[^\\"]*\\" is no schema of', b"", answer.body)
    need(answer.status < 400 or VALUE_CANARY.encode() not in told, "an error tells a value")
    if answer.status == 401:
        need(answer.headers.get("www-authenticate", "").startswith("Bearer"), "401 without WWW-Authenticate")
    if answer.status == 405 or request.method == "OPTIONS" and answer.status < 300:
        need(answer.headers.get("allow"), "no Allow header")
    if request.method == "HEAD" or answer.status in (204, 304):
        need(answer.body == b"", "a body where none may be")
        return
    media = answer.headers.get("content-type", "").partition(";")[0]
    need(media in MEDIA, f"the media type is {media!r}")
    try:
        document = answer.json()
    except ValueError as error:
        raise Wrong(f"the body is not JSON: {error}") from error
    need(isinstance(document, dict), "the body is no object")
    if answer.status >= 400:
        error_document(document, answer.status)
        need(media == MEDIA[0], "an error that is not of SCIM's media type")
    elif LIST in document.get("schemas", []):
        listing(request, document, types)
    elif BULK in document.get("schemas", []):
        bulk(document)
    elif of := type_of(document, types):
        resource(document, of, narrowed(request), written(request))
        meta = document.get("meta", {})
        if "version" in meta:
            need(answer.headers.get("etag") == meta["version"], "the ETag is not the version")
        need(
            answer.headers.get("location", "").endswith(f"{of.endpoint}/{document['id']}"), "the Location is of another"
        )
        need(answer.headers.get("content-location") == answer.headers.get("location"), "Content-Location differs")
    else:
        need(
            endpoint(request) in ("serviceproviderconfig", "serviceproviderconfigs", "schemas", "resourcetypes", "me"),
            "this is no document of SCIM",
        )


def path(request: Request) -> str:
    return request.target.partition("?")[0].rstrip("/")


def endpoint(request: Request) -> str:
    """The first segment of the path, whose letter case does not matter."""
    return unquote(path(request).lstrip("/").partition("/")[0]).lower()


def narrowed(request: Request) -> bool:
    """Whether the request says which attributes it wants: then those that come by default may be missing."""
    return b"ttributes" in request.body or "ttributes" in request.target


def written(request: Request) -> str:
    """What a write says: what is returned on request is shown to a client that names it there (RFC 7643 section 7)."""
    return request.body.decode(errors="replace").lower() if request.method in ("POST", "PUT", "PATCH") else ""


def error_document(document: dict[str, Any], status: int) -> None:
    """RFC 7644 section 3.12."""
    need(document.get("schemas") == [ERROR], "the error is no SCIM error document")
    need(document.get("status") == str(status), "the error's status is another")
    need(isinstance(document.get("detail"), str) and document["detail"], "the error has no detail")
    need(set(document) <= {"schemas", "status", "detail", "scimType"}, "the error has other attributes")
    if "scimType" in document:
        need(document["scimType"] in SCIM_TYPES.get(status, set()), "this scimType does not belong to the status")


def listing(request: Request, document: dict[str, Any], types: list[ResourceType]) -> None:
    """RFC 7644 section 3.4.2, RFC 9865 section 2."""
    found = document.get("Resources", [])
    total = document.get("totalResults")
    need(isinstance(total, int) and total >= len(found), "totalResults is less than what is there")
    need(document.get("itemsPerPage", len(found)) == len(found), "itemsPerPage is another number")
    if endpoint(request) in ("schemas", "resourcetypes"):
        return
    count, start = number(request, "count"), number(request, "startIndex")
    need(count is None or len(found) <= max(count, 0), "the page is larger than count")
    need("startIndex" not in document or document["startIndex"] == max(start or 1, 1), "startIndex is another")
    ids = [it.get("id") for it in found]
    need(len(set(ids)) == len(ids), "a resource is there twice")
    for item in found:
        of = type_of(item, types)
        need(of, f"a resource of no type: {item.get('schemas')}")
        resource(item, of, narrowed(request))


def number(request: Request, name: str) -> int | None:
    """A number that a search asks for, in its query or its body."""
    if request.method == "POST":
        value = json.loads(request.body).get(name)
    else:
        value = parse_qs(request.target.partition("?")[2]).get(name, [None])[0]
    return None if value is None else int(value)


def bulk(document: dict[str, Any]) -> None:
    """RFC 7644 section 3.7.3."""
    for operation in document["Operations"]:
        status = operation.get("status")
        need(isinstance(status, str) and int(status) < 500, f"the operation's status is {status!r}")
        method = operation.get("method")
        # One that failed since it has no method that there is repeats it only where it is a word.
        is_word = method is None or isinstance(method, str) and method.isalpha()
        is_method = method in ("POST", "PUT", "PATCH", "DELETE") or int(status) == 400 and is_word
        need(is_method, "an operation without its method")
        if int(status) >= 400:
            error_document(operation.get("response"), int(status))
            need(VALUE_CANARY not in operation["response"]["detail"], "an error tells a value")
        if method == "POST" and int(status) < 300:
            need("bulkId" in operation, "a created resource without its bulkId")
        if int(status) < 300:
            need(operation.get("location"), "an operation that succeeded without location")


def type_of(document: dict[str, Any], types: list[ResourceType]) -> ResourceType | None:
    schemas = document.get("schemas", [])
    return next((of for of in types if of.schema in schemas), None)


def resource(document: dict[str, Any], of: ResourceType, is_narrowed: bool, sent: str = "") -> None:
    """RFC 7643 sections 2 and 3: nothing that no schema describes, everything of the type that it says."""
    need(isinstance(document.get("id"), str), "a resource without its id")
    known = {attribute.name: attribute for attribute in [*COMMON, *of.attributes]}
    for name, value in document.items():
        if name == "schemas":
            need(all(urn == of.schema or urn in of.extensions for urn in value), f"schemas has others: {value}")
        elif name in of.extensions:
            need(name in document["schemas"], f"{name} is not in schemas")
            own = {attribute.name: attribute for attribute in of.extensions[name]}
            need(isinstance(value, dict) and value, f"{name} is empty")
            for key, inner in value.items():
                need(key in own, f"{name} has no {key}")
                attribute_value(inner, own[key], is_narrowed, sent)
        else:
            need(name in known, f"no schema has {name}")
            attribute_value(value, known[name], is_narrowed, sent)
    meta = document.get("meta")
    if meta and "resourceType" in meta:
        need(meta["resourceType"] == of.name, "meta.resourceType is another")
    for name in ("created", "lastModified"):
        # A client may leave the offset out of a time of its own; what the server tells has one.
        need(not meta or name not in meta or meta[name].endswith("Z"), f"meta.{name} is not in UTC")
    if meta and "location" in meta:
        need(meta["location"].endswith(f"{of.endpoint}/{document['id']}"), "meta.location is of another")


def attribute_value(value: Any, attribute: Attribute, is_narrowed: bool, sent: str) -> None:
    name = attribute.name
    need(not attribute.is_secret, f"{name} is never returned")
    is_asked = is_narrowed or f'{name}"'.lower() in sent or f"{name}[".lower() in sent
    need(is_asked or attribute.returned != "request", f"{name} is returned by request only")
    if attribute.multi:
        need(isinstance(value, list) and value, f"{name} is no list, or an empty one")
        for element in value:
            single(element, attribute, is_narrowed, sent)
        if attribute.sub("primary"):
            need(sum(element.get("primary") is True for element in value) <= 1, f"{name} has two primary values")
    else:
        single(value, attribute, is_narrowed, sent)


def single(value: Any, attribute: Attribute, is_narrowed: bool, sent: str) -> None:
    name, of = attribute.name, attribute.type
    if of == "complex":
        need(isinstance(value, dict) and value, f"{name} is no object, or an empty one")
        for key, inner in value.items():
            sub = attribute.sub(key)
            need(sub, f"{name} has no {key}")
            attribute_value(inner, sub, is_narrowed, sent)
    elif of == "boolean":
        need(isinstance(value, bool), f"{name} is no boolean")
    elif of == "integer":
        need(isinstance(value, int) and not isinstance(value, bool), f"{name} is no integer")
    elif of == "decimal":
        need(isinstance(value, int | float) and not isinstance(value, bool), f"{name} is no decimal")
    else:
        need(isinstance(value, str), f"{name} is no string")
        need(of != "dateTime" or TIME.match(value), f"{name} is no dateTime")
