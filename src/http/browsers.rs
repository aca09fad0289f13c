//! What web pages may not do. A browser lets any page send requests to this machine, and a page may call a name of its
//! own this machine, to read the answers as well (DNS rebinding). So a server that asks for no tokens answers only to
//! names that nobody else can own, and requests of other pages are refused wherever no token vouches for them.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::{Authority, Uri};

use crate::server::ServeOptions;
use crate::{Error, ErrorKind, Result};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request to a server without tokens that calls it by a name that might be somebody else's.
///
/// # Errors
/// `Forbidden`, saying how to allow the name.
pub(crate) fn check_name(options: &ServeOptions, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    if options.require_tokens || is_called_by_its_name(options, uri, headers) {
        return Ok(());
    }
    let detail = "a server without tokens answers to localhost, to its own address and to the host of public-url only, \
                  so that no web page reaches it by a name of its own: call it by one of these, or serve with \
                  --public-url or --require-tokens";
    Err(Error::new(ErrorKind::Forbidden, detail))
}

/// Whether each host that a request names, if it names one, is this server's for certain.
pub(super) fn is_called_by_its_name(options: &ServeOptions, uri: &Uri, headers: &HeaderMap) -> bool {
    let in_target = uri.authority().is_none_or(|authority| is_own(options, authority.host()));
    in_target
        && headers.get_all(HOST).iter().all(|host| {
            let host = host.to_str().ok();
            // Clients that have no name for a server send an empty one. Browsers do not.
            host.is_some_and(|host| host.is_empty() || authority(host).is_some_and(|it| is_own(options, it.host())))
        })
}

/// Refuses a request without a token that a browser sends for the page of another server.
///
/// # Errors
/// `Forbidden`.
pub(super) fn check_page(options: &ServeOptions, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    // No page of another server can add a token: browsers ask first whether it may, and are not told so.
    if headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    let is_from_elsewhere = sites.any(|site| matches!(site.as_bytes(), b"cross-site" | b"same-site"));
    let mut origins = headers.get_all(ORIGIN).iter();
    let has_other_origin =
        origins.any(|origin| !origin.to_str().is_ok_and(|origin| is_same_origin(options, uri, headers, origin)));
    if is_from_elsewhere || has_other_origin {
        let detail = "a web page of another server may not send requests here without a token";
        return Err(Error::new(ErrorKind::Forbidden, detail));
    }
    Ok(())
}

/// Whether an origin (RFC 6454 section 7) has the host and the port that the request names, or that `public-url` does.
/// Schemes are not compared: a proxy may have ended TLS.
fn is_same_origin(options: &ServeOptions, uri: &Uri, headers: &HeaderMap, origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Some(sent) = authority(rest) else { return false };
    let is_same = |own: &Authority| {
        let port = |of: &Authority| of.port_u16().unwrap_or(default);
        own.host().eq_ignore_ascii_case(sent.host()) && port(own) == port(&sent)
    };
    let named = uri.authority().cloned().or_else(|| authority(headers.get(HOST)?.to_str().ok()?));
    named.as_ref().is_some_and(is_same) || public(options).as_ref().is_some_and(is_same)
}

/// Whether a host is this server's for certain: a name or an address of this machine, the address that it listens on,
/// or what its operator says that it is called.
fn is_own(options: &ServeOptions, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback()
            || address == options.address.ip().to_canonical()
            || public(options).is_some_and(|public| public.host() == host);
    }
    // RFC 6761 section 6.3: nobody else has these names.
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_local = name == "localhost" || name.ends_with(".localhost");
    is_local || public(options).is_some_and(|public| public.host().eq_ignore_ascii_case(&name))
}

fn public(options: &ServeOptions) -> Option<Authority> {
    options.public_url.as_deref()?.parse::<Uri>().ok()?.authority().cloned()
}

/// A host with a port or without. What stands for a user before it, nobody has to send.
fn authority(text: &str) -> Option<Authority> {
    text.parse().ok().filter(|_| !text.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> http::request::Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn names_that_nobody_else_has() {
        let options =
            ServeOptions { public_url: Some("https://id.example.com/a".to_owned()), ..ServeOptions::default() };
        let is_let_in = |uri: &str, headers: &[(&str, &str)]| {
            let parts = parts(uri, headers);
            check_name(&options, &parts.uri, &parts.headers).is_ok()
        };
        for good in [
            "localhost",
            "LOCALHOST:7644",
            "localhost.",
            "acme.localhost:1",
            "127.0.0.1:7644",
            "127.9.9.9",
            "[::1]:7644",
            "[::ffff:127.0.0.1]",
            "ID.example.com:8443",
            "",
        ] {
            assert!(is_let_in("/", &[("host", good)]), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "192.0.2.1",
            "0.0.0.0",
            "[2001:db8::1]:7644",
            "evil@localhost",
            "a/b",
        ] {
            assert!(!is_let_in("/", &[("host", bad)]), "{bad}");
        }
        // Every one that is named counts, wherever it stands.
        assert!(!is_let_in("http://evil.example/", &[("host", "localhost")]));
        assert!(!is_let_in("http://localhost/", &[("host", "evil.example")]));
        assert!(is_let_in("http://localhost:7644/", &[]));
        assert!(is_let_in("/", &[]));
    }

    #[test]
    fn pages_of_others() {
        let options = ServeOptions { public_url: Some("https://id.example.com".to_owned()), ..ServeOptions::default() };
        let is_let_in = |headers: &[(&str, &str)]| {
            let mut all = vec![("host", "127.0.0.1:7644")];
            all.extend(headers);
            let parts = parts("/", &all);
            check_page(&options, &parts.uri, &parts.headers).is_ok()
        };
        for good in [
            &[][..],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:7644")],
            &[("origin", "https://id.example.com")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("authorization", "Bearer x")],
        ] {
            assert!(is_let_in(good), "{good:?}");
        }
        for bad in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://127.0.0.1:8000")],
            &[("origin", "http://127.0.0.1")],
            &[("origin", "http://localhost:7644")],
            &[("origin", "http://127.0.0.1:7644"), ("origin", "https://evil.example")],
            &[("origin", "http://x@127.0.0.1:7644")],
        ] {
            assert!(!is_let_in(bad), "{bad:?}");
        }
    }
}
