//! What the network faces share: options, sockets and TLS, the gate that every call passes, and how a server stops.
//! It knows no protocol: neither gRPC nor SCIM's HTTP.
//!
//! A call reaches the store through [`Gate`] alone. There it is counted, held against the rate of its caller,
//! authenticated, held against the scope and the tenant of its token, given a deadline, carried out on a thread that may
//! block, and logged.

mod body;
mod call;
mod config;
mod connection;
mod feed;
mod gate;
mod listener;
mod metrics;
pub(crate) mod notify;
mod options;
mod peer;
mod places;
mod process;
mod rate;
mod stop;
mod streamed;
mod tls;
mod turns;
mod under_way;
mod visit;

pub use body::Body;
pub use call::{Call, Caller, DEFAULT_TENANT, Face, request_id, token};
pub use connection::Connection;
pub use gate::{Gate, Session, until};
pub use listener::Listener;
pub use metrics::{Connected, METRICS_TYPE};
pub use options::{DEFAULT_PORT, ServeOptions, TlsFiles};
pub use peer::Peer;
pub(crate) use process::{Asked, Signals, runtime};
pub use process::{LogFormat, start_logs};
pub use stop::{Stop, Stopper};
pub use streamed::{Feed, Streamed, streamed};
pub use tls::Certificates;
pub use visit::Visit;
