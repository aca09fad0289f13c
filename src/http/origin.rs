//! What clients call the server, for locations; and who they are, where a proxy stands between. Headers of proxies are
//! believed only if the options say so.

use std::net::IpAddr;

use http::Version;
use http::header::{HOST, HeaderMap};
use http::request::Parts;
use http::uri::Authority;

use crate::server::{Peer, ServeOptions};
use crate::{Error, ErrorKind, Result};

/// Refuses a request of HTTP/1.1 that does not name one host (RFC 9112 section 3.2): what stands between might read it
/// in another way.
///
/// # Errors
/// `InvalidArgument`.
pub(super) fn check_host(parts: &Parts) -> Result<()> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let first = hosts.next();
    let is_told = first.is_some() || parts.version != Version::HTTP_11;
    let in_target = parts.uri.authority().is_none_or(|authority| is_host(authority.as_str()));
    let is_sound = in_target && first.is_none_or(|host| host.is_empty() || host.to_str().is_ok_and(is_host));
    if is_told && is_sound && hosts.next().is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, "a request has one header Host, with a name and perhaps a port"))
}

/// The scheme and the host that clients know, without a slash at the end. Empty if nobody says: locations are relative
/// then.
pub(super) fn origin(options: &ServeOptions, parts: &Parts, is_encrypted: bool) -> String {
    if let Some(url) = &options.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let forwarded = |header, key| if options.forwarded_headers { first(&parts.headers, header, key) } else { None };
    let scheme = forwarded("x-forwarded-proto", "proto").filter(|scheme| matches!(*scheme, "http" | "https"));
    let scheme = scheme.unwrap_or(if is_encrypted { "https" } else { "http" });
    let own = || parts.uri.authority().map(Authority::as_str).or_else(|| parts.headers.get(HOST)?.to_str().ok());
    let host = forwarded("x-forwarded-host", "host").filter(|host| is_host(host)).or_else(own);
    host.filter(|host| is_host(host)).map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

/// Who calls, by what the nearest proxy says of it: what stands before that in the list, anybody may have written.
pub(crate) fn client(headers: &HeaderMap, peer: &Peer) -> Peer {
    last_for(headers).map_or_else(|| peer.clone(), |address| peer.calling_from(address))
}

/// Whether a request was passed on by somebody, believed or not.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Whether a request has headers of both families. A proxy overwrites or extends those of one, and passes on what its
/// client wrote in the other: nobody can tell which.
fn has_both_families(headers: &HeaderMap) -> bool {
    let mut own = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"].iter();
    headers.contains_key("forwarded") && own.any(|name| headers.contains_key(*name))
}

/// The first value of a list, which is about the client's own request: of the header itself, or a parameter of
/// `Forwarded` (RFC 7239).
fn first<'a>(headers: &'a HeaderMap, header: &str, key: &str) -> Option<&'a str> {
    if has_both_families(headers) {
        return None;
    }
    let own = headers.get(header).and_then(|value| value.to_str().ok()?.split(',').next());
    let own = own.map(str::trim).filter(|value| !value.is_empty());
    own.or_else(|| parameter(headers.get("forwarded")?.to_str().ok()?.split(',').next()?, key))
}

/// The address that the last value names; where both families are there, that which both of them name.
fn last_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = |name: &str| headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next();
    let listed = last("x-forwarded-for").map(str::trim).and_then(address);
    let standard = last("forwarded").and_then(|element| parameter(element, "for")).and_then(address);
    if has_both_families(headers) { listed.filter(|_| listed == standard) } else { listed.or(standard) }
}

fn parameter<'a>(element: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key))?;
    Some(value.trim().trim_matches('"'))
}

/// An address with a port or without: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`, `2001:db8::1`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    let bare = bare.or_else(|| text.split_once(':').filter(|(_, port)| !port.contains(':')).map(|(host, _)| host));
    bare.unwrap_or(text).parse().ok()
}

/// Whether it is a host, with a port or without, and nothing that would mean something else in a URL.
fn is_host(text: &str) -> bool {
    !text.contains('@') && text.parse::<Authority>().is_ok_and(|authority| !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri("/scim/v2");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn origins() {
        let believed = |options: &mut ServeOptions| options.forwarded_headers = true;
        let nothing = |_: &mut ServeOptions| {};
        let public = |options: &mut ServeOptions| options.public_url = Some("https://id.example.com/a/".into());
        type Case<'a> = (fn(&mut ServeOptions), &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 10] = [
            (believed, &[("host", "a"), ("x-forwarded-host", "b"), ("forwarded", "host=c;proto=https")], "http://a"),
            (nothing, &[("host", "a:80")], "http://a:80"),
            (nothing, &[], ""),
            (nothing, &[("host", "a"), ("x-forwarded-host", "b"), ("x-forwarded-proto", "https")], "http://a"),
            (believed, &[("host", "a"), ("x-forwarded-host", "b, c"), ("x-forwarded-proto", "https")], "https://b"),
            (believed, &[("host", "a"), ("forwarded", "for=1.2.3.4;host=\"b:1\";proto=https, for=x")], "https://b:1"),
            (believed, &[("host", "a"), ("x-forwarded-proto", "javascript")], "http://a"),
            (believed, &[("host", "a"), ("x-forwarded-host", "b/../c")], "http://a"),
            (believed, &[("host", "[::1]:7644")], "http://[::1]:7644"),
            (public, &[("host", "a"), ("x-forwarded-host", "b")], "https://id.example.com/a"),
        ];
        for (change, headers, expected) in cases {
            let mut options = ServeOptions::default();
            change(&mut options);
            assert_eq!(origin(&options, &parts(headers), false), expected, "{headers:?}");
        }
    }

    #[test]
    fn one_host_is_named() {
        for good in [&[("host", "a")][..], &[("host", "")], &[("host", "[::1]:7644")]] {
            check_host(&parts(good)).unwrap();
        }
        for bad in [&[][..], &[("host", "a"), ("host", "a")], &[("host", "a/b")], &[("host", "user@a")]] {
            assert!(check_host(&parts(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn clients_are_those_that_the_nearest_proxy_names() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [Case<'_>; 12] = [
            (&[], None),
            // One of them the client wrote.
            (&[("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=192.0.2.1")], None),
            (&[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=6.6.6.6")], None),
            (&[("x-forwarded-for", "6.6.6.6"), ("forwarded", "proto=https")], None),
            (&[("x-forwarded-host", "a"), ("forwarded", "for=6.6.6.6")], None),
            (&[("x-forwarded-for", "6.6.6.6, 192.0.2.1"), ("forwarded", "for=192.0.2.1")], Some("192.0.2.1")),
            (&[("x-forwarded-for", "6.6.6.6, 192.0.2.1")], Some("192.0.2.1")),
            (&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1:80")], Some("192.0.2.1")),
            (&[("forwarded", "for=6.6.6.6, for=\"[2001:db8::1]:80\";proto=https")], Some("2001:db8::1")),
            (&[("x-forwarded-for", "2001:db8::1")], Some("2001:db8::1")),
            (&[("forwarded", "for=_hidden")], None),
            (&[("x-forwarded-for", "unknown")], None),
        ];
        for (headers, expected) in cases {
            let found = client(&parts(headers).headers, &Peer::default()).address();
            assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{headers:?}");
        }
    }
}
