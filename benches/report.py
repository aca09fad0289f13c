#!/usr/bin/env python3
"""Turns what the bench `search` wrote into the tables of docs/BENCHMARKS.md. Needs Python's standard library alone.

usage: cargo bench --no-default-features --bench search -- --json search.json [--peers benches/peers/results.json]
       benches/report.py search.json > tables.md              # prints them
       benches/report.py search.json docs/BENCHMARKS.md       # puts them between the two marks in the file
"""
import json
import math
import sys

MARKS = ("<!-- figures: begin -->", "<!-- figures: end -->")
NAMES = {
    "Q1": "`userName eq`", "Q2": '`userName sw "mary.sm"`', "Q3": '`userName co "smith"`',
    "Q4a": '`displayName co "zq"`', "Q4b": '`displayName co "amezq"`', "Q5": '`userName ew "7@example.com"`',
    "Q6": '`emails.value ew "@home.example.org"`', "Q7": "`externalId eq`", "Q8": "`title pr`",
    "Q9": "`active eq false and department eq`", "Q10": '`displayName sw "Jo"`, sorted', "Q11": "all, sorted by userName",
    "Q12": "the same, in the middle", "Q13": "`familyName eq and not (userType eq)`, sorted by created, descending",
    "Q14": "`lastModified gt`, sorted, descending", "Q15": '`emails[type eq "home" and value co "smith"]`',
    "Q16": "`(co or co) and title eq`", "Q17": '`displayName co "ab"`', "Q18": "get by id",
}


def us(value):
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def get(tree, *path):
    for step in path:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def mib(value):
    return "" if value is None else f"{value / 2**20:,.0f} MiB"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" if place == 0 else "---:" for place in range(len(head))) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def name(query):
    return f"{query} {NAMES.get(query, '')}".strip()


def against_peers(report):
    queries = report["base"]["queries"]
    peers = get(report, "peers", "peers") or {}
    if get(report, "peers", "users") != report["about"]["users"]:
        peers = {}
    head = ["query", "total", "ids, p50 µs", "p99 µs", "whole, p50 µs"] + list(peers) + (["best / scimdb"] if peers else [])
    rows, ratios = [], []
    for query, figures in queries.items():
        row = [name(query), f"{figures['total']:,}", us(figures["ids"]["p50_us"]), us(figures["ids"]["p99_us"])]
        row.append(us(get(figures, "whole", "p50_us")))
        theirs = [get(peer, "queries", query, "p50_us") for peer in peers.values()]
        row += [us(figure) for figure in theirs]
        known = [figure for figure in theirs if figure]
        if peers:
            ratio = min(known) / figures["ids"]["p50_us"] if known else None
            ratios += [ratio] if ratio else []
            row.append("" if ratio is None else f"**{ratio:,.2f}**" if ratio < 1 else f"{ratio:,.1f}")
        rows.append(row)
    yield from table(head, rows)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lost = [row[0].split()[0] for row, ratio in zip(rows, ratios) if ratio < 1]
        wins = f"A peer wins on {', '.join(lost)}." if lost else "No peer wins on any."
        yield f"scimdb is {mean:,.1f} times as fast as the best of them, in the geometric mean. {wins}\n"
    if peers:
        rows = [["scimdb", f"{report['load']['seconds']:,.1f}",
                 mib(report["load"]["store_bytes"] + report["load"]["index_bytes"])]]
        rows += [[peer["version"], f"{peer['load_seconds']:,.1f}", mib(peer["bytes"])] for peer in peers.values()]
        yield from table(["load", "seconds", "on disk"], rows)


def passes(report):
    order = [("base", "after the load"), ("deletes", "after 5 % were deleted"), ("recent", "with 900 fresh updates")]
    there = [(key, text) for key, text in order if key in report]
    if len(there) < 2:
        return
    beside = get(report, "writes", "beside", "queries") or {}
    head = ["ids, p50 µs"] + [text for _, text in there] + (["beside 8 writers", "p99"] if beside else [])
    rows = []
    for query in report["base"]["queries"]:
        row = [query] + [us(get(report, key, "queries", query, "ids", "p50_us")) for key, _ in there]
        if beside:
            row += [us(get(beside, query, "p50_us")), us(get(beside, query, "p99_us"))]
        rows.append(row)
    yield from table(head, rows)


def growth(report):
    sizes = report.get("growth") or []
    if not sizes:
        return
    everything = sizes + [{"users": report["about"]["users"], "base": report["base"], "load": report["load"]}]
    head = ["ids, p50 µs"] + [f"{size['users']:,} users" for size in everything]
    rows = [[query] + [us(get(size, "base", "queries", query, "ids", "p50_us")) for size in everything]
            for query in report["base"]["queries"]]
    rows.append(["load, s"] + [f"{size['load']['seconds']:,.2f}" for size in everything])
    rows.append(["open, ms"] + [f"{size['base']['open']['open_ms']:,.1f}" for size in everything])
    yield from table(head, rows)


def writes(report):
    lines = get(report, "writes", "lines") or []
    if not lines:
        return
    rows = [[line["name"], us(line["p50_us"]), us(line["p99_us"]), f"{line['per_second']:,.0f}", us(line["cpu_us"])]
            for line in lines]
    yield from table(["write", "p50 µs", "p99 µs", "per second", "CPU µs"], rows)
    beside = report["writes"]["beside"]
    yield (f"Beside {beside['writers']} writers ({beside['creates_per_second']:,.0f} creates a second) a search takes "
           f"{us(beside['searches']['p50_us'])} µs (p50), {us(beside['searches']['p99_us'])} µs (p99), over all queries.\n")


def costs(report):
    load, opened, base = report["load"], report["base"]["open"], report["base"]
    rows = [
        ["load, durable and searchable", f"{load['seconds']:,.1f} s, {load['users_per_second']:,.0f} users a second"],
        ["peak of memory while loading", mib(get(load, "memory", "peak"))],
        ["JSON", mib(load["input_bytes"])],
        ["store", mib(load["store_bytes"]) + " after compaction, " + mib(load["store_bytes_before"]) + " before"],
        ["parts of the index", f"{load['parts_loaded']} after the load, {load['parts']} when it was searched"],
        ["index", mib(load["index_bytes"])],
        ["open", f"{opened['open_ms']:,.1f} ms; the first search {opened['first_search_ms']:,.2f} ms"],
    ]
    if "killed" in report:
        killed = report["killed"]
        rows.append(["open after `kill -9`", f"{killed['open_ms']:,.1f} ms; the first search {killed['first_search_ms']:,.2f} ms"])
    rows.append(["anonymous memory after open", mib(get(opened, "memory", "anonymous"))])
    rows.append(["the same after all queries", mib(get(base, "memory", "anonymous"))])
    yield from table(["", ""], rows)


def text(report):
    about = report["about"]
    memory = f"{int(about['memory'].split()[0]) / 2**20:,.0f} GiB" if about.get("memory") else "?"
    out = [
        f"{about['users']:,} users. {about['processor']}, {about['cores']} cores, {memory}, Linux {about['system'].partition('-')[0]}; load "
        f"average {about['load']} at the start. Cache of {about['cache_mib']} MiB. A control (4 KiB appended, fdatasync) "
        f"takes {us(report['control']['p50_us'])} µs (p50), {us(report['control']['p99_us'])} µs (p99).\n",
    ]
    for part in (against_peers, passes, growth, writes, costs):
        out += part(report)
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
