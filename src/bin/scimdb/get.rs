//! `scimdb get`: one resource.

use clap::Args;

use crate::failure::Failure;
use crate::session::{AnswerArgs, Session};

/// Show one resource
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The resource type: User, Group, or one of your own
    #[arg(value_name = "TYPE")]
    resource_type: String,
    /// The resource's id
    id: String,
    #[command(flatten)]
    answer: AnswerArgs,
}

pub fn run(args: GetArgs, session: &mut Session) -> Result<(), Failure> {
    let GetArgs { resource_type, id, answer } = args;
    let found = session.tenant()?.get(&resource_type, &id, &answer.read_options())?;
    session.out.json(&found.json)
}
