//! One store in several processes: the first to open it holds it, and answers the calls of the others over this machine's
//! loopback. When it is gone, the next call in any of them takes its place. For hosts that are forked into workers.
//!
//! What a call is, this module does not know: it carries a function's name and arguments there, and its values or its
//! error back. [`Shared::call`] says whether the store is held here, so that the host carries the call out itself.
//!
//! What takes several calls, an iterator say, has a connection of its own: [`Shared::begin`].
//!
//! Between the processes goes a frame each way, over a connection that both sides have proved themselves on by a secret.
//! It stands in the file `share` in the store's directory, which only the user who holds the store can read.

mod answer;
mod channel;
mod frame;
mod held;
mod link;
mod note;
mod prove;
mod shared;

pub use answer::{Answerer, Session, Values};
pub use channel::Channel;
pub use shared::{Begun, Called, Nature, Shared};
