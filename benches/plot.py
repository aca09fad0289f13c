#!/usr/bin/env python3
"""Draws the figures of the bench `write` as SVG. Needs Python's standard library alone.

usage: cargo bench --no-default-features --bench write -- --json | benches/plot.py > docs/performance.svg
"""
import json
import math
import sys
from html import escape

# The goals of docs/PERFORMANCE.md that one line shows: most microseconds, or least per second.
GOALS = {
    "get by id, user without groups": ("p50_us", 10.0),
    "get by id, user in five groups": ("p50_us", 10.0),
    "import, per user": ("per_second", 15_000.0),
    "PATCH displayName, 64 writers": ("per_second", 6_000.0),
}
WIDTH, LEFT, BAR, TOP = 900, 300, 22, 60
FIRST, LAST = 0, 6  # decades of the axis


def place(value):
    """Where a value is on the logarithmic axis."""
    decades = (math.log10(max(value, 1.0)) - FIRST) / (LAST - FIRST)
    return LEFT + min(max(decades, 0.0), 1.0) * (WIDTH - LEFT - 90)


def panel(out, y, title, rows, key, whisker):
    out.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
    top, bottom = y + 10, y + 14 + BAR * len(rows)
    for decade in range(FIRST, LAST + 1):
        x = place(10.0**decade)
        out.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.0f}" y="{bottom + 14}" text-anchor="middle" fill="#666">{10**decade:,}</text>')
    for index, row in enumerate(rows):
        y_row, value = top + 4 + BAR * index, row[key]
        out.append(f'<text x="{LEFT - 8}" y="{y_row + 13}" text-anchor="end">{escape(row["name"])}</text>')
        out.append(f'<rect x="{LEFT}" y="{y_row + 2}" width="{place(value) - LEFT:.1f}" height="{BAR - 8}" fill="#4878a8"/>')
        end = value
        if whisker and row["p99_us"]:
            end = max(end, row["p99_us"])
            middle = y_row + 2 + (BAR - 8) / 2
            out.append(f'<line x1="{place(value):.1f}" y1="{middle}" x2="{place(end):.1f}" y2="{middle}" stroke="#222"/>')
        figure, limit = GOALS.get(row["name"], (None, 0.0))
        if figure == key:
            x = place(limit)
            out.append(f'<line x1="{x:.1f}" y1="{y_row}" x2="{x:.1f}" y2="{y_row + BAR - 4}" stroke="#d03030" stroke-width="3"/>')
            end = max(end, limit)
        shown = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
        out.append(f'<text x="{place(end) + 5:.1f}" y="{y_row + 13}">{shown}</text>')
    return bottom + 50


def main():
    report = json.load(sys.stdin)
    figures, about = report["figures"], report["about"]
    timed = [row for row in figures if row["p99_us"] is not None]
    rated = [row for row in figures if "import" in row["name"] or "writer" in row["name"]]
    out = []
    y = panel(out, TOP, "Latency: p50 in microseconds, line to p99", timed, "p50_us", True)
    y = panel(out, y, "Rate per second", rated, "per_second", False)
    about = f'{about["users"]:,} users, {about["cores"]} cores, cache of {about["cache_mib"]} MiB; goals in red'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y - 20}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="100%" height="100%" fill="white"/>\n<text x="10" y="25" font-size="15">{escape(about)}</text>')
    print("\n".join(out) + "\n</svg>")


main()
