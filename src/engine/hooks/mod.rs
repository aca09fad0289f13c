//! What must hold across resources, one file per invariant, run in one visible order inside the transaction. And `host`:
//! what the program that embeds the store has to say.

mod external_ids;
mod host;
mod membership;
mod run;
mod uniqueness;

pub use host::{CommittedWrite, Decision, Hooks, ProposedWrite, refusal};
pub(super) use run::{Effects, Scope, Write, run};
