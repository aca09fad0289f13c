//! The HTTP face: SCIM's endpoint (RFC 7644) as a thin shell over [`protocol`](crate::protocol), and what operators ask.
//!
//! It reads requests and writes answers. What they mean is decided in `protocol`, and who may send them in
//! [`server`](crate::server).

mod browsers;
mod encode;
mod endpoint;
mod explorer;
mod intake;
mod mount;
mod operations;
mod origin;

pub(crate) use browsers::check_name;
pub(crate) use endpoint::{Endpoint, Page};
pub(crate) use origin::client;
