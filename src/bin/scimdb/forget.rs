//! `scimdb forget`: every trace of a deleted resource.

use std::time::Instant;

use clap::Args;

use crate::failure::Failure;
use crate::output::{elapsed, grouped};
use crate::session::{ACTOR, Session};

/// Purge every trace of deleted resources: from the change log, the index and the file
#[derive(Args, Debug)]
pub struct ForgetArgs {
    /// The resource type: User, Group, or one of your own
    #[arg(value_name = "TYPE")]
    resource_type: String,
    /// The externalId that they had
    external_id: String,
}

pub fn run(args: ForgetArgs, session: &mut Session) -> Result<(), Failure> {
    let ForgetArgs { resource_type, external_id } = args;
    let tenant = session.tenant()?;
    let started = Instant::now();
    let forgotten = tenant.forget(&resource_type, &external_id, Some(ACTOR))?;
    session.summary(format_args!(
        "{} of {resource_type} forgotten in {}",
        grouped(forgotten.resources),
        elapsed(started.elapsed())
    ));
    Ok(())
}
