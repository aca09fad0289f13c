"""What makes a valid request nearly valid, and garbage: small wounds of JSON, of filters, of targets, of headers."""

import json
from random import Random
from typing import Any
from urllib.parse import quote

WRONG_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e300,
    1 << 70,
    "",
    "x",
    "true",
    " ",
    "\x00",
    "é" * 3,
    [],
    {},
    [[]],
    [None],
    {"value": "x"},
    {"value": {"value": 1}},
    [1, "a", {}],
    ["x"] * 50,
    "bulkId:b1",
    "2020-13-45T99:00:00Z",
    "=",
    "x" * 5000,
]
WRONG_NAMES = [
    "unknown",
    "",
    "$ref",
    "id",
    "ID",
    "meta",
    "schemas",
    "groups",
    "members",
    "password",
    "urn:x:y",
    "a.b",
    "a[b]",
    "\x00",
    "é",
    "userName ",
    "Operations",
    "urn:ietf:params:scim:schemas:core:2.0:User",
]
TOKENS = [
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    "eq",
    "co",
    "pr",
    "gt",
    '"',
    "\\",
    '"a"',
    "1",
    "-",
    ".",
    ":",
    "null",
    "true",
    "userName",
    "emails",
    "urn:",
    ",",
    "𝄞",
    "\x00",
    "\t",
    "members.value",
    "meta",
    "é",
    "1e999",
    "'a'",
]


def wound(random: Random, document: Any) -> Any:
    """A copy of a document with one thing wrong somewhere; sometimes nothing is."""
    document = json.loads(json.dumps(document))
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
        for key, value in items:
            places.append((node, key))
            visit(value)

    visit(document)
    if not places:
        return random.choice(WRONG_VALUES)
    node, key = random.choice(places)
    match random.randrange(7):
        case 0 | 1:
            node[key] = random.choice(WRONG_VALUES)
        case 2:
            del node[key]
        case 3 if isinstance(node, dict):
            node[random.choice(WRONG_NAMES)] = node.pop(key)
        case 4 if isinstance(node, dict):
            node[str(key).upper()] = node[key]
        case 5:
            node[key] = [node[key]]
        case _:
            node[key] = node[key][0] if isinstance(node[key], list) and node[key] else {"value": node[key]}
    return document


def wound_bytes(random: Random, text: bytes) -> bytes:
    """Bytes with something wrong in them."""
    at = random.randrange(len(text) + 1)
    match random.randrange(6):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + random.randbytes(1 + random.randrange(3)) + text[at:]
        case 2:
            return text[:at] + text[at + 1 :]
        case 3:
            return (
                text[:at]
                + random.choice([b'"', b"{", b"}", b"[", b",", b":", b"\\u0000", b"\xff", b"\xc3"])
                + text[at:]
            )
        case 4:
            # A name that stands twice.
            return text.replace(b"{", b'{"schemas":["x"],', 1)
        case _:
            return text + random.choice([b" ", b"x", b"\x00", b"{}", b"\n\n"])


def garbage(random: Random) -> bytes:
    """What nobody would call a body."""
    depth = random.randrange(1, 3000)
    return random.choice(
        [
            b"",
            b" ",
            b"null",
            b"true",
            b"0",
            b'""',
            b"[]",
            b"{}",
            b"[{}]",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\x00}\x00",
            b'{"schemas":[]}',
            b'{"schemas":null}',
            b"[" * depth,
            b'{"a":' * depth,
            b"[" * depth + b"]" * depth,
            b"1e999",
            b"-",
            b'"\\ud800"',
            b'{"userName":"\\ud800"}',
            b'{"":{"":{"":[]}}}',
            b"<xml/>",
            b"userName=a",
            b"{" + b",".join(b'"a%d":1' % number for number in range(depth)) + b"}",
            b'{"Operations":' + b"[" * 90 + b"]" * 90 + b"}",
            random.randbytes(random.randrange(200)),
        ]
    )


def wound_filter(random: Random, text: str) -> str:
    """A filter with something wrong in it; sometimes it is a valid one again."""
    words = text.split(" ")
    at = random.randrange(len(words))
    match random.randrange(6):
        case 0:
            words[at] = random.choice(TOKENS)
        case 1:
            words.insert(at, random.choice(TOKENS))
        case 2:
            del words[at]
        case 3:
            place = random.randrange(len(text) + 1)
            return text[:place] + random.choice(TOKENS) + text[place:]
        case 4:
            place = random.randrange(len(text) + 1)
            return text[:place] + text[place + 1 :]
        case _:
            return " ".join(random.choice(TOKENS) for _ in range(1 + random.randrange(12)))
    return " ".join(words)


def deep_filter(random: Random) -> str:
    """A filter that asks for more than there may be of something."""
    number = random.choice([10, 70, 600])
    return random.choice(
        [
            "(" * number + "id pr" + ")" * number,
            "not " * number + "(id pr)",
            " or ".join(["id pr"] * number),
            'id eq "' + "x" * number * 4 + '"',
            "not (" * number + "id pr" + ")" * number,
        ]
    )


def wound_query(random: Random, query: str) -> str:
    """A query that no client would write."""
    return random.choice(
        [
            query + "&" + query,
            query + "&&=&x",
            query + "&filter",
            query + "&filter=",
            query + "&count=1.5",
            query + "&count=" + "9" * 40,
            query + "&startIndex=-9e9",
            query + "&count=",
            query + "&sortBy=%00",
            query + "&sortOrder=sideways",
            query + "&cursor=",
            query + "&cursor=AAAA",
            query + "&cursor=%f0%9f%92%a3",
            query + "&attributes=,,",
            query + "&attributes=" + "a," * 500,
            query + "&excludedAttributes=*",
            query + "&attributes=userName&excludedAttributes=userName",
            query + "&filter=%ff",
            query + "&%ff=1",
            query + "&unknown=1",
            query.replace("=", "%3D"),
            query[: len(query) // 2],
            "?" + query,
            query + "&filter=%",
        ]
    )


def wound_target(random: Random, target: str) -> str:
    """A path that no client would write; HTTP allows every one of them."""
    return random.choice(
        [
            target + "/",
            target + "//",
            "/" + target,
            target + "/x",
            target + "/..",
            "/." + target,
            target.upper(),
            target.lower(),
            target + "%00",
            target + "%ff",
            target + "%2F..%2F..",
            target.replace("/", "%2F"),
            target + ";a=b",
            target + "/.search",
            target + "/$count",
            "/%E2%98%83",
            "/" + "a" * 2000,
            "/.search/.search",
            "/Bulk/x",
            "/Me/x",
            "/Users/" + quote("\"'<>\\^`{|}\u0000\u202e"),
            "",
            "/",
            "/*",
            "/Schemas/x",
            "/ResourceTypes/x",
            "/Me",
            "/v2/Users",
        ]
    )


MEDIA = [
    "application/scim+json",
    "application/json",
    "application/json; charset=utf-8",
    "application/scim+json;charset=latin1",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "",
    ";",
    "application/",
    "*/*",
    "APPLICATION/JSON",
    'application/scim+json; a="b;c"',
    "multipart/form-data; boundary=x",
    "application/json, application/json",
    "\xe9",
]
CONDITIONS = ["*", 'W/"1"', '"1"', "1", "W/", '"', 'W/"x", W/"2"', ",", ", ,", 'W/"' + "9" * 60 + '"', 'w/"1"', "\xff"]
ACCEPTS = [
    "*/*",
    "application/json",
    "application/scim+json",
    "text/html",
    "application/json;q=0",
    ";;q=",
    "",
    "a/b;q=nan",
    "application/json;q=1e99, application/scim+json;q=-1",
    "\xe9",
]


def odd_headers(random: Random) -> list[tuple[str, str]]:
    """Headers that ask for something, or for nothing that there is."""
    return random.choice(
        [
            [("if-match", random.choice(CONDITIONS))],
            [("if-none-match", random.choice(CONDITIONS))],
            [("if-match", random.choice(CONDITIONS)), ("if-none-match", random.choice(CONDITIONS))],
            [("accept", random.choice(ACCEPTS))],
            [("accept-encoding", "gzip;q=0, br")],
            [("content-encoding", "gzip")],
            [("content-encoding", "identity")],
            [("x-request-id", random.choice(["a", "é".encode().decode("latin-1"), "x" * 500]))],
            [("x-http-method-override", "DELETE")],
            [("prefer", "return=minimal")],
            [("range", "bytes=0-1")],
            [("if-modified-since", "Sat, 29 Oct 1994 19:43:31 GMT")],
            [("cookie", "a=b")],
            [("x-forwarded-host", "evil.example")],
        ]
    )
