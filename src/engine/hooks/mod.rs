//! What must hold across resources, one file per invariant, run in one visible order inside the transaction.

mod external_ids;
mod host;
mod membership;
mod run;
mod uniqueness;

pub use host::{CommittedWrite, Decision, Hooks, ProposedWrite, refusal};
pub(super) use run::{Scope, Write, run};
