"""Two servers that get the same requests, and their answers brought to one form, so that they can be compared."""

import contextlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from judge import ERROR, LIST, TIME
from wire import Answer, Request

TIMES = ("created", "lastModified")


class Sends(Protocol):
    def send(self, request: Request) -> Answer: ...


@dataclass
class Twin:
    """One of the two, and what it calls the resources that both have."""

    server: Sends
    base: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def send(self, request: Request) -> Answer:
        """Sends a request, with the twin's own ids and versions in the place of `<1>` and `<1:v>`."""
        headers = [(name, self.own(value)) for name, value in request.headers]
        target = self.own(request.target.replace("%3C", "<").replace("%3E", ">").replace("%3A", ":"))
        body = self.own(request.body.decode("utf-8", "surrogateescape").replace("\\u003c", "<"))
        return self.server.send(
            Request(
                request.method,
                quoted(target),
                headers + self.headers,
                body.encode("utf-8", "surrogateescape"),
            )
        )

    def own(self, text: str) -> str:
        def of(found: re.Match[str]) -> str:
            known = self.versions if found[2] else self.ids
            return known.get(f"<{found[1]}>", found[0])

        return re.sub(r"<(\d+)(:v)?>", of, text)

    def common(self, answer: Answer) -> Any:
        """The body, with `<1>` in the place of the twin's own ids, and without what is the server's own to choose."""
        if not answer.body:
            return None
        text = answer.body.decode().replace(self.base, "")
        for name, id in self.ids.items():
            text = text.replace(id, name)
        return plain(json.loads(text))


def quoted(target: str) -> str:
    """What a URL may not have is encoded, and nothing else."""
    return re.sub(
        r"[^\x21-\x7e]|[<>\"{}|\\^`]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), target
    )


def plain(document: Any) -> Any:
    """A document in the form that is compared."""
    if isinstance(document, dict) and ERROR in document.get("schemas", []):
        # What a detail says is everyone's own.
        return {name: document.get(name) for name in ("status", "scimType")}
    if isinstance(document, dict) and LIST in document.get("schemas", []):
        found = [plain_resource(it) for it in document.get("Resources", [])]
        return {"totalResults": document.get("totalResults"), "Resources": found}
    return plain_resource(document)


def plain_resource(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    made = {name: value for name, value in document.items() if name not in ("meta", "schemas")}
    meta = document.get("meta")
    if meta is not None:
        made["meta"] = {name: "?" if name in TIMES or name == "version" else value for name, value in meta.items()}
    if "schemas" in document:
        made["schemas"] = sorted(document["schemas"])
    return instants(made)


def instants(value: Any) -> Any:
    """A value with times as instants: how they are written is everyone's own."""
    if isinstance(value, dict):
        return {name: instants(it) for name, it in value.items()}
    if isinstance(value, list):
        return [instants(it) for it in value]
    if isinstance(value, str) and TIME.match(value):
        # A text may look like a time and be none.
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            # One without an offset is in UTC.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return value
