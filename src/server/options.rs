//! How a store is served, and what is refused from the start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

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
    /// `tls-client-ca`: a PEM file of authorities. With it, every client needs a certificate of one of them. Default none.
    pub tls_client_ca: Option<PathBuf>,
    /// `require-tokens`: whether every call needs a bearer token. Without it, a call without a token may do everything;
    /// a token that is sent is checked nevertheless. Default false.
    pub require_tokens: bool,
    /// `max-message-bytes`: the size of a message, of either direction: stops one that fills the memory. Default 16 MiB.
    pub max_message_bytes: usize,
    /// `max-body-bytes`: the size of the body of an HTTP request, told to clients as `maxPayloadSize`. Default 1 MiB.
    pub max_body_bytes: usize,
    /// `max-buffered-bytes`: bodies of HTTP requests that are held at one time; what is beyond is told to come back.
    /// Default 64 MiB.
    pub max_buffered_bytes: usize,
    /// `max-requests`: unary calls at one time, waiting ones included; further ones are told to come back. Default 256.
    pub max_requests: usize,
    /// `max-streams`: streams at one time, each of which holds a snapshot or a thread. Default 64.
    pub max_streams: usize,
    /// `max-connections`: connections at one time; further ones wait to be accepted. Default 1,024.
    pub max_connections: usize,
    /// `max-connections-per-address`: of those, how many one address may have (for IPv6, one /64 network); further ones are
    /// closed. Default half of them, and all of them for this machine, where a proxy may bring everybody.
    pub max_connections_per_address: Option<usize>,
    /// `workers`: unary calls that the store works on at one time. Default four for each processor, at least 8.
    pub workers: usize,
    /// `request-timeout`: how long a unary call may take; a client's deadline shortens it. Default 60 s.
    pub request_timeout: Duration,
    /// `keepalive`: after how much silence a connection is probed; one that does not answer within 10 s is closed.
    /// Default 30 s.
    pub keepalive: Duration,
    /// `stall-timeout`: how long a connection may stand still where its client has to go on: before the headers of a
    /// request are complete, between requests of HTTP/1.1, and while bytes wait to be read. Default 75 s: balancers keep connections for 60 s.
    pub stall_timeout: Duration,
    /// `rate-limit`: requests a second of one token, and of one address without a token. Default none.
    pub rate_limit: Option<u32>,
    /// `rate-burst`: requests at once, of a caller that was silent before. Default as many as in a second.
    pub rate_burst: Option<u32>,
    /// `public-url`: what clients call the server, such as `https://id.example.com`: locations begin with it. Default
    /// none: they begin with the host that a request names.
    pub public_url: Option<String>,
    /// `forwarded-headers`: whether `Forwarded`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-For` are
    /// believed. Only for servers that a proxy alone can reach, and only with `require_tokens`. Default false.
    pub forwarded_headers: bool,
    /// `documentation-url`: where people find help, told as `documentationUri`. Default none.
    pub documentation_url: Option<String>,
    /// `gzip-above`: the bytes above which an answer over HTTP is compressed for clients that accept it. Default 1,024.
    pub gzip_above: usize,
    /// `metrics-by-tenant`: whether the metrics name tenants. Default false.
    pub metrics_by_tenant: bool,
    /// `stop-delay`: how long the server goes on when it is asked to stop, while it tells that it is not ready: what
    /// balances the load has to notice. Default 0 s.
    pub stop_delay: Duration,
    /// `drain`: how long calls under way may take to end when the server stops. Default 20 s.
    pub drain: Duration,
    /// `development`: serves a page at `/` that searches the store from a browser; on loopback only, and not behind a
    /// proxy. Default false.
    pub development: bool,
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
            tls_client_ca: None,
            require_tokens: false,
            max_message_bytes: 16 << 20,
            max_body_bytes: 1 << 20,
            max_buffered_bytes: 64 << 20,
            max_requests: 256,
            max_streams: 64,
            max_connections: 1_024,
            max_connections_per_address: None,
            workers: (4 * processors).max(8),
            request_timeout: Duration::from_secs(60),
            keepalive: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(75),
            rate_limit: None,
            rate_burst: None,
            public_url: None,
            forwarded_headers: false,
            documentation_url: None,
            gzip_above: 1_024,
            metrics_by_tenant: false,
            stop_delay: Duration::ZERO,
            drain: Duration::from_secs(20),
            development: false,
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
        if self.development && !self.address.ip().is_loopback() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{} is reached from other machines: leave development out, or listen on 127.0.0.1",
                    self.address
                ),
            ));
        }
        let positive = [
            ("max-message-bytes", self.max_message_bytes),
            ("max-body-bytes", self.max_body_bytes),
            ("max-buffered-bytes", self.max_buffered_bytes),
            ("max-requests", self.max_requests),
            ("max-streams", self.max_streams),
            ("max-connections", self.max_connections),
            ("max-connections-per-address", self.max_connections_per_address.unwrap_or(1)),
            ("workers", self.workers),
        ];
        for (name, value) in positive {
            // More than this is no limit, and more than a semaphore counts.
            if value == 0 || value > u32::MAX as usize {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} must be from 1 to {}", u32::MAX)));
            }
        }
        let durations = [
            ("request-timeout", self.request_timeout),
            ("keepalive", self.keepalive),
            ("stall-timeout", self.stall_timeout),
            ("drain", self.drain),
        ];
        for (name, value) in durations {
            if value.is_zero() || value > Duration::from_secs(86_400) {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} must be from above 0 to a day")));
            }
        }
        self.check_together()
    }

    /// Refuses what makes no sense together, or as text.
    fn check_together(&self) -> Result<()> {
        let refuse = |detail: &str| Err(Error::new(ErrorKind::InvalidArgument, detail));
        if self.forwarded_headers && !self.require_tokens {
            return refuse("forwarded-headers needs require-tokens: what a proxy passes on comes from anybody");
        }
        if self.development && (self.forwarded_headers || self.public_url.is_some()) {
            return refuse(
                "development is for this machine alone: leave it out, or leave out forwarded-headers and public-url",
            );
        }
        if self.max_body_bytes > self.max_buffered_bytes {
            return refuse("max-buffered-bytes must be at least max-body-bytes: no body of that size could be read");
        }
        if self.tls_client_ca.is_some() && self.tls.is_none() {
            return refuse("tls-client-ca needs tls-certificate and tls-key: only TLS shows certificates of clients");
        }
        if self.rate_limit == Some(0) || self.rate_burst == Some(0) {
            return refuse("rate-limit and rate-burst must be 1 or more; leave them out to limit nothing");
        }
        if self.rate_burst.is_some() && self.rate_limit.is_none() {
            return refuse("rate-burst needs rate-limit: how fast the burst is made up for");
        }
        if self.stop_delay > Duration::from_secs(3_600) {
            return refuse("stop-delay must be an hour at most");
        }
        if self.public_url.as_deref().is_some_and(|url| !is_base(url)) {
            return refuse("public-url is written as https://id.example.com, with a path behind it if there is one");
        }
        if self.documentation_url.as_deref().is_some_and(|url| web(url).is_none()) {
            return refuse("documentation-url is written as https://help.example.com/scim");
        }
        Ok(())
    }
}

/// Whether paths can be put behind a URL: it has no query and no fragment.
fn is_base(url: &str) -> bool {
    !url.contains(['?', '#']) && web(url).is_some()
}

/// A URL of HTTP with a host, a port if there is a colon, and no user. None if it is not that, or has characters that no
/// URL has (RFC 3986 section 2).
fn web(url: &str) -> Option<Uri> {
    let is_character = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !url.bytes().all(is_character) || !url.split('%').skip(1).all(is_escape) {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let is_port = authority.as_str() == authority.host() || authority.port_u16().is_some();
    let is_sound = is_port && !authority.host().is_empty() && !authority.as_str().contains('@');
    (is_sound && matches!(uri.scheme_str(), Some("http" | "https"))).then_some(uri)
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
    fn development_stays_on_loopback() {
        let tls = || Some(TlsFiles { certificate: "a.pem".into(), key: "b.pem".into() });
        assert_eq!(refusal(|o| o.development = true), None);
        let open = "0.0.0.0:7644".parse().unwrap();
        let refused = refusal(|o| (o.address, o.tls, o.require_tokens, o.development) = (open, tls(), true, true));
        assert!(refused.unwrap().contains("leave development out"));
    }

    #[test]
    fn limits_of_nothing_are_refused() {
        assert!(refusal(|o| o.max_streams = 0).unwrap().starts_with("max-streams"));
        assert!(refusal(|o| o.drain = Duration::ZERO).unwrap().starts_with("drain"));
        assert!(refusal(|o| o.max_body_bytes = 1 << 30).unwrap().starts_with("max-buffered-bytes"));
        assert!(refusal(|o| o.rate_limit = Some(0)).unwrap().starts_with("rate-limit"));
        assert!(refusal(|o| o.rate_burst = Some(5)).unwrap().starts_with("rate-burst needs"));
        assert!(refusal(|o| o.tls_client_ca = Some("ca.pem".into())).unwrap().starts_with("tls-client-ca"));
        assert_eq!(refusal(|o| (o.rate_limit, o.rate_burst) = (Some(5), Some(50))), None);
    }

    #[test]
    fn a_public_url_is_one() {
        for good in ["https://id.example.com", "http://localhost:8080/identity/", "https://[::1]:1", "https://x/%C3%a9"]
        {
            assert_eq!(refusal(|o| o.public_url = Some(good.into())), None, "{good}");
        }
        for bad in [
            "",
            "id.example.com",
            "/scim",
            "https://",
            "https:///scim",
            "https://:1",
            "ftp://x",
            "javascript:x",
            "https://x?y",
            "https://x?",
            "https://x#y",
            "https://x\r\ny: z",
            "https://a@b",
            "https://a:b@c",
            "https://x:y",
            "https://x:",
            "https://x:65536",
            "https://x/z%zz",
            "https://x/%1",
            "https://x/{y}",
            "https://x y",
        ] {
            assert!(refusal(|o| o.public_url = Some(bad.into())).unwrap().starts_with("public-url"), "{bad}");
        }
    }

    #[test]
    fn help_is_on_the_web() {
        assert_eq!(refusal(|o| o.documentation_url = Some("https://example.com/help?of=scim#tokens".into())), None);
        for bad in ["", "javascript:x", "help", "https://a@b", "https://x:y/z", "file:///etc/passwd"] {
            let refused = refusal(|o| o.documentation_url = Some(bad.into()));
            assert!(refused.unwrap().starts_with("documentation-url"), "{bad}");
        }
    }

    #[test]
    fn what_a_proxy_passes_on_needs_tokens() {
        assert!(refusal(|o| o.forwarded_headers = true).unwrap().starts_with("forwarded-headers needs require-tokens"));
        assert_eq!(refusal(|o| (o.forwarded_headers, o.require_tokens) = (true, true)), None);
        let proxied = refusal(|o| (o.forwarded_headers, o.require_tokens, o.development) = (true, true, true));
        assert!(proxied.unwrap().starts_with("development"));
        let public = refusal(|o| (o.public_url, o.development) = (Some("https://id.example.com".into()), true));
        assert!(public.unwrap().starts_with("development"));
    }
}
