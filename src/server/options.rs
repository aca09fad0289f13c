//! How a store is served, and what is refused from the start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// The default port: the number of the SCIM protocol's RFC.
pub const DEFAULT_PORT: u16 = 7644;

/// How a store is served. The comments name the setting as the command line, the environment and the configuration
/// file spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeOptions {
    /// `address`: where to listen. Port 0 takes any free port. Default 127.0.0.1:7644.
    pub address: SocketAddr,
    /// `tls-certificate` and `tls-key`: TLS, if there is one. Default none.
    pub tls: Option<TlsFiles>,
    /// `require-tokens`: whether every call needs a bearer token. Without it, a call without a token may do everything;
    /// a token that is sent is checked nevertheless. Default false.
    pub require_tokens: bool,
    /// `max-message-bytes`: the size of a message, of either direction: stops one that fills the memory. Default 16 MiB.
    pub max_message_bytes: usize,
    /// `max-requests`: unary calls at one time, waiting ones included; further ones are told to come back. Default 256.
    pub max_requests: usize,
    /// `max-streams`: streams at one time, each of which holds a snapshot or a thread. Default 64.
    pub max_streams: usize,
    /// `max-connections`: connections at one time; further ones wait to be accepted. Default 1,024.
    pub max_connections: usize,
    /// `workers`: unary calls that the store works on at one time. Default four for each processor, at least 8.
    pub workers: usize,
    /// `request-timeout`: how long a unary call may take; a client's deadline shortens it. Default 60 s.
    pub request_timeout: Duration,
    /// `keepalive`: after how much silence a connection is probed; one that does not answer within 10 s is closed.
    /// Default 30 s.
    pub keepalive: Duration,
    /// `drain`: how long calls under way may take to end when the server stops. Default 20 s.
    pub drain: Duration,
}

/// The files of TLS, in PEM form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and the chain to its authority after it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Default for ServeOptions {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        ServeOptions {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            tls: None,
            require_tokens: false,
            max_message_bytes: 16 << 20,
            max_requests: 256,
            max_streams: 64,
            max_connections: 1_024,
            workers: (4 * processors).max(8),
            request_timeout: Duration::from_secs(60),
            keepalive: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

impl ServeOptions {
    /// Refuses what would not be safe, or would not work.
    ///
    /// # Errors
    /// `InvalidArgument`, saying what to set.
    pub fn check(&self) -> Result<()> {
        let mut missing = Vec::new();
        if self.tls.is_none() {
            missing.push("tls-certificate and tls-key");
        }
        if !self.require_tokens {
            missing.push("require-tokens");
        }
        if !self.address.ip().is_loopback() && !missing.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{} is reached from other machines: set {} as well, or listen on 127.0.0.1",
                    self.address,
                    missing.join(", and ")
                ),
            ));
        }
        let positive = [
            ("max-message-bytes", self.max_message_bytes),
            ("max-requests", self.max_requests),
            ("max-streams", self.max_streams),
            ("max-connections", self.max_connections),
            ("workers", self.workers),
        ];
        for (name, value) in positive {
            // More than this is no limit, and more than a semaphore counts.
            if value == 0 || value > u32::MAX as usize {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} must be from 1 to {}", u32::MAX)));
            }
        }
        let durations =
            [("request-timeout", self.request_timeout), ("keepalive", self.keepalive), ("drain", self.drain)];
        for (name, value) in durations {
            if value.is_zero() || value > Duration::from_secs(86_400) {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} must be from above 0 to a day")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut ServeOptions)) -> Option<String> {
        let mut options = ServeOptions::default();
        change(&mut options);
        options.check().err().map(|error| error.detail().to_owned())
    }

    #[test]
    fn beyond_loopback_needs_both_tls_and_tokens() {
        let tls = || Some(TlsFiles { certificate: "a.pem".into(), key: "b.pem".into() });
        let open: SocketAddr = "0.0.0.0:7644".parse().unwrap();
        assert_eq!(refusal(|_| {}), None);
        let both = refusal(|o| o.address = open).unwrap();
        assert!(both.contains("tls-certificate and tls-key, and require-tokens"), "{both}");
        let tokens = refusal(|o| (o.address, o.tls) = (open, tls())).unwrap();
        assert!(tokens.contains("set require-tokens as well"), "{tokens}");
        let certificate = refusal(|o| (o.address, o.require_tokens) = (open, true)).unwrap();
        assert!(certificate.contains("set tls-certificate and tls-key as well"), "{certificate}");
        assert_eq!(refusal(|o| (o.address, o.tls, o.require_tokens) = (open, tls(), true)), None);
        assert_eq!(refusal(|o| o.address = "[::1]:0".parse().unwrap()), None);
    }

    #[test]
    fn limits_of_nothing_are_refused() {
        assert!(refusal(|o| o.max_streams = 0).unwrap().starts_with("max-streams"));
        assert!(refusal(|o| o.drain = Duration::ZERO).unwrap().starts_with("drain"));
    }
}
