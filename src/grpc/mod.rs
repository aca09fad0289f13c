//! The gRPC face: `scimdb.v1` (`proto/scimdb/v1`), with health, reflection, and errors as `google.rpc` details.
//!
//! It translates messages and nothing else: what a verb means is decided in [`engine`](crate::engine), and who may call
//! it in [`server`](crate::server). It knows neither tables nor JSON.
//!
//! ```no_run
//! # async fn example() -> scimdb::Result<()> {
//! use scimdb::daemon::Server;
//! use scimdb::server::ServeOptions;
//!
//! let store = scimdb::Store::open("people", scimdb::StoreOptions::default())?;
//! let server = Server::bind(store, ServeOptions::default()).await?;
//! println!("listening on {}", server.address());
//! server.serve(std::future::pending()).await
//! # }
//! ```

mod admin_service;
mod call;
mod convert;
mod import;
mod intake;
mod jobs;
pub mod proto;
mod protocol_service;
mod resource_service;
mod schema_service;
mod services;
mod status;
mod stream_list;
mod upload;
mod watch;

pub(crate) use intake::admit;
pub(crate) use services::Services;
pub use status::ERROR_DOMAIN;
