//! `scimdb compact`: makes the store's file as small as it can be.

use std::time::{Duration, Instant};

use clap::Args;

use crate::failure::Failure;
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::Session;

/// Give the room of free pages back to the file system
#[derive(Args, Debug)]
pub struct CompactArgs {}

pub fn run(args: CompactArgs, session: &mut Session) -> Result<(), Failure> {
    let CompactArgs {} = args;
    let store = session.open()?;
    let before = store.stats()?.file_bytes;
    let started = Instant::now();
    store.wait_for_index(Duration::from_secs(3_600))?;
    let progress = Progress::of_rows(session, "compacting", Some(0));
    store.compact(&mut |done, total| progress.at(done, total))?;
    progress.finish();
    let after = store.stats()?.file_bytes;
    session.summary(format_args!(
        "{} bytes became {} in {}",
        grouped(before),
        grouped(after),
        elapsed(started.elapsed())
    ));
    Ok(())
}
