//! The index against the second opinion: whatever is written, indexed, reopened or lost, every search answers what a
//! slow evaluator of its own over a naive model says.
//!
//! `SCIMDB_DIFFERENTIAL_QUERIES` sets how many searches are compared, `SCIMDB_SEED` the first seed:
//!
//!     SCIMDB_DIFFERENTIAL_QUERIES=2000000 cargo test --release --test index_differential
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "index_differential/compare.rs"]
mod compare;
#[path = "index_differential/cursors.rs"]
mod cursors;
#[path = "index_differential/model.rs"]
mod model;
#[path = "index_differential/place.rs"]
mod place;
#[path = "index_differential/questions.rs"]
mod questions;
#[path = "index_differential/run.rs"]
mod run;
#[path = "index_differential/schemas.rs"]
mod schemas;
#[path = "index_differential/size.rs"]
mod size;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use place::Loss;
use run::{Run, Seen};

const QUERIES: u64 = 20_000;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// Stores in memory, whose index is lost when they are closed.
#[test]
fn searches_agree_in_memory() {
    compare("searches_agree_in_memory", 1, 2, Loss::Closed);
}

/// Stores in a directory, whose index files get lost and damaged too.
#[test]
fn searches_agree_on_disk() {
    compare("searches_agree_on_disk", 1_000_001, 2, Loss::Files);
}

/// A few searches among thousands of resources.
#[test]
fn searches_agree_at_size() {
    let wanted = setting("SCIMDB_DIFFERENTIAL_QUERIES", QUERIES).div_ceil(25).max(20);
    let mut seen = Seen::default();
    for seed in setting("SCIMDB_SEED", 2_000_001).. {
        let outcome = catch_unwind(AssertUnwindSafe(|| size::run(seed, 400.min(wanted), &mut seen)));
        if let Err(panic) = outcome {
            again(seed, "searches_agree_at_size");
            resume_unwind(panic);
        }
        if seen.asked >= wanted {
            break;
        }
    }
    println!("{seen:?}");
}

fn again(seed: u64, test: &str) {
    eprintln!("again: SCIMDB_SEED={seed} SCIMDB_DIFFERENTIAL_QUERIES=1 cargo test --test index_differential {test}");
}

/// Compares a part of the searches.
fn compare(test: &str, first: u64, part: u64, loss: Loss) {
    let wanted = setting("SCIMDB_DIFFERENTIAL_QUERIES", QUERIES).div_ceil(part);
    let first = setting("SCIMDB_SEED", first);
    let mut seen = Seen::default();
    for seed in first.. {
        let mut run = Run::new(seed, loss);
        let outcome = catch_unwind(AssertUnwindSafe(|| run.all(&mut seen)));
        if let Err(panic) = outcome {
            run.steps.iter().rev().take(40).rev().for_each(|step| eprintln!("{step}"));
            again(seed, test);
            resume_unwind(panic);
        }
        if seen.asked >= wanted {
            break;
        }
    }
    println!("{seen:?}");
    // Searches that find nothing, or are all refused, would prove nothing.
    assert!(seen.found > seen.asked && seen.refused < seen.asked / 2, "{seen:?}");
}
