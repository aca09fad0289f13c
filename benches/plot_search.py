#!/usr/bin/env python3
"""Draws what the bench `search` wrote as SVG: each query beside the best of the peers, and growth. Needs Python's
standard library alone.

usage: cargo bench --no-default-features --bench search -- --json search.json [--peers benches/peers/results.json]
       benches/plot_search.py search.json > docs/bench/search.svg
"""
import json
import math
import sys
from html import escape

WIDTH, LEFT, BAR, TOP = 900, 120, 26, 60
FIRST, LAST = 0, 7  # decades of the axis, in microseconds
OURS, THEIRS = "#4878a8", "#c8a060"
# The sizes of the growth panel, and a colour for each query in it.
HEIGHT, COLOURS = 320, ("#4878a8", "#d03030", "#4a9050", "#9060a8", "#c88020", "#308890", "#806040", "#b04880")


def place(value):
    """Where a value is on the logarithmic axis."""
    decades = (math.log10(max(value, 1.0)) - FIRST) / (LAST - FIRST)
    return LEFT + min(max(decades, 0.0), 1.0) * (WIDTH - LEFT - 150)


def shown(value):
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def best(report, query):
    """The fastest peer at a query, and its figure."""
    if report.get("peers", {}).get("users") != report["about"]["users"]:
        return None
    figures = ((peer["queries"].get(query, {}).get("p50_us"), name) for name, peer in report["peers"]["peers"].items())
    return min((figure for figure in figures if figure[0]), default=None)


def queries(out, y, report):
    rows = list(report["base"]["queries"].items())
    peers = any(best(report, query) for query, _ in rows)
    title = "p50 in microseconds, line to p99: scimdb (blue)" + (" and the fastest peer (sand)" if peers else "")
    out.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
    top, bottom = y + 10, y + 14 + BAR * len(rows)
    for decade in range(FIRST, LAST + 1):
        x = place(10.0**decade)
        out.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.0f}" y="{bottom + 14}" text-anchor="middle" fill="#666">{10**decade:,}</text>')
    for index, (query, figures) in enumerate(rows):
        y_row, ids, peer = top + 4 + BAR * index, figures["ids"], best(report, query)
        value, end = ids["p50_us"], max(ids["p50_us"], ids["p99_us"])
        out.append(f'<text x="{LEFT - 8}" y="{y_row + 15}" text-anchor="end">{escape(query)} ({figures["total"]:,})</text>')
        out.append(f'<rect x="{LEFT}" y="{y_row + 1}" width="{place(value) - LEFT:.1f}" height="10" fill="{OURS}"/>')
        out.append(f'<line x1="{place(value):.1f}" y1="{y_row + 6}" x2="{place(end):.1f}" y2="{y_row + 6}" stroke="#222"/>')
        text = shown(value)
        if peer:
            figure, name = peer
            out.append(f'<rect x="{LEFT}" y="{y_row + 12}" width="{place(figure) - LEFT:.1f}" height="8" fill="{THEIRS}"/>')
            end = max(end, figure)
            text += f" / {shown(figure)} {name}"
        out.append(f'<text x="{place(end) + 5:.1f}" y="{y_row + 15}">{escape(text)}</text>')
    return bottom + 50


def growth(out, y, report):
    sizes = [(size["users"], size["base"]["queries"]) for size in report.get("growth", [])]
    sizes.append((report["about"]["users"], report["base"]["queries"]))
    if len(sizes) < 2:
        return y
    out.append(f'<text x="10" y="{y}" font-weight="bold">Growth: p50 in microseconds by users</text>')
    top, low, high = y + 14, math.log10(sizes[0][0]), math.log10(sizes[-1][0])
    names = list(report["base"]["queries"])
    values = [size[name]["ids"]["p50_us"] for _, size in sizes for name in names]
    floor, ceiling = math.floor(math.log10(max(min(values), 0.1))), math.ceil(math.log10(max(values) + 1.0))

    def across(users):
        return LEFT + (math.log10(users) - low) / (high - low) * (WIDTH - LEFT - 150)

    def up(value):
        return top + HEIGHT - (math.log10(max(value, 0.1)) - floor) / max(ceiling - floor, 1) * HEIGHT

    for decade in range(floor, ceiling + 1):
        line = up(10.0**decade)
        out.append(f'<line x1="{LEFT}" y1="{line:.0f}" x2="{WIDTH - 150}" y2="{line:.0f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{line + 4:.0f}" text-anchor="end" fill="#666">{10.0**decade:,g}</text>')
    for users, _ in sizes:
        out.append(f'<text x="{across(users):.0f}" y="{top + HEIGHT + 16}" text-anchor="middle" fill="#666">{users:,}</text>')
    ends = []
    for index, name in enumerate(names):
        points = [(across(users), up(size[name]["ids"]["p50_us"])) for users, size in sizes if name in size]
        colour = COLOURS[index % len(COLOURS)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        ends.append((points[-1][1], name, colour))
    # Names of lines that end at one place stand below each other.
    last = -math.inf
    for end, name, colour in sorted(ends):
        last = max(end + 4, last + 12)
        out.append(f'<text x="{WIDTH - 142}" y="{last:.0f}" fill="{colour}">{escape(name)}</text>')
    return max(top + HEIGHT + 50, last + 40)


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    about, out = report["about"], []
    y = queries(out, TOP, report)
    y = growth(out, y, report)
    text = f'{about["users"]:,} users, {about["cores"]} cores, cache of {about["cache_mib"]} MiB; ids of 100 and the exact total'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y - 20:.0f}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="100%" height="100%" fill="white"/>\n<text x="10" y="25" font-size="15">{escape(text)}</text>')
    print("\n".join(out) + "\n</svg>")


main()
