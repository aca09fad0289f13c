#!/usr/bin/env python3
"""Sees that the bench of a binding runs, and tells what `facade` reads. Needs Python's standard library alone.

usage: benches/facade_check.py [--form FORM]... COMMAND...

Gives the command a file of a few users, as `facade` does. It must print a line of JSON with get_ns and search_ns, and one
more for each form that is named here, in this order.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def main():
    arguments = argparse.ArgumentParser(usage="facade_check.py [--form FORM]... COMMAND...")
    arguments.add_argument("--form", action="append", default=[])
    arguments.add_argument("command", nargs=argparse.REMAINDER)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        users = pathlib.Path(folder, "users.ndjson")
        rows = ({"schemas": [USER], "id": f"u{n}", "userName": f"user{n}"} for n in range(200))
        users.write_text("".join(json.dumps(row) + "\n" for row in rows))
        told = subprocess.run([*asked.command, str(users)], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(told, end="")
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    forms = [line.get("form") for line in lines]
    if forms != [None, *asked.form]:
        sys.exit(f"the forms are {forms}, and not {[None, *asked.form]}")
    for line in lines:
        if not (line["language"] and line["get_ns"] > 0 and line["search_ns"] > 0):
            sys.exit(f"these are no figures: {line}")


main()
