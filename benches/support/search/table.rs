//! Shows what was measured as a table on the terminal.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

/// Everything, as text.
pub fn show(report: &Json) -> String {
    let mut out = String::new();
    let peers = peers(report);
    let _ = writeln!(out, "\n{}", about(report));
    queries(&mut out, "after the load", report.pointer("/base/queries"), &peers);
    queries(&mut out, "after 5 % were deleted", report.pointer("/deletes/queries"), &[]);
    queries(&mut out, "with 900 fresh updates", report.pointer("/recent/queries"), &[]);
    queries(&mut out, "beside 8 writers", report.pointer("/writes/beside/queries"), &[]);
    growth(&mut out, report);
    writes(&mut out, report);
    load(&mut out, report);
    out
}

fn number(json: &Json, path: &str) -> f64 {
    json.pointer(path).and_then(Json::as_f64).unwrap_or(f64::NAN)
}

fn about(report: &Json) -> String {
    let text = |name: &str| report.pointer(&format!("/about/{name}")).and_then(Json::as_str).unwrap_or("?");
    format!(
        "{} users; {}, {} cores, load {}; cache of {} MiB; a sync of 4 KiB takes {} µs (p50)",
        number(report, "/about/users"),
        text("processor"),
        number(report, "/about/cores"),
        number(report, "/about/load"),
        number(report, "/about/cache_mib"),
        microseconds(number(report, "/control/p50_us")),
    )
}

/// With as many digits as tell something.
fn microseconds(value: f64) -> String {
    match value {
        value if value.is_nan() => String::new(),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// The name of each peer, and its queries.
fn peers(report: &Json) -> Vec<(&String, &Map<String, Json>)> {
    let users = number(report, "/about/users");
    let same = number(report, "/peers/users") == users;
    let all = report.pointer("/peers/peers").and_then(Json::as_object).filter(|_| same);
    let queries = |(name, peer)| Some((name, Json::get(peer, "queries")?.as_object()?));
    all.into_iter().flatten().filter_map(queries).collect()
}

fn queries(out: &mut String, title: &str, of: Option<&Json>, peers: &[(&String, &Map<String, Json>)]) {
    let Some(queries) = of.and_then(Json::as_object) else { return };
    let _ = write!(
        out,
        "\nµs, {title:<24}{:>10}{:>10}{:>10}{:>10}{:>11}{:>11}",
        "total", "p50", "p95", "p99", "whole p50", "whole p99"
    );
    for (name, _) in peers {
        let _ = write!(out, "{name:>12}");
    }
    let _ = writeln!(out, "{}", if peers.is_empty() { "" } else { "     ratio" });
    let mut ratios = Vec::new();
    for (id, query) in queries {
        let ids = query.get("ids").unwrap_or(query);
        let figure = |path: &str| microseconds(number(ids, path));
        let whole = |path: &str| microseconds(number(query, path));
        let total = query.get("total").map(Json::to_string).unwrap_or_default();
        let _ = write!(
            out,
            "{id:<28}{total:>10}{:>10}{:>10}{:>10}{:>11}{:>11}",
            figure("/p50_us"),
            figure("/p95_us"),
            figure("/p99_us"),
            whole("/whole/p50_us"),
            whole("/whole/p99_us"),
        );
        let mut best = f64::NAN;
        for (_, peer) in peers {
            let theirs = peer.get(id).map_or(f64::NAN, |query| number(query, "/p50_us"));
            best = best.min(theirs);
            let _ = write!(out, "{:>12}", microseconds(theirs));
        }
        let ratio = best / number(ids, "/p50_us");
        if ratio.is_finite() {
            ratios.push(ratio);
            let _ = write!(out, "{ratio:>10.1}");
        }
        out.push('\n');
    }
    if !ratios.is_empty() {
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        let _ = writeln!(out, "{mean:.2} times as fast as the best of them, in the geometric mean");
    }
}

fn growth(out: &mut String, report: &Json) {
    let Some(sizes) = report.get("growth").and_then(Json::as_array).filter(|sizes| !sizes.is_empty()) else { return };
    let Some(queries) = report.pointer("/base/queries").and_then(Json::as_object) else { return };
    let _ = write!(out, "\n{:<28}", "µs, p50, by users");
    let users = sizes.iter().map(|size| number(size, "/users")).chain([number(report, "/about/users")]);
    users.for_each(|users| {
        let _ = write!(out, "{users:>12}");
    });
    out.push('\n');
    for id in queries.keys() {
        let _ = write!(out, "{id:<28}");
        let p50 = |from: &Json| number(from, &format!("/base/queries/{id}/ids/p50_us"));
        let figures = sizes.iter().map(p50).chain([p50(report)]);
        figures.for_each(|figure| {
            let _ = write!(out, "{:>12}", microseconds(figure));
        });
        out.push('\n');
    }
}

fn writes(out: &mut String, report: &Json) {
    let Some(lines) = report.pointer("/writes/lines").and_then(Json::as_array) else { return };
    let _ = writeln!(out, "\n{:<36}{:>12}{:>12}{:>12}{:>12}", "", "p50 µs", "p99 µs", "per second", "CPU µs");
    for line in lines {
        let name = line.get("name").and_then(Json::as_str).unwrap_or_default();
        let figure = |name: &str| microseconds(number(line, name));
        let _ = write!(out, "{name:<36}{:>12}{:>12}", figure("/p50_us"), figure("/p99_us"));
        let _ = writeln!(out, "{:>12.0}{:>12}", number(line, "/per_second"), figure("/cpu_us"));
    }
    let _ = writeln!(
        out,
        "beside 8 writers ({:.0} creates a second) searches take p50 {} µs, p99 {} µs",
        number(report, "/writes/beside/creates_per_second"),
        microseconds(number(report, "/writes/beside/searches/p50_us")),
        microseconds(number(report, "/writes/beside/searches/p99_us")),
    );
}

fn load(out: &mut String, report: &Json) {
    let mib = |path: &str| number(report, path) / f64::from(1 << 20);
    let _ = writeln!(
        out,
        "\nload: {:.2} s, {:.0} users a second, durable after {:.2} s; peak of memory {:.0} MiB, {:.0} MiB anonymous at its end",
        number(report, "/load/seconds"),
        number(report, "/load/users_per_second"),
        number(report, "/load/durable_seconds"),
        mib("/load/memory/peak"),
        mib("/load/memory/anonymous"),
    );
    let _ = writeln!(
        out,
        "disk: {:.1} MiB of JSON became {:.1} MiB of store ({:.1} MiB before {:.1} s of compaction) and {:.1} MiB of index",
        mib("/load/input_bytes"),
        mib("/load/store_bytes"),
        mib("/load/store_bytes_before"),
        number(report, "/load/compact_seconds"),
        mib("/load/index_bytes"),
    );
    let _ = writeln!(
        out,
        "parts of the index: {} after the load, {} when it was searched",
        number(report, "/load/parts_loaded"),
        number(report, "/load/parts"),
    );
    let opened = |path: &str| number(report, path);
    let _ = writeln!(
        out,
        "open: {:.1} ms, then the first search {:.2} ms; {:.0} MiB anonymous, {:.0} MiB after all queries",
        opened("/base/open/open_ms"),
        opened("/base/open/first_search_ms"),
        mib("/base/open/memory/anonymous"),
        mib("/base/memory/anonymous"),
    );
    if report.get("killed").is_some() {
        let (open, first) = (opened("/killed/open_ms"), opened("/killed/first_search_ms"));
        let _ = writeln!(out, "open after kill -9: {open:.1} ms, then the first search {first:.2} ms");
    }
}
