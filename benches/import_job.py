#!/usr/bin/env python3
"""Measures an import that is queued: makes users on the fly, hands them to `scimdb serve` as one request, kills the server
in the middle if asked to, and counts what is there in the end. One line of JSON on standard output.

The profile `activid` is what the document of `.import` belongs to: ids that count, attributes that mirror others, names
that are joined, an authenticator for each user. `plain` has the endpoint alone, beside the strict core."""

import argparse
import base64
import http.client
import json
import os
import pathlib
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time

USERS_AT_A_TIME = 1_000
PLAIN = {"name": "plain", "endpoints": ["import"], "limits": {}}
POLICY = "AT_CUSTPW"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, program: str, store: list[str]):
        self.program, self.store, self.port, self.process = program, store, free_port(), None
        self.peak = 0

    def start(self) -> None:
        command = [self.program, *self.store, "serve", "--address", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server does not start")

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {"content-type": "application/scim+json"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text.startswith("{") else {}

    def look(self) -> None:
        """The most memory that it had so far, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            self.peak = max([self.peak] + [int(line.split()[1]) // 1024 for line in lines])

    def kill(self) -> None:
        self.look()
        self.process.kill()
        self.process.wait()


def body(count: int, group: str, is_plain: bool):
    name = '"userName":"bb0_%d",' if is_plain else ""
    policy = "" if is_plain else ',"authenticatorPolicy":{"value":"%s"}' % POLICY
    yield b'{"users":['
    for start in range(0, count, USERS_AT_A_TIME):
        users = (
            '{%s"externalId":"bb0_%d","name":{"familyName":"last%d","givenName":"first%d"},'
            '"emails":[{"value":"email%d@company.com"}]}' % (name and name % n, n, n, n, n)
            for n in range(start, min(start + USERS_AT_A_TIME, count))
        )
        yield ((b"," if start else b"") + ",".join(users).encode())
    yield ('],"group":{"value":"%s"}%s}' % (group, policy)).encode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("users", type=int)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--profile", choices=("activid", "plain"), default="activid")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="import-job-", dir=os.environ.get("SCIMDB_BENCH_DIR")))
    try:
        measure(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(arguments: argparse.Namespace, folder: pathlib.Path) -> None:
    is_plain = arguments.profile == "plain"
    store = ["--store", str(folder / "store")]
    profile = "activid"
    if is_plain:
        profile = str(folder / "plain.json")
        pathlib.Path(profile).write_text(json.dumps(PLAIN), encoding="utf-8")
    else:
        # One of its attribute types is encrypted at rest.
        keys = folder / "keys.json"
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        keys.write_text(json.dumps({"keys": [{"id": "k1", "key": key}]}), encoding="utf-8")
        keys.chmod(0o600)
        store += ["--value-keys", str(keys)]
    made = [arguments.program, *store, "tenant", "create", "bench", "--profile", profile]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(arguments.program, store)
    server.start()
    base = "/scim/bench/v2"
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "imported"}
    if not is_plain:
        group["id"] = "USG_FTEMP"
    status, made = server.ask("POST", f"{base}/Groups", json.dumps(group))
    assert status in (200, 201), made

    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=3_600)
    headers = {"content-type": "application/scim+json"}
    connection.request("POST", f"{base}/Users/.import", body(arguments.users, made["id"], is_plain), headers, encode_chunked=True)
    answer = connection.getresponse()
    job = json.loads(answer.read())
    assert answer.status == 202, job
    connection.close()
    taken_in = time.monotonic() - began

    # Killed when it has come so far.
    marks = sorted(random.randrange(arguments.users // 20, arguments.users) for _ in range(arguments.kills))
    kills, restarts = 0, 0.0
    path = f"{base}/Users/.import/{job['correlationId']}"
    while True:
        status, told = server.ask("GET", path)
        assert status == 200, told
        server.look()
        if told["status"] != "importing":
            break
        if kills < len(marks) and told["nbProcessed"] >= marks[kills]:
            server.kill()
            kills += 1
            stopped = time.monotonic()
            server.start()
            restarts += time.monotonic() - stopped
        time.sleep(0.02)
    seconds = time.monotonic() - began - taken_in - restarts
    found = server.ask("GET", f"{base}/Users?count=0")[1]["totalResults"]
    members = server.ask("GET", f"{base}/Users?count=0&filter=groups.value+eq+%22{made['id']}%22")[1]["totalResults"]
    server.look()
    server.process.terminate()
    server.process.wait()
    check = subprocess.run([arguments.program, *store, "check", "--quiet"], capture_output=True)
    size = sum(file.stat().st_size for file in (folder / "store").rglob("*") if file.is_file())
    result = {
        "profile": arguments.profile, "users": arguments.users, "kills": kills, "status": told["status"], "imported": told["nbImported"],
        "failed": told["nbFailed"], "alreadyExisted": told["nbAlreadyExisted"],
        "usersPerSecond": round(arguments.users / max(seconds, 0.001)), "importSeconds": round(seconds, 2),
        "takenInSeconds": round(taken_in, 2), "peakMiB": server.peak, "fileBytes": size, "found": found,
        "members": members, "sound": check.returncode == 0,
    }
    print(json.dumps(result))
    if (found, members, told["nbImported"], check.returncode) != (arguments.users, arguments.users, arguments.users, 0):
        sys.exit(1)


if __name__ == "__main__":
    main()
