//! The daemon: one port for both network faces, from the socket to the last answer.
//!
//! ```no_run
//! # async fn example() -> scimdb::Result<()> {
//! use scimdb::daemon::Server;
//! use scimdb::server::ServeOptions;
//!
//! let store = scimdb::Store::open("people", scimdb::StoreOptions::default())?;
//! let server = Server::bind(store, ServeOptions::default()).await?;
//! println!("http://{0}/scim/v2, and gRPC on {0}", server.address());
//! server.serve(std::future::pending()).await
//! # }
//! ```

mod background;
mod connections;
mod logs;
mod serve;
mod traffic;

pub use background::{Background, is_server_thread};
pub use logs::{Level, Log};
pub use serve::{Server, run, serve};
