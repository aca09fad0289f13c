#!/usr/bin/env python3
"""Draws what the bench `http` wrote as SVG. Needs Python's standard library alone.

usage: cargo bench --bench http -- --json http.json
       benches/http_plot.py http.json > docs/bench/http.svg
"""
import json
import math
import sys
from html import escape

WIDTH, LEFT, BAR, TOP = 900, 320, 22, 60
FIRST, LAST = 0, 5  # decades of the axes
COLOURS = {"in process, store": "#90b890", "in process, protocol": "#4a9050", "HTTP/1.1": "#4878a8", "gRPC": "#9060a8"}
PEER = "#c8a060"


def place(value):
    """Where a value is on the logarithmic axis."""
    decades = (math.log10(max(value, 1.0)) - FIRST) / (LAST - FIRST)
    return LEFT + min(max(decades, 0.0), 1.0) * (WIDTH - LEFT - 90)


def panel(out, y, title, rows, key, goal):
    out.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
    top, bottom = y + 10, y + 14 + BAR * len(rows)
    for decade in range(FIRST, LAST + 1):
        x = place(10.0**decade)
        out.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.0f}" y="{bottom + 14}" text-anchor="middle" fill="#666">{10**decade:,}</text>')
    for index, row in enumerate(rows):
        y_row, value = top + 4 + BAR * index, row[key]
        name = f'{row["work"]}: {row["face"]}'
        out.append(f'<text x="{LEFT - 8}" y="{y_row + 13}" text-anchor="end">{escape(name)}</text>')
        colour = COLOURS.get(row["face"], PEER)
        out.append(f'<rect x="{LEFT}" y="{y_row + 2}" width="{place(value) - LEFT:.1f}" height="{BAR - 8}" fill="{colour}"/>')
        end = value
        if key == "p50_us":
            end = max(end, row["p99_us"])
            middle = y_row + 2 + (BAR - 8) / 2
            out.append(f'<line x1="{place(value):.1f}" y1="{middle}" x2="{place(end):.1f}" y2="{middle}" stroke="#222"/>')
        if goal and (row["work"], row["face"]) == ("get by id", "HTTP/1.1"):
            x = place(goal)
            out.append(f'<line x1="{x:.1f}" y1="{y_row}" x2="{x:.1f}" y2="{y_row + BAR - 4}" stroke="#d03030" stroke-width="3"/>')
            end = max(end, goal)
        shown = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
        out.append(f'<text x="{place(end) + 5:.1f}" y="{y_row + 13}">{shown}</text>')
    return bottom + 50


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    lines, about = report["lines"], report["about"]
    works = [line["work"] for line in lines]
    lines = sorted(lines, key=lambda line: works.index(line["work"]))
    inside = [row["p50_us"] for row in lines if (row["work"], row["face"]) == ("get by id", "in process, store")]
    out = []
    alone = [row for row in lines if row["calls"] == 1]
    many = [row for row in lines if row["calls"] > 1]
    y = panel(out, TOP, "One call at a time: p50 in microseconds, line to p99", alone, "p50_us", inside[0] + 120 if inside else None)
    y = panel(out, y, "Many at a time: calls per second", many, "per_second", 20_000.0)
    about = f'{about["users"]:,} users, {about["cores"]} cores with the client; goals in red'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y - 20}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="100%" height="100%" fill="white"/>\n<text x="10" y="25" font-size="15">{escape(about)}</text>')
    print("\n".join(out) + "\n</svg>")


main()
