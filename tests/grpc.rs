//! The gRPC service through a real socket and a real client, over a store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "grpc/access.rs"]
mod access;
#[path = "grpc/administration.rs"]
mod administration;
#[path = "grpc/harness.rs"]
mod harness;
#[path = "grpc/intake.rs"]
mod intake;
#[path = "grpc/limits.rs"]
mod limits;
#[path = "grpc/protocol.rs"]
mod protocol;
#[path = "grpc/streams.rs"]
mod streams;
#[path = "grpc/transport.rs"]
mod transport;
#[path = "grpc/verbs.rs"]
mod verbs;
