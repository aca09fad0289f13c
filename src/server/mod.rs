//! What the network faces share: options, sockets and TLS, the gate that every call passes, and how a server stops.
//! It knows no protocol: neither gRPC nor SCIM's HTTP.
//!
//! A call reaches the store through [`Gate`] alone. There it is counted, authenticated, held against the scope and the
//! tenant of its token, given a deadline, carried out on a thread that may block, and logged.

mod call;
mod connection;
mod feed;
mod gate;
mod lines;
mod listener;
mod options;
mod process;
mod stop;
mod tls;

pub use call::{Call, Caller, DEFAULT_TENANT, bearer, request_id};
pub use connection::Connection;
pub use gate::{Gate, Session, until};
pub use lines::{Line, Lines, MAX_LINE};
pub use listener::Listener;
pub use options::{DEFAULT_PORT, ServeOptions, TlsFiles};
pub use process::{LogFormat, start_logs};
pub(crate) use process::{Signals, runtime};
pub use stop::{Stop, Stopper};
