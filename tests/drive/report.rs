//! What a run found, for people and for the exit code. It must not know how it was found.

use std::collections::BTreeMap;

use crate::support::corpus::Failures;

/// Differences of one part that are told in full; the others are only counted.
const TOLD: usize = 20;

/// A part of the run.
#[derive(Default)]
struct Part {
    name: String,
    passed: usize,
    failed: usize,
    calls: usize,
    differences: usize,
}

/// Every part.
#[derive(Default)]
pub struct Report {
    parts: Vec<Part>,
    unsupported: BTreeMap<String, usize>,
    text: String,
}

impl Report {
    /// Adds a part: what its expectations found, and in how many calls the driver and the core differed.
    pub fn add(&mut self, name: &str, failures: &Failures, calls: usize, differences: Vec<String>) {
        self.text.push_str(&failures.text);
        for difference in differences.iter().take(TOLD) {
            self.text.push_str(&format!("{name}: {difference}\n"));
        }
        self.parts.push(Part {
            name: name.to_owned(),
            passed: failures.run - failures.failed,
            failed: failures.failed,
            calls,
            differences: differences.len(),
        });
    }

    /// Counts a request that the driver cannot do.
    pub fn unsupported(&mut self, op: &str) {
        *self.unsupported.entry(op.to_owned()).or_default() += 1;
    }

    /// How many expectations held, and how many did not: a call that differs from the core's is a failure, too.
    pub fn totals(&self) -> (usize, usize, usize) {
        let passed = self.parts.iter().map(|part| part.passed).sum();
        let failed = self.parts.iter().map(|part| part.failed + part.differences).sum();
        (passed, failed, self.unsupported.values().sum())
    }

    /// What failed, a table of the parts, and the last line.
    pub fn told(&self) -> String {
        let mut out = self.text.clone();
        out.push_str(&format!("{:<20}{:>9}{:>9}{:>16}{:>9}\n", "part", "passed", "failed", "calls compared", "differ"));
        for Part { name, passed, failed, calls, differences } in &self.parts {
            out.push_str(&format!("{name:<20}{passed:>9}{failed:>9}{calls:>16}{differences:>9}\n"));
        }
        for (op, times) in &self.unsupported {
            out.push_str(&format!("unsupported: {op}, {times} times\n"));
        }
        let (passed, failed, unsupported) = self.totals();
        out + &format!("{passed} passed, {failed} failed, {unsupported} unsupported\n")
    }
}
