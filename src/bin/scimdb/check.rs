//! `scimdb check`: reads everything, and tells what is damaged.

use std::time::Instant;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::Session;

/// Read and compare everything in the store
#[derive(Args, Debug)]
pub struct CheckArgs {}

pub fn run(args: CheckArgs, session: &mut Session) -> Result<(), Failure> {
    let CheckArgs {} = args;
    let store = session.open()?;
    let tenant = store.tenant(&session.global.tenant);
    let progress = Progress::of_rows(session, "checking", Some(0));
    let started = Instant::now();
    let report = store.check(&mut |read, total| progress.at(read, total))?;
    // What is missing or damaged of an index is made again here, since nobody waits for it elsewhere.
    match &tenant {
        Ok(tenant) => progress.index(&store, tenant)?,
        Err(_) => progress.finish(),
    }
    for problem in &report.problems {
        session.out.line(problem)?;
    }
    session.summary(format_args!(
        "{} resources and {} keys and edges read in {}",
        grouped(report.resources),
        grouped(report.entries),
        elapsed(started.elapsed())
    ));
    match report.problems.len() {
        0 => {
            session.summary("the store is sound");
            Ok(())
        }
        count => {
            session.out.flush()?;
            let message = format!("{} problems found; restore from an export or a backup", grouped(count as u64));
            Err(Failure::new(Exit::Unsound, message))
        }
    }
}
