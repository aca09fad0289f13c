//! Imports that are queued: taken in as a stream, kept on the disk, carried out by a thread of the store in the order in
//! which they came, and gone on with after a crash. No user is imported twice, since a chunk of users and how far the
//! import has come are one commit.
//!
//! `intake` takes one in, `worker` carries out what waits in `turns`, chunk by chunk: `prepare` binds the users, `chunk`
//! stores them. `sweep` removes what a broken import left, `forget` what is to be forgotten.

mod check;
mod chunk;
mod forget;
mod intake;
mod job;
mod look;
mod places;
mod prepare;
mod resume;
mod sweep;
mod turns;
mod worker;

pub(super) use check::check_jobs;
pub(super) use forget::forget_in_jobs;
pub use job::{ImportJob, ImportJobOptions};
pub(super) use resume::interrupted;
pub(super) use worker::{Jobs, Means};
