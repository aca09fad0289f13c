#!/usr/bin/env python3
"""Draws what the bench `facade` wrote as SVG. Needs Python's standard library alone.

usage: benches/facade.sh --json docs/bench/facade.json
       benches/facade_plot.py docs/bench/facade.json > docs/bench/facade.svg
"""
import json
import math
import sys
from html import escape

WIDTH, LEFT, BAR, TOP = 900, 140, 22, 60
FIRST, LAST = 3, 6  # decades of the axis, in nanoseconds
COLOURS = {"Rust": "#90b890", "HTTP": "#c8a060", "gRPC": "#9060a8"}
BINDING, FORM = "#4878a8", "#9cb8d4"  # a binding; the same, called in another form


def place(value):
    """Where a value is on the logarithmic axis."""
    decades = (math.log10(max(value, 1.0)) - FIRST) / (LAST - FIRST)
    return LEFT + min(max(decades, 0.0), 1.0) * (WIDTH - LEFT - 90)


def panel(out, y, title, lines, call):
    out.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
    top, bottom = y + 10, y + 14 + BAR * len(lines)
    for decade in range(FIRST, LAST + 1):
        x = place(10.0**decade)
        out.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.0f}" y="{bottom + 14}" text-anchor="middle" fill="#666">{10**decade // 1_000:,}</text>')
    for index, line in enumerate(lines):
        y_row, value = top + 4 + BAR * index, line[f"{call}_ns"]
        out.append(f'<text x="{LEFT - 8}" y="{y_row + 13}" text-anchor="end">{escape(line["face"])}</text>')
        colour = COLOURS.get(line["face"], FORM if ", " in line["face"] else BINDING)
        out.append(f'<rect x="{LEFT}" y="{y_row + 2}" width="{place(value) - LEFT:.1f}" height="{BAR - 8}" fill="{colour}"/>')
        end = value
        if call == "get" and line["goal"]:
            end = max(value, goal := lines[0]["get_ns"] + line["goal"]["get_above_ns"])
            x = place(goal)
            out.append(f'<line x1="{x:.1f}" y1="{y_row}" x2="{x:.1f}" y2="{y_row + BAR - 4}" stroke="#d03030" stroke-width="3"/>')
        shown = f"{value / 1_000:,.1f}" if value < 100_000 else f"{value / 1_000:,.0f}"
        out.append(f'<text x="{place(end) + 5:.1f}" y="{y_row + 13}">{shown}</text>')
    return bottom + 50


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    lines, about, out = report["lines"], report["about"], []
    y = panel(out, TOP, "Get by id: microseconds of a call", lines, "get")
    y = panel(out, y, "Search by userName eq: microseconds of a call", lines, "search")
    about = f'{about["users"]:,} users, {about["cores"]} cores, one call at a time; goals in red, calls in another form lighter'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y - 20}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="100%" height="100%" fill="white"/>\n<text x="10" y="25" font-size="15">{escape(about)}</text>')
    print("\n".join(out) + "\n</svg>")


main()
