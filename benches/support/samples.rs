//! Latencies, rates and processor time of what was measured.

use std::time::{Duration, Instant};

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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nanoseconds.len()
    }

    /// The latency in microseconds that so many of a hundred stay below.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(0) as f64 / 1_000.0
    }

    pub fn per_second(&self) -> f64 {
        self.len() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Microseconds of processor for each.
    pub fn processor_each(&self) -> f64 {
        self.each_of(self.len()).1
    }

    /// Microseconds of the clock and of the processors for each of so many parts.
    pub fn each_of(&self, count: usize) -> (f64, f64) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / count.max(1) as f64;
        (each(self.elapsed), each(self.processor))
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

/// The middle of some figures.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
