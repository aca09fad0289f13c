//! Times queries, and tells what was measured.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use crate::Outcome;

/// The exact total, and the ids of the page.
pub struct Answer {
    pub total: u64,
    pub ids: Vec<String>,
}

/// What was measured on one store.
pub struct Peer {
    name: String,
    load_seconds: f64,
    bytes: u64,
    pub queries: Map<String, Json>,
}

impl Peer {
    pub fn new(name: String, load_seconds: f64, bytes: u64) -> Self {
        Peer { name, load_seconds, bytes, queries: Map::new() }
    }

    pub fn to_json(&self) -> Json {
        json!({"version": self.name, "load_seconds": self.load_seconds, "bytes": self.bytes, "queries": self.queries})
    }
}

/// A form of a query, ready to be run.
pub type Run<'a> = Box<dyn FnMut(usize) -> Outcome<Answer> + 'a>;

/// Tries each form of a query, and times the fastest for so many seconds.
pub fn measure(id: &str, runs: Vec<Run<'_>>, seconds: f64) -> Outcome<Json> {
    let mut best: Option<(f64, usize, Run<'_>)> = None;
    let mut total = None;
    for (form, mut run) in runs.into_iter().enumerate() {
        let begin = Instant::now();
        let answer = run(0)?;
        if *total.get_or_insert(answer.total) != answer.total {
            return Err(format!("{id}: the forms of the query find {} and {}", total.unwrap_or(0), answer.total).into());
        }
        let first = begin.elapsed();
        let mut trial = Vec::new();
        while trial.len() < 3 || begin.elapsed() < Duration::from_millis(100) + 3 * first && trial.len() < 1_000 {
            let start = Instant::now();
            run(trial.len())?;
            trial.push(start.elapsed().as_secs_f64());
        }
        let middle = percentile(&mut trial, 50);
        if best.as_ref().is_none_or(|(time, _, _)| middle < *time) {
            best = Some((middle, form, run));
        }
    }
    let (_, form, mut run) = best.ok_or("a query without a form")?;
    let mut samples = Vec::new();
    let begin = Instant::now();
    let mut shown = 0;
    while samples.len() < 5 || begin.elapsed().as_secs_f64() < seconds && samples.len() < 20_000 {
        let start = Instant::now();
        let answer = run(samples.len())?;
        samples.push(start.elapsed().as_secs_f64());
        shown = answer.ids.len();
    }
    let n = samples.len();
    let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile(&mut samples, percent) * 1e6);
    eprintln!("  {id:<5}{:>10} {p50:>12.1} µs", total.unwrap_or(0));
    Ok(json!({
        "total": total, "shown": shown, "form": form + 1, "p50_us": p50, "p95_us": p95, "p99_us": p99, "n": n
    }))
}

fn percentile(samples: &mut [f64], percent: usize) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[(samples.len() * percent / 100).min(samples.len() - 1)]
}

/// Bytes that the files under a directory take of the disk: some are mostly holes.
pub fn bytes(directory: &Path) -> Outcome<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() { bytes(&entry.path())? } else { about.blocks() * 512 };
    }
    Ok(sum)
}
