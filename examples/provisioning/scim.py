"""A client of a SCIM endpoint (RFC 7644), which fails where an answer is not as it should be."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Optional

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

# How long an answer may take.
ANSWER_SECONDS = 60


class Failure(Exception):
    """The product did not do what it should."""


class Unanswered(Failure):
    """A request got no answer, or half of one: whether it was carried out is not known."""


def say(text: str) -> None:
    """One step that went well."""
    print(f"  ok  {text}", flush=True)


def expect(holds: Any, text: str) -> None:
    """Fails with the text unless it holds."""
    if not holds:
        raise Failure(text)


def shown(value: Any) -> str:
    """A value as it stands in a message."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


class Answer:
    """What came back: status, headers and the parsed body (None where there is none)."""

    def __init__(self, request: str, status: int, headers: Any, body: bytes) -> None:
        self.request, self.status, self.headers = request, status, headers
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            raise Failure(f"{request}: {status} with a body that is no JSON: {body[:300]!r}") from None

    def must(self, *statuses: int) -> Any:
        """The body, if the status is one of these."""
        wanted = " or ".join(map(str, statuses))
        expect(self.status in statuses, f"{self.request}: {self.status} and not {wanted}: {shown(self.json)}")
        return self.json

    def must_refuse(self, status: int, scim_type: Optional[str] = None) -> None:
        """Fails unless it is an error message (RFC 7644 3.12) of that status and scimType."""
        body = self.must(status)
        expect(isinstance(body, dict) and ERROR in body.get("schemas", []),
               f"{self.request}: {status} without the Error message of RFC 7644: {shown(body)}")
        expect(body.get("status") == str(status), f"{self.request}: the Error message says {shown(body.get('status'))}")
        if scim_type is not None:
            expect(body.get("scimType") == scim_type,
                   f"{self.request}: scimType {shown(body.get('scimType'))} and not {shown(scim_type)}: {shown(body)}")


class Scim:
    """A client of a SCIM endpoint."""

    def __init__(self, base: str, token: Optional[str]) -> None:
        self.base, self.token = base.rstrip("/"), token

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Sends a request and reads its answer, whatever the status."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Accept", "application/scim+json")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/scim+json")
        name = f"{method} {path}"
        try:
            try:
                answer: Any = urllib.request.urlopen(request, timeout=ANSWER_SECONDS)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                return Answer(name, answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"{name}: {error}") from error

    def get(self, path: str) -> Any:
        """The body of a GET that must be answered with 200."""
        return self.send("GET", path).must(200)

    def find(self, endpoint: str, attribute: str, value: str, more: str = "") -> list[dict[str, Any]]:
        """The resources whose attribute has that value, by a filter."""
        text = urllib.parse.quote(f'{attribute} eq "{value}"')
        body = self.get(f"{endpoint}?filter={text}{more}")
        found: list[dict[str, Any]] = body.get("Resources", [])
        total = body.get("totalResults")
        expect(total == len(found), f"{endpoint}: totalResults is {total}, and {len(found)} are told")
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        """Sends a PATCH (RFC 7644 3.5.2)."""
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def patch_either(self, path: str, own: dict[str, Any], plain: dict[str, Any]) -> str:
        """Sends the provider's own form of an operation, or the RFC's where that is refused. Tells which it was."""
        answer = self.patch(path, own)
        if answer.status == 400:
            self.patch(path, plain).must(200, 204)
            return "the form of the RFC"
        answer.must(200, 204)
        return "the provider's own form"
