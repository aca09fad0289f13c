//! SCIM over HTTP through real sockets: who is let in, what is refused, and what no client can do to the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "http/abuse.rs"]
mod abuse;
#[path = "http/access.rs"]
mod access;
#[path = "http/answers.rs"]
mod answers;
#[path = "http/background.rs"]
mod background;
#[path = "http/browsers.rs"]
mod browsers;
#[path = "http/frames.rs"]
mod frames;
#[path = "http/harness.rs"]
mod harness;
#[path = "http/imports.rs"]
mod imports;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/operations.rs"]
mod operations;
#[path = "http/paths.rs"]
mod paths;
#[cfg(unix)]
#[path = "http/process.rs"]
mod process;
#[path = "http/tls.rs"]
mod tls;
