"""Checks every dependency in Cargo.lock against deny.toml: licences, banned crates, sources.

Reads the output of `cargo metadata --locked --format-version 1` from standard input; the first argument is the
policy. Needs the package `license-expression`, which knows SPDX expressions.
"""

import json
import sys
import tomllib
from collections import defaultdict

from license_expression import ExpressionError, get_spdx_licensing

SPDX = get_spdx_licensing()


def is_allowed(expression, allowed):
    """Whether the licences of `allowed` are enough to use what is under the expression."""
    parts = getattr(expression, "args", ())
    operator = getattr(expression, "operator", "").strip()
    if operator == "OR":
        return any(is_allowed(part, allowed) for part in parts)
    if operator == "AND":
        return all(is_allowed(part, allowed) for part in parts)
    return expression.render() in allowed


def licence_problem(package, allowed):
    """What is wrong with a package's licence, or None."""
    # Some crates still use the slash that SPDX expressions have replaced.
    text = (package["license"] or "").replace("/", " OR ")
    if not text:
        return "has no licence expression"
    try:
        expression = SPDX.parse(text, validate=True)
    except ExpressionError as error:
        return f'has a licence that SPDX does not know: "{text}" ({error})'
    if not is_allowed(expression, allowed):
        return f'is under "{text}", which {sys.argv[1]} does not allow'
    return None


def check(metadata, policy):
    """Every problem, one line each."""
    allowed = set(policy["licenses"]["allow"])
    exceptions = {entry["crate"]: set(entry["allow"]) for entry in policy["licenses"].get("exceptions", [])}
    versions = defaultdict(set)
    for package in metadata["packages"]:
        name, version = package["name"], package["version"]
        versions[name].add(version)
        problem = licence_problem(package, allowed | exceptions.get(name, set()))
        if problem:
            yield f"{name} {version} {problem}"
        source = package["source"]
        if source is not None and not source.startswith("registry+"):
            yield f"{name} {version} comes from {source.split('+')[0]}, not from the registry"
    for ban in policy["bans"]["deny"]:
        found = versions.get(ban["crate"], set())
        if not ban.get("deny-multiple-versions"):
            if found:
                yield f"{ban['crate']} is banned: {ban['reason']}"
        elif len(found) > 1:
            yield f"{ban['crate']} is there {len(found)} times: {', '.join(sorted(found))}"


def main():
    with open(sys.argv[1], "rb") as file:
        policy = tomllib.load(file)
    metadata = json.load(sys.stdin)
    problems = list(check(metadata, policy))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(metadata['packages'])} packages looked at, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
