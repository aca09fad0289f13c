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
//! Who the caller is, the host decides before: see [`required_scope`] for what a request needs. So this is all that it
//! takes to mount an endpoint in a web framework that speaks the types of the crate `http`, as most do:
//!
//! ```
//! use http::{Request, Response};
//! use scimdb::engine::Scope;
//! use scimdb::protocol::{self, Context, answer_error, handle, required_scope};
//! use scimdb::{Error, ErrorKind, Tenant};
//!
//! /// Answers a request for a path below `/scim/v2`. The framework has read its body, up to a limit, and knows its caller.
//! fn scim(tenant: &Tenant, request: &Request<Vec<u8>>, caller: &str, scope: Scope) -> Response<String> {
//!     let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
//!     let target = path.strip_prefix("/scim/v2").unwrap_or(path);
//!     let method = request.method().as_str();
//!     let headers = request.headers().iter();
//!     let headers: Vec<(&str, &str)> =
//!         headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
//!     let answer = if scope >= required_scope(method, target) {
//!         let base = "https://example.com/scim/v2".to_owned();
//!         let context = Context { base, actor: Some(caller.to_owned()), ..Context::default() };
//!         handle(tenant, &protocol::Request { method, target, headers: &headers, body: request.body() }, &context)
//!     } else {
//!         answer_error(&Error::new(ErrorKind::Forbidden, "this token only reads"))
//!     };
//!     let mut response = Response::builder().status(answer.status);
//!     for (name, value) in answer.headers {
//!         response = response.header(name, value);
//!     }
//!     response.body(answer.body).expect("a status and headers that can be sent")
//! }
//! #
//! # let tenant = scimdb::Store::open_in_memory(scimdb::StoreOptions::default())?.tenant("default")?;
//! # let request = |method: &str| Request::builder().method(method).uri("/scim/v2/Users?count=0").body(Vec::new());
//! # assert_eq!(scim(&tenant, &request("GET").unwrap(), "a test", Scope::Read).status(), 200);
//! # assert_eq!(scim(&tenant, &request("POST").unwrap(), "a test", Scope::Read).status(), 403);
//! # assert_eq!(scim(&tenant, &request("POST").unwrap(), "a test", Scope::Write).status(), 400);
//! # Ok::<(), scimdb::Error>(())
//! ```

mod bulk;
mod context;
mod discovery;
mod explain;
mod forget;
mod handle;
mod headers;
mod import;
mod me;
mod parameters;
mod request;
mod resources;
mod respond;
mod route;
mod search;
mod sensitive;

pub use context::{AuthenticationScheme, Context};
pub use explain::explain;
pub use handle::{
    answer_error, handle, is_look_up, required_scope, takes_stream, too_large, try_handle, try_handle_stream,
};
pub use headers::{bearer, challenge};
pub use import::import_job_options;
pub use request::{Request, Response};
