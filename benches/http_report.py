#!/usr/bin/env python3
"""Turns what the bench `http` wrote into the tables of docs/BENCHMARKS.md. Needs Python's standard library alone.

usage: cargo bench --bench http -- --peer-command 'scim2-server --port {port}' --json http.json
       benches/http_report.py http.json                          # prints them
       benches/http_report.py http.json docs/BENCHMARKS.md       # puts them between the two marks in the file
"""
import json
import sys

MARKS = ("<!-- http: begin -->", "<!-- http: end -->")


def us(value):
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" if place < 2 else "---:" for place in range(len(head))) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def face(line, about):
    """What is called, and how many users it has if that are not as many as the others have."""
    fewer = f" ({line['users']:,} users)" if line["users"] != about["users"] else ""
    return f"{line['face']}{fewer}"


def text(report):
    about, lines, control = report["about"], report["lines"], report["control"]
    works = [line["work"] for line in lines]
    lines = sorted(lines, key=lambda line: works.index(line["work"]))
    memory = f"{int(about['memory'].split()[0]) / 2**20:,.0f} GiB" if about.get("memory") else "?"
    logged = "Every call is logged" if about["logs_calls"] else "Calls are not logged"
    logged += " and has a token." if about["token"] else "; they have no token."
    out = [
        f"{about['users']:,} users. {about['processor']}, {about['cores']} cores, {memory}, Linux "
        f"{about['system'].partition('-')[0]}; load average {about['load']} at the start. {logged} A control (4 KiB "
        f"appended, fdatasync) takes {us(control['p50_us'])} µs (p50), {us(control['p99_us'])} µs (p99).\n",
        "One call at a time:\n",
    ]
    rows = [[line["work"], face(line, about), us(line["p50_us"]), us(line["p99_us"])]
            for line in lines if line["calls"] == 1]
    out += table(["call", "face", "p50 µs", "p99 µs"], rows)
    out.append("Many at a time:\n")
    rows = [[line["work"], face(line, about), f"{line['calls']:,}", f"{line['per_second']:,.0f}", us(line["p50_us"]),
             us(line["p99_us"]), us(line["server_cpu_us"]), us(line["client_cpu_us"])]
            for line in lines if line["calls"] > 1]
    out += table(["call", "face", "at a time", "per second", "p50 µs", "p99 µs", "server's CPU µs", "client's CPU µs"], rows)
    out += [f"- {goal['goal']}: {goal['measured']}{'' if goal['reached'] else ', **not reached**'}." for goal in report["goals"]]
    return "\n".join(out).rstrip() + "\n"


def main():
    with open(sys.argv[1]) as file:
        tables = text(json.load(file))
    if len(sys.argv) < 3:
        print(tables, end="")
        return
    with open(sys.argv[2]) as file:
        before, rest = file.read().split(MARKS[0], 1)
    after = rest.split(MARKS[1], 1)[1]
    with open(sys.argv[2], "w") as file:
        file.write(f"{before}{MARKS[0]}\n\n{tables}\n{MARKS[1]}{after}")


main()
