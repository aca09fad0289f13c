#!/usr/bin/env python3
"""The checks of scim2-tester against a Flask application that embeds the store: all must pass, and none may vanish.

The command line `scim` of scim2-cli is named by SCIM_CLI; its packages are those of tests/conformance/requirements.txt.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
from collections import Counter

import scimdb
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

# As in tests/conformance/run_tester.py: what scim2-tester 0.5.2 makes of the resource types that a new store has.
CHECKS = 135
PATIENCE = 300
RESULT = re.compile(r"^([A-Z_]+) \S")


def main() -> int:
    """Serves, checks, and tells."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with scimdb.open(":memory:") as store:
        tenant = store.tenant()
        secret = tenant.create_token("tester")["secret"]
        app = DispatcherMiddleware(Flask("tested"), {"/scim/v2": tenant.wsgi_app()})
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = subprocess.run(
                [
                    os.environ["SCIM_CLI"],
                    "--url",
                    f"http://127.0.0.1:{server.server_port}/scim/v2",
                    "test",
                    "--verbose",
                ],
                # Secrets on a command line are for everyone to see.
                env={**os.environ, "SCIM_CLI_HEADERS": f"Authorization: Bearer {secret}", "NO_COLOR": "1"},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        finally:
            server.shutdown()
            thread.join()
    statuses = Counter(found[1] for line in done.stdout.splitlines() if (found := RESULT.match(line)))
    passed = statuses.pop("SUCCESS", 0)
    print(f"scim2-tester, Flask: {passed} of {passed + sum(statuses.values())} checks SUCCESS")
    if done.returncode == 0 and not statuses and passed == CHECKS:
        return 0
    print(f"exit {done.returncode}, {dict(statuses)}; {CHECKS} checks were expected\n{done.stdout}\n{done.stderr}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
