//! `scimdb replace`: one resource, whole, from JSON (RFC 7644 section 3.5.1).

use std::path::PathBuf;

use clap::Args;
use scimdb::message::ResourceInput;

use crate::failure::Failure;
use crate::session::{AnswerArgs, Session, read_body};

/// Replace a resource by a JSON file; what the file leaves out is cleared
#[derive(Args, Debug)]
pub struct ReplaceArgs {
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

pub fn run(args: ReplaceArgs, session: &mut Session) -> Result<(), Failure> {
    let ReplaceArgs { resource_type, id, file, if_match, answer } = args;
    let input = ResourceInput::from_json(&read_body(&file)?)?;
    let options = answer.write_options(if_match.as_deref());
    let written = session.tenant()?.replace(&resource_type, &id, input, &options)?;
    session.out.json(&written.representation.json)
}
