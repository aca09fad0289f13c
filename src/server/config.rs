//! How a store is served, as a JSON document: for hosts that are written in other languages.

use std::time::Duration;

use super::{ServeOptions, TlsFiles};
use crate::message::Part;
use crate::{Error, ErrorKind, Result};

/// Every name that a document may have: the settings of the command line, in camelCase.
const NAMES: &[&str] = &[
    "address",
    "tlsCertificate",
    "tlsKey",
    "tlsClientCa",
    "requireTokens",
    "publicUrl",
    "forwardedHeaders",
    "documentationUrl",
    "rateLimit",
    "rateBurst",
    "maxBodyBytes",
    "maxBufferedBytes",
    "gzipAbove",
    "metricsByTenant",
    "maxMessageBytes",
    "maxRequests",
    "maxStreams",
    "maxConnections",
    "maxConnectionsPerAddress",
    "workers",
    "requestTimeoutSeconds",
    "keepaliveSeconds",
    "stallTimeoutSeconds",
    "drainSeconds",
    "development",
];

impl ServeOptions {
    /// Reads the options of a server in a host's process: an object with the settings of `scimdb serve` in camelCase, and
    /// `Seconds` behind the name of a time. What is absent is as in [`ServeOptions::default`], but for two: the address is a
    /// free port of this machine, and tokens are required, since a host may have users of its own on the machine.
    ///
    /// ```
    /// use scimdb::server::ServeOptions;
    /// let options = ServeOptions::from_json(br#"{"address": "127.0.0.1:8080", "rateLimit": 50}"#)?;
    /// assert!(options.require_tokens);
    /// assert_eq!(options.rate_limit, Some(50));
    /// assert!(ServeOptions::from_json(br#"{"adress": "127.0.0.1:8080"}"#).is_err());
    /// # Ok::<(), scimdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` for what is no such object: an unknown name, a value of the wrong type or out of range.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let options = read(json).map_err(|error| {
            let told = Error::new(ErrorKind::InvalidArgument, error.detail());
            match error.attribute() {
                Some(attribute) => told.on(attribute),
                None => told,
            }
        })?;
        options.check()?;
        Ok(options)
    }
}

fn read(json: &[u8]) -> Result<ServeOptions> {
    let mut part = Part::from_json(json, "the server's configuration")?;
    let mut options = ServeOptions { require_tokens: true, ..ServeOptions::default() };
    let wrong = |part: &Part, name: &str, detail: &str| part.error(ErrorKind::InvalidArgument, name, detail);
    options.address.set_port(0);
    if let Some(address) = part.take_string("address")? {
        let parsed = address.parse();
        options.address = parsed.map_err(|_| wrong(&part, "address", "is an IP address and a port: 127.0.0.1:8080"))?;
    }
    options.tls = match (part.take_string("tlsCertificate")?, part.take_string("tlsKey")?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
        _ => return Err(wrong(&part, "tlsCertificate", "and tlsKey are set together")),
    };
    options.tls_client_ca = part.take_string("tlsClientCa")?.map(Into::into);
    options.public_url = part.take_string("publicUrl")?;
    options.documentation_url = part.take_string("documentationUrl")?;
    set(&mut options.require_tokens, part.take_boolean("requireTokens")?);
    set(&mut options.forwarded_headers, part.take_boolean("forwardedHeaders")?);
    set(&mut options.metrics_by_tenant, part.take_boolean("metricsByTenant")?);
    set(&mut options.development, part.take_boolean("development")?);
    options.rate_limit = number(&mut part, "rateLimit")?;
    options.rate_burst = number(&mut part, "rateBurst")?;
    options.max_connections_per_address = number(&mut part, "maxConnectionsPerAddress")?;
    set(&mut options.max_body_bytes, number(&mut part, "maxBodyBytes")?);
    set(&mut options.max_buffered_bytes, number(&mut part, "maxBufferedBytes")?);
    set(&mut options.gzip_above, number(&mut part, "gzipAbove")?);
    set(&mut options.max_message_bytes, number(&mut part, "maxMessageBytes")?);
    set(&mut options.max_requests, number(&mut part, "maxRequests")?);
    set(&mut options.max_streams, number(&mut part, "maxStreams")?);
    set(&mut options.max_connections, number(&mut part, "maxConnections")?);
    set(&mut options.workers, number(&mut part, "workers")?);
    set(&mut options.request_timeout, seconds(&mut part, "requestTimeoutSeconds")?);
    set(&mut options.keepalive, seconds(&mut part, "keepaliveSeconds")?);
    set(&mut options.stall_timeout, seconds(&mut part, "stallTimeoutSeconds")?);
    set(&mut options.drain, seconds(&mut part, "drainSeconds")?);
    part.finish(NAMES)?;
    Ok(options)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn number<T: TryFrom<i64>>(part: &mut Part, name: &str) -> Result<Option<T>> {
    let Some(number) = part.take_integer(name)? else { return Ok(None) };
    T::try_from(number).map(Some).map_err(|_| part.error(ErrorKind::InvalidArgument, name, "is out of range"))
}

fn seconds(part: &mut Part, name: &str) -> Result<Option<Duration>> {
    Ok(number(part, name)?.map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read() {
        let json = r#"{"address": "0.0.0.0:1", "tlsCertificate": "a", "tlsKey": "b", "tlsClientCa": "c",
            "requireTokens": true, "publicUrl": "https://x", "forwardedHeaders": true, "documentationUrl": "https://y",
            "rateLimit": 1, "rateBurst": 2, "maxBodyBytes": 3, "maxBufferedBytes": 4, "gzipAbove": 5,
            "metricsByTenant": true, "maxMessageBytes": 6, "maxRequests": 7, "maxStreams": 8, "maxConnections": 9,
            "maxConnectionsPerAddress": 10, "workers": 11, "requestTimeoutSeconds": 12, "keepaliveSeconds": 13,
            "stallTimeoutSeconds": 14, "drainSeconds": 15, "development": false}"#;
        let seconds = Duration::from_secs;
        let expected = ServeOptions {
            address: "0.0.0.0:1".parse().unwrap(),
            tls: Some(TlsFiles { certificate: "a".into(), key: "b".into() }),
            tls_client_ca: Some("c".into()),
            require_tokens: true,
            public_url: Some("https://x".into()),
            forwarded_headers: true,
            documentation_url: Some("https://y".into()),
            rate_limit: Some(1),
            rate_burst: Some(2),
            max_body_bytes: 3,
            max_buffered_bytes: 4,
            gzip_above: 5,
            metrics_by_tenant: true,
            max_message_bytes: 6,
            max_requests: 7,
            max_streams: 8,
            max_connections: 9,
            max_connections_per_address: Some(10),
            workers: 11,
            request_timeout: seconds(12),
            keepalive: seconds(13),
            stall_timeout: seconds(14),
            drain: seconds(15),
            stop_delay: Duration::ZERO,
            development: false,
        };
        assert_eq!(ServeOptions::from_json(json.as_bytes()).unwrap(), expected);
        for name in NAMES {
            assert!(json.contains(&format!("\"{name}\":")), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let options = ServeOptions::from_json(b"{}").unwrap();
        assert_eq!((options.address.port(), options.require_tokens), (0, true));
        let cases = [
            ("", ""),
            ("[]", "the server's configuration"),
            (r#"{"adress": "127.0.0.1:0"}"#, "did you mean address?"),
            (r#"{"address": 80}"#, "address"),
            (r#"{"address": "localhost:80"}"#, "127.0.0.1:8080"),
            (r#"{"tlsKey": "x"}"#, "set together"),
            (r#"{"workers": -1}"#, "workers is out of range"),
            (r#"{"workers": 0}"#, "workers must be"),
            (r#"{"drainSeconds": 1.5}"#, "drainSeconds"),
            (r#"{"address": "0.0.0.0:0"}"#, "tls-certificate"),
        ];
        for (json, expected) in cases {
            let error = ServeOptions::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{json}: {error}");
            assert!(error.detail().contains(expected), "{json}: {error}");
        }
    }
}
