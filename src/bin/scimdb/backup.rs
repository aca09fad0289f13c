//! `scimdb backup`: copies the whole store.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::failure::Failure;
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::Session;

/// Copy the whole store into a new directory
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The directory to make: it must not exist, and the one above it must
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

pub fn run(args: BackupArgs, session: &mut Session) -> Result<(), Failure> {
    let BackupArgs { to } = args;
    let store = session.open()?;
    let started = Instant::now();
    let progress = Progress::of_rows(session, "copying", Some(0));
    let mut entries = 0;
    store.backup(&to, &mut |done, total| {
        entries = done;
        progress.at(done, total);
    })?;
    progress.finish();
    session.summary(format_args!("{} entries copied in {}", grouped(entries), elapsed(started.elapsed())));
    Ok(())
}
