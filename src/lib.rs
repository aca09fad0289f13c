//! scimdb is the SQLite of identity: an embedded, in-process SCIM 2.0 store.

pub mod error;
pub mod model;

pub use error::{Error, ErrorKind, Result};
