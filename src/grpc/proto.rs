//! What the build made of `proto/scimdb/v1`: messages, servers, and clients for Rust programs.

// Generated code keeps its own style.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

tonic::include_proto!("scimdb.v1");

/// The descriptors of every file, encoded: what server reflection tells.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimdb.v1.bin"));
