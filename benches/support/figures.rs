//! What the bench `write` measured, as a table or as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::samples::{Samples, Watch, median};

/// One line of the table.
struct Figure {
    name: String,
    p50: f64,
    p99: f64,
    per_second: f64,
    /// Microseconds of processor for each.
    processor: f64,
}

/// Every figure of a run.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds one workload; of several rounds of it, the median of each figure.
    pub fn add(&mut self, name: &str, rounds: &[Samples]) {
        self.figures.push(Figure {
            name: name.to_owned(),
            p50: median(rounds.iter().map(|samples| samples.percentile(50))),
            p99: median(rounds.iter().map(|samples| samples.percentile(99))),
            per_second: median(rounds.iter().map(Samples::per_second)),
            processor: median(rounds.iter().map(Samples::processor_each)),
        });
    }

    /// Adds a workload of many parts that were not timed one by one.
    pub fn add_rate(&mut self, name: &str, count: usize, watch: Watch) {
        let mut samples = Samples::default();
        watch.stop(&mut samples);
        let (each, processor) = samples.each_of(count);
        let name = name.to_owned();
        self.figures.push(Figure { name, p50: each, p99: f64::NAN, per_second: 1e6 / each, processor });
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{:<52}{:>12}{:>12}{:>12}{:>12}", "", "p50 µs", "p99 µs", "per second", "CPU µs");
        for Figure { name, p50, p99, per_second, processor } in &self.figures {
            let p99 = if p99.is_nan() { String::new() } else { format!("{p99:.1}") };
            let _ = writeln!(out, "{name:<52}{p50:>12.1}{p99:>12}{per_second:>12.0}{processor:>12.1}");
        }
        out
    }

    /// As JSON.
    pub fn json(&self, about: Json) -> String {
        let figures: Vec<Json> = self
            .figures
            .iter()
            .map(|Figure { name, p50, p99, per_second, processor }| {
                json!({"name": name, "p50_us": p50, "p99_us": p99, "per_second": per_second, "cpu_us": processor})
            })
            .collect();
        format!("{:#}", json!({"about": about, "figures": figures}))
    }
}
