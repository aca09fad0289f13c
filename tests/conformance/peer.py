"""The server that we are compared with: PyPI's scim2-server, with our schemas, called as its WSGI server would."""

import io
import json
import logging
from typing import Any
from urllib.parse import unquote

from scim2_models import ResourceType, Schema, ScimProvider
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_service_provider_config
from wire import Answer, Request

BASE = "http://peer.test/v2"


class Peer:
    """A server in this process; it takes the same requests as a connection does."""

    def __init__(self, schemas: list[dict[str, Any]], resource_types: list[dict[str, Any]]):
        provider = ScimProvider.from_discovery(
            [Schema.model_validate(it) for it in schemas],
            [ResourceType.model_validate(it) for it in resource_types],
            config=load_default_service_provider_config(),
        )
        self.application = WSGIApplication(InMemoryStorage(), provider)
        # What it makes of a bug is part of its answer.
        logging.getLogger("scim2_server").setLevel(logging.CRITICAL)

    def send(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": unquote(f"/v2{path}", "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "peer.test",
            "SERVER_PORT": "80",
            "HTTP_HOST": "peer.test",
            "SCRIPT_NAME": "",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "CONTENT_LENGTH": str(len(request.body)),
        }
        for name, value in request.headers:
            name = name.upper().replace("-", "_")
            environ[name if name == "CONTENT_TYPE" else f"HTTP_{name}"] = value
        told: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            told["status"] = int(status.split(" ")[0])
            told["headers"] = {name.lower(): value for name, value in headers}

        body = b"".join(self.application(environ, start))
        return Answer(told["status"], told["headers"], body)


def documents(answer: Answer) -> list[dict[str, Any]]:
    """The documents of a list, as another server reads them."""
    return json.loads(answer.body)["Resources"]
