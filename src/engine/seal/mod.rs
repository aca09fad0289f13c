//! Encryption at rest of the values that a profile names. In memory they are clear, as everybody sees them: clients, hooks,
//! exports. They are sealed when a row is stored, and opened when it is read (`rows`). Rows that are only looked at by a
//! filter stay sealed: its equalities become digests (`filter`). Indexes hold digests alone.
//!
//! Which elements are encrypted may be told by other resources; when one of those changes its mind, what is stored is
//! sealed or opened with it (`change`). Users of imports wait sealed (`chunks`). Keys are replaced by sealing everything
//! again (`rotate`).

mod change;
mod chunks;
mod filter;
mod rotate;
mod rows;

pub(super) use change::{follow_flag, reconcile};
pub(super) use chunks::{open_chunk, seal_chunk};
pub(super) use filter::{bind, check_order};
pub(super) use rotate::open_keys;
pub(super) use rows::{Need, encode, open, targets, tells};
