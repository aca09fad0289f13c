//! `scimdb patch`: changes to one resource, from a PatchOp message (RFC 7644 section 3.5.2).

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::session::{AnswerArgs, Session, read_body};

/// Change a resource by a PatchOp message in a JSON file
#[derive(Args, Debug)]
pub struct PatchArgs {
    /// The resource type: User, Group, or one of your own
    #[arg(value_name = "TYPE")]
    resource_type: String,
    /// The resource's id
    id: String,
    /// The file; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Only if the resource still has this meta.version
    #[arg(long, value_name = "VERSION")]
    if_match: Option<String>,
    #[command(flatten)]
    answer: AnswerArgs,
}

pub fn run(args: PatchArgs, session: &mut Session) -> Result<(), Failure> {
    let PatchArgs { resource_type, id, file, if_match, answer } = args;
    let tenant = session.tenant()?;
    let patch = tenant.read_patch(&read_body(&file)?)?;
    let options = answer.write_options(if_match.as_deref());
    let written = tenant.modify(&resource_type, &id, &patch, &options)?;
    if !written.changed {
        session.summary("nothing changed");
    }
    session.out.json(&written.representation.json)
}
