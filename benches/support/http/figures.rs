//! What was measured, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::work::Work;
use crate::support::samples::Samples;

/// One line.
pub struct Figure {
    /// What is called, and how: `HTTP/1.1`.
    pub face: String,
    pub work: Work,
    /// Calls under way at one time.
    pub calls: usize,
    /// Users that the server has.
    pub users: usize,
    pub samples: Samples,
    /// Microseconds of the server's processors for each call, where the server is another process that can be asked.
    pub server_cpu: Option<f64>,
}

/// Every line of a run.
#[derive(Default)]
pub struct Figures {
    lines: Vec<Figure>,
    control: Samples,
}

impl Figures {
    /// Adds a line, and tells it on the terminal.
    pub fn add(&mut self, figure: Figure) {
        eprintln!("{}", line(&figure));
        self.lines.push(figure);
    }

    /// What the disk takes for the least that is durable.
    pub fn control(&mut self, samples: Samples) {
        self.control = samples;
    }

    fn find(&self, face: &str, work: Work, is_alone: bool) -> Option<&Figure> {
        self.lines.iter().find(|line| line.face == face && line.work == work && (line.calls == 1) == is_alone)
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let heads = ("", "calls", "users", "p50 µs", "p99 µs", "per second", "client CPU", "server CPU µs");
        let (name, calls, users, p50, p99, rate, client, server) = heads;
        let _ = writeln!(out, "{name:<62}{calls:>6}{users:>9}{p50:>10}{p99:>10}{rate:>12}{client:>12}{server:>15}");
        for figure in &self.lines {
            let _ = writeln!(out, "{}", line(figure));
        }
        let (p50, p99) = (self.control.percentile(50), self.control.percentile(99));
        let _ = writeln!(out, "{:<77}{p50:>10.1}{p99:>10.1}", "control: append 4 KiB and fdatasync");
        for (goal, told, is_reached) in self.goals() {
            let _ = writeln!(out, "{goal}: {told} ({})", if is_reached { "reached" } else { "not reached" });
        }
        out
    }

    /// The goals: what they are, what was measured, whether that is enough.
    fn goals(&self) -> Vec<(&'static str, String, bool)> {
        let mut goals = Vec::new();
        let alone = self.find("HTTP/1.1", Work::Get, true).zip(self.find("in process, store", Work::Get, true));
        if let Some((served, inside)) = alone {
            let above = served.samples.percentile(50) - inside.samples.percentile(50);
            goals.push((
                "get by id over HTTP/1.1, p50 above the call in process: 120 µs at most",
                us(above),
                above <= 120.0,
            ));
        }
        if let Some(many) = self.find("HTTP/1.1", Work::Get, false) {
            let rate = many.samples.per_second();
            goals.push(("get by id over HTTP/1.1: 20,000 per second at least", format!("{rate:.0}"), rate >= 20_000.0));
        }
        goals
    }

    /// As JSON.
    pub fn json(&self, about: &Json) -> Json {
        let lines = self.lines.iter().map(|figure| {
            let Figure { face, work, calls, users, samples, server_cpu } = figure;
            json!({
                "face": face, "work": work.name(), "calls": calls, "users": users,
                "p50_us": samples.percentile(50), "p99_us": samples.percentile(99),
                "per_second": samples.per_second(), "client_cpu_us": samples.processor_each(),
                "server_cpu_us": server_cpu, "n": samples.len(),
            })
        });
        let goals = self.goals().into_iter();
        let goals =
            goals.map(|(goal, told, is_reached)| json!({"goal": goal, "measured": told, "reached": is_reached}));
        json!({
            "about": about,
            "control": {"p50_us": self.control.percentile(50), "p99_us": self.control.percentile(99)},
            "lines": lines.collect::<Vec<_>>(),
            "goals": goals.collect::<Vec<_>>(),
        })
    }
}

fn us(value: f64) -> String {
    format!("{value:.1} µs")
}

fn line(figure: &Figure) -> String {
    let Figure { face, work, calls, users, samples, server_cpu } = figure;
    let name = format!("{}: {face}", work.name());
    let (p50, p99, rate) = (samples.percentile(50), samples.percentile(99), samples.per_second());
    let (client, server) = (samples.processor_each(), server_cpu.map_or(String::new(), |cpu| format!("{cpu:.1}")));
    format!("{name:<62}{calls:>6}{users:>9}{p50:>10.1}{p99:>10.1}{rate:>12.0}{client:>12.1}{server:>15}")
}
