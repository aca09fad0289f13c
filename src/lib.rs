//! scimdb is the SQLite of identity: an embedded, in-process SCIM 2.0 store.

pub mod engine;
pub mod error;
pub mod filter;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod message;
pub mod model;
pub mod patch;
#[cfg(feature = "grpc")]
pub mod server;

pub use engine::{Store, StoreOptions, Tenant};
pub use error::{Error, ErrorKind, Result};
