//! `scimdb create`: one resource, from JSON.

use std::path::PathBuf;

use clap::Args;
use scimdb::engine::WriteOptions;
use scimdb::message::ResourceInput;

use crate::failure::Failure;
use crate::session::{AnswerArgs, Session, read_body};

/// Create a resource from a JSON file
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The resource type: User, Group, or one of your own
    #[arg(value_name = "TYPE")]
    resource_type: String,
    /// The file; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The id of the new resource [default: a new UUID]
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    answer: AnswerArgs,
}

pub fn run(args: CreateArgs, session: &mut Session) -> Result<(), Failure> {
    let CreateArgs { resource_type, file, id, answer } = args;
    let input = ResourceInput::from_json(&read_body(&file)?)?;
    let options = WriteOptions { id, ..answer.write_options(None) };
    let created = session.tenant_or_create()?.create(&resource_type, input, &options)?;
    session.out.json(&created.json)
}
