#!/usr/bin/env python3
"""A scripted identity provider: provisions a product as Entra ID and Okta do, and checks that the product keeps up.

    python3 examples/provision.py --scim URL --token TOKEN --people URL_OR_FILE
    python3 examples/provision.py [--people-file] --run PROGRAM [ARGUMENT ...]

The first form talks to a product that runs. The second starts it (`PROGRAM ARGUMENT ... --port 0 --data DIR`, the
token in SCIM_TOKEN), provisions it, stops it by SIGTERM, starts it again on the same directory and checks that nothing
was lost. Then it kills it by SIGKILL in the midst of requests, more than once: what was acknowledged must be there
afterwards, and the product's table must come to equal what SCIM says. At last it puts back an older copy of the store.
With --people-file the product is told by `--people FILE` where to write its table; else it answers `GET /people`.

A product has a table of people of its own, beside its SCIM endpoint: a JSON array of objects with id, userName,
displayName and active, sorted by userName; displayName is null and active true where a user has none. It must be in
step after every phase. The product refuses a userName outside @example.com (400 invalidValue), and gives a user without
a userType the type "Employee".

Prints a line for each step. Ends with 1, and says what differs, at the first step that is not as it should be.
Nothing but Python's own library is used.
"""

from __future__ import annotations

import argparse
import os
import sys

from provisioning.people import People
from provisioning.rounds import provision, provision_process
from provisioning.scim import Failure, Scim


def main() -> int:
    """Reads the arguments, and does it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scim", help="the base of the SCIM endpoint")
    parser.add_argument("--token", default=os.environ.get("SCIM_TOKEN"), help="its bearer token (or SCIM_TOKEN)")
    parser.add_argument("--people", help="the product's table: a URL, or a file")
    parser.add_argument("--people-file", action="store_true", help="with --run: the product writes its table to a file")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help="the command that starts the product; comes last")
    arguments = parser.parse_args()
    try:
        if arguments.run:
            provision_process(arguments.run, arguments.people_file)
        elif arguments.scim and arguments.token and arguments.people:
            provision(Scim(arguments.scim, arguments.token), People(arguments.people, arguments.token))
        else:
            parser.error("either --run, or --scim, --token and --people")
    except Failure as failure:
        print(f"  FAILED  {failure}", file=sys.stderr, flush=True)
        return 1
    print("provisioned", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
