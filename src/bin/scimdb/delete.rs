//! `scimdb delete`: one resource.

use clap::Args;

use crate::failure::Failure;
use crate::session::{Session, write_options};

/// Delete a resource, and every membership it is part of
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The resource type: User, Group, or one of your own
    #[arg(value_name = "TYPE")]
    resource_type: String,
    /// The resource's id
    id: String,
    /// Only if the resource still has this meta.version
    #[arg(long, value_name = "VERSION")]
    if_match: Option<String>,
}

pub fn run(args: DeleteArgs, session: &mut Session) -> Result<(), Failure> {
    let DeleteArgs { resource_type, id, if_match } = args;
    Ok(session.tenant()?.delete(&resource_type, &id, &write_options(if_match.as_deref()))?)
}
