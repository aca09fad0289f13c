//! What was measured: latencies, rates and processor time, as a table or as JSON.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Latencies of one workload, and how long all of it took.
#[derive(Default)]
pub struct Samples {
    nanoseconds: Vec<u64>,
    elapsed: Duration,
    processor: Duration,
}

impl Samples {
    /// Calls `work` so many times.
    pub fn of<E>(count: usize, mut work: impl FnMut(usize) -> Result<(), E>) -> Result<Self, E> {
        let mut samples = Samples::default();
        let watch = Watch::start();
        for index in 0..count {
            let start = Instant::now();
            work(index)?;
            samples.push(start.elapsed());
        }
        watch.stop(&mut samples);
        Ok(samples)
    }

    pub fn push(&mut self, latency: Duration) {
        self.nanoseconds.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what another thread measured in the same time.
    pub fn merge(&mut self, other: Samples) {
        self.nanoseconds.extend(other.nanoseconds);
    }

    /// The latency in microseconds that so many of a hundred stay below.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(0) as f64 / 1_000.0
    }

    fn per_second(&self) -> f64 {
        self.nanoseconds.len() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Measures the time of the clock and of the processors.
pub struct Watch(Instant, Option<Duration>);

impl Watch {
    pub fn start() -> Self {
        Watch(Instant::now(), processor_time())
    }

    pub fn stop(self, samples: &mut Samples) {
        samples.elapsed = self.0.elapsed();
        samples.processor = processor_time().zip(self.1).map_or(Duration::ZERO, |(after, before)| after - before);
    }
}

/// What all threads of this process used so far, to the hundredth of a second; none where the system does not tell.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in brackets, and may hold anything.
    let (_, numbers) = stat.rsplit_once(')')?;
    let mut numbers = numbers.split_whitespace().skip(11);
    let mut next = || numbers.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((next()? + next()?) * 10))
}

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
        let processor =
            |samples: &Samples| samples.processor.as_secs_f64() * 1e6 / samples.nanoseconds.len().max(1) as f64;
        self.figures.push(Figure {
            name: name.to_owned(),
            p50: median(rounds.iter().map(|samples| samples.percentile(50))),
            p99: median(rounds.iter().map(|samples| samples.percentile(99))),
            per_second: median(rounds.iter().map(Samples::per_second)),
            processor: median(rounds.iter().map(processor)),
        });
    }

    /// Adds a workload of many parts that were not timed one by one.
    pub fn add_rate(&mut self, name: &str, count: usize, watch: Watch) {
        let mut samples = Samples::default();
        watch.stop(&mut samples);
        let each = samples.elapsed.as_secs_f64() * 1e6 / count.max(1) as f64;
        let processor = samples.processor.as_secs_f64() * 1e6 / count.max(1) as f64;
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

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
