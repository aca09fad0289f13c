//! scimdb is the SQLite of identity: an embedded, in-process SCIM 2.0 store.
//!
//! A [`Store`] is a directory; a [`Tenant`] of it has resources, schemas and a change log of its own. Every verb of SCIM
//! (RFC 7643, RFC 7644) is a method that blocks until it is done, and a write is durable when it returns.
//!
//! ```
//! use scimdb::engine::WriteOptions;
//! use scimdb::message::{ResourceInput, SearchRequest, parse_patch};
//! use scimdb::{Store, StoreOptions};
//!
//! fn main() -> scimdb::Result<()> {
//!     let store = Store::open_in_memory(StoreOptions::default())?;
//!     let tenant = store.tenant("default")?;
//!
//!     let user = br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com", "active": true}"#;
//!     let ann = tenant.create("User", ResourceInput::from_json(user)?, &WriteOptions::default())?;
//!
//!     let patch = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!         "Operations": [{"op": "add", "path": "emails", "value": [{"type": "work", "value": "ann@example.com"}]}]}"#;
//!     tenant.modify("User", &ann.id, &parse_patch(patch)?, &WriteOptions::default())?;
//!
//!     let filter = Some("emails[type eq \"work\" and value ew \"@example.com\"]".to_owned());
//!     let page = tenant.search(Some("User"), &SearchRequest { filter, ..SearchRequest::default() })?;
//!     for found in &page.resources {
//!         println!("{}", found.json);
//!     }
//!     tenant.delete("User", &ann.id, &WriteOptions::default())?;
//!     store.close()
//! }
//! ```
//!
//! `Store::open` takes a directory instead.
//!
//! [`Tenant::search`] is answered from an index where a resource type has many resources. It is made and kept up to date
//! in the background, from the schemas alone: [`IndexOptions`](engine::IndexOptions) says when, and
//! [`Tenant::explain`] how a search was answered. A search is right without it, too.
//!
//! The modules:
//!
//! - [`engine`]: the store and its verbs
//! - [`message`]: SCIM's JSON messages, in and out
//! - [`filter`] and [`patch`]: the query language, and PATCH
//! - [`profile`]: what a tenant is told to be
//! - [`model`]: attributes, schemas, resource types, values
//! - [`protocol`]: SCIM over HTTP as a function, for hosts with a web server of their own
//! - [`error`]: the one error type, and the table by which faces translate it
//! - `share`, with the feature `ffi`: one store in several processes
//! - `daemon`, `grpc` and `server`, with the feature `server`: the network service

#[cfg(test)]
extern crate self as scimdb;

#[cfg(feature = "server")]
pub mod daemon;
pub mod engine;
pub mod error;
#[cfg(feature = "ffi")]
mod ffi;
pub mod filter;
#[cfg(feature = "server")]
pub mod grpc;
#[cfg(feature = "server")]
mod http;
pub mod message;
pub mod model;
pub mod patch;
pub mod profile;
pub mod protocol;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "ffi")]
pub mod share;

pub use engine::{Store, StoreOptions, Tenant};
pub use error::{Error, ErrorKind, Result};
