//! SCIM's protocol (RFC 7644) as a function: [`handle`] takes a request and gives the answer. No socket, no thread and
//! no framework is behind it, so that any host can mount a SCIM endpoint in its own web server.
//!
//! ```
//! use scimdb::protocol::{Context, Request, handle};
//! use scimdb::{Store, StoreOptions};
//!
//! let tenant = Store::open_in_memory(StoreOptions::default())?.tenant("default")?;
//! let context = Context { base: "https://example.com/scim/v2".to_owned(), ..Context::default() };
//! let user = br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}"#;
//! let headers = [("content-type", "application/scim+json")];
//! let request = Request { method: "POST", target: "/Users", headers: &headers, body: user };
//! let created = handle(&tenant, &request, &context);
//! assert_eq!(created.status, 201);
//! assert!(created.header("location").unwrap().starts_with("https://example.com/scim/v2/Users/"));
//!
//! let filter = Request { method: "GET", target: "/Users?filter=userName+eq+%22ann%22", headers: &[], body: b"" };
//! assert!(handle(&tenant, &filter, &context).body.contains("\"totalResults\":1"));
//! # Ok::<(), scimdb::Error>(())
//! ```
//!
//! Who the caller is, the host decides before: see [`required_scope`] for what a request needs.

mod bulk;
mod context;
mod discovery;
mod handle;
mod headers;
mod me;
mod parameters;
mod request;
mod resources;
mod respond;
mod route;
mod search;
mod sensitive;

pub use context::{AuthenticationScheme, Context};
pub use handle::{answer_error, handle, required_scope, too_large, try_handle};
pub use request::{Request, Response};
