#!/usr/bin/env python3
"""Turns what the bench `facade` wrote into the table of docs/BENCHMARKS.md. Needs Python's standard library alone.

usage: benches/facade.sh --json docs/bench/facade.json
       benches/facade_report.py docs/bench/facade.json                          # prints it
       benches/facade_report.py docs/bench/facade.json docs/BENCHMARKS.md       # puts it between the two marks in the file
"""
import json
import sys

MARKS = ("<!-- facade: begin -->", "<!-- facade: end -->")


def us(nanoseconds):
    value = nanoseconds / 1_000
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def row(line):
    goal = line["goal"]
    told = f"+{us(goal['get_above_ns'])}{'' if goal['reached'] else ', **not reached**'}" if goal else ""
    above = [f"+{us(line[key])}" if line["face"] != "Rust" else "" for key in ("get_above_ns", "search_above_ns")]
    times = [f"{line[key]:.2f}" for key in ("get_times", "search_times")]
    return [line["face"], us(line["get_ns"]), above[0], times[0], told, us(line["search_ns"]), above[1], times[1]]


def text(report):
    about = report["about"]
    memory = f"{int(about['memory'].split()[0]) / 2**20:,.0f} GiB" if about.get("memory") else "?"
    head = ["face", "get, µs", "above Rust", "times", "goal of get", "search, µs", "above Rust", "times"]
    return "\n".join([
        f"{about['users']:,} users. {about['processor']}, {about['cores']} cores, {memory}, Linux "
        f"{about['system'].partition('-')[0]}; load average {about['load']} at the start. The least of "
        f"{about['rounds']} rounds.\n",
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 1),
        *("| " + " | ".join(row(line)) + " |" for line in report["lines"]),
    ]) + "\n"


def main():
    with open(sys.argv[1]) as file:
        table = text(json.load(file))
    if len(sys.argv) < 3:
        print(table, end="")
        return
    with open(sys.argv[2]) as file:
        before, rest = file.read().split(MARKS[0], 1)
    after = rest.split(MARKS[1], 1)[1]
    with open(sys.argv[2], "w") as file:
        file.write(f"{before}{MARKS[0]}\n\n{table}\n{MARKS[1]}{after}")


main()
