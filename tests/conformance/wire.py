"""HTTP/1.1 as bytes: a client that sends what it is told to, and waits for the answer, but not for ever."""

import json
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60.0


@dataclass
class Request:
    """A request; the target begins behind the endpoint's base."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def __str__(self) -> str:
        headers = "".join(f"{name}: {value}\n" for name, value in self.headers)
        return f"{self.method} {self.target}\n{headers}\n{self.body[:4000].decode(errors='backslashreplace')}"


@dataclass
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.headers}\n{self.body[:4000].decode(errors='backslashreplace')}"


class Wire:
    """A connection that is kept while the server keeps it."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self.host, self.port, self.base = parts.hostname, parts.port, parts.path
        self.socket: socket.socket | None = None
        self.rest = b""

    def send(self, request: Request) -> Answer:
        """Sends a request, and reads the answer. A connection that the server closed between two requests is no
        failure; one that it closes instead of answering is."""
        reused = self.socket is not None
        try:
            return self._exchange(request)
        except (BrokenPipeError, ConnectionResetError, EOFError):
            self.close()
            if not reused:
                raise
            return self._exchange(request)

    def _exchange(self, request: Request) -> Answer:
        if self.socket is None:
            self.socket = socket.create_connection((self.host, self.port), PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.rest = b""
        head = [f"{request.method} {self.base}{request.target} HTTP/1.1", f"host: {self.host}:{self.port}"]
        head += [f"{name}: {value}" for name, value in request.headers]
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            head.append(f"content-length: {len(request.body)}")
        try:
            self.socket.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + request.body)
        except (BrokenPipeError, ConnectionResetError):
            # The server may answer before it has read all of a large body, and close.
            if len(request.body) < 1 << 16:
                raise
        answer, closing = self._read(request.method)
        if closing:
            self.close()
        return answer

    def _read(self, method: str) -> tuple[Answer, bool]:
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        version, status, *_ = first.split(" ")
        assert version == "HTTP/1.1", head
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(status)
        if status < 200:
            return self._read(method)
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._until(b"\r\n"), 16):
                body += self._bytes(size)
                self._until(b"\r\n")
            self._until(b"\r\n")
        else:
            body = self._bytes(int(headers.get("content-length", "0")))
        return Answer(status, headers, body), headers.get("connection", "").lower() == "close"

    def _until(self, end: bytes) -> bytes:
        while (at := self.rest.find(end)) < 0:
            self._more()
        found, self.rest = self.rest[:at], self.rest[at + len(end) :]
        return found

    def _bytes(self, size: int) -> bytes:
        while len(self.rest) < size:
            self._more()
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def _more(self) -> None:
        more = self.socket.recv(1 << 16)
        if not more:
            raise EOFError("the server closed the connection instead of answering")
        self.rest += more

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None
