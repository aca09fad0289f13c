//! Where endpoints stand: `/scim/v2` is the default tenant's, `/scim/{tenant}/v2` that of another; and wherever the profile
//! of a tenant says.

use percent_encoding::percent_decode_str;

use crate::engine::Mounted;
use crate::server::Gate;

/// Finds the endpoint that a path and query are of; none if they are of no endpoint. The tenant's name is empty for the
/// default one.
pub(super) fn mounted(gate: &Gate, path_and_query: &str) -> Option<Mounted> {
    usual(path_and_query).or_else(|| gate.mounted(path_and_query))
}

/// The same for the paths that every tenant has.
fn usual(path_and_query: &str) -> Option<Mounted> {
    let path = path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path);
    let rest = path.strip_prefix("/scim/")?;
    let (first, behind) = rest.split_once('/').map_or((rest, None), |(first, behind)| (first, Some(behind)));
    let base = if first == "v2" {
        "/scim/v2".to_owned()
    } else {
        let second = behind?.split('/').next()?;
        // An empty name would be the default tenant's, by another path.
        (!first.is_empty() && second == "v2").then(|| format!("/scim/{first}/v2"))?
    };
    let tenant = if first == "v2" { "" } else { first };
    let tenant = percent_decode_str(tenant).decode_utf8().ok()?.into_owned();
    let target = path_and_query.get(base.len()..)?.to_owned();
    let path = if first == "v2" { base.clone() } else { format!("/scim/{tenant}/v2") };
    Some(Mounted { tenant, base, path, target })
}

/// Whether a path is that of an endpoint of another version of SCIM (RFC 7644 section 3.13).
pub(super) fn is_of_another_version(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|number| {
            number != "2" && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    };
    path.strip_prefix("/scim/").is_some_and(|rest| rest.split('/').take(2).any(is_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_are_told_from_nothing() {
        for path in ["/scim/v1/Users", "/scim/acme/v1.1", "/scim/v3?a"] {
            assert!(is_of_another_version(path), "{path}");
        }
        for path in ["/scim/v2/Users", "/scim/acme/v2", "/scim/v/Users", "/scim/vx", "/v1/Users", "/scim/acme/Users/v1"]
        {
            assert!(!is_of_another_version(path), "{path}");
        }
    }

    #[test]
    fn endpoints_are_found() {
        let cases = [
            ("/scim/v2", Some(("", "/scim/v2", ""))),
            ("/scim/v2?filter=x/y", Some(("", "/scim/v2", "?filter=x/y"))),
            ("/scim/v2/Users/1?a=b", Some(("", "/scim/v2", "/Users/1?a=b"))),
            ("/scim/acme/v2/Users", Some(("acme", "/scim/acme/v2", "/Users"))),
            ("/scim/a%20b/v2/", Some(("a b", "/scim/a%20b/v2", "/"))),
            ("/scim/v2/v2/Users", Some(("", "/scim/v2", "/v2/Users"))),
            ("/scim//v2/Users", None),
            ("/scim/acme", None),
            ("/scim/acme/v1/Users", None),
            ("/scim/acme/v2x", None),
            ("/scim", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            let found = usual(path);
            let found = found.as_ref().map(|it| (it.tenant.as_str(), it.base.as_str(), it.target.as_str()));
            assert_eq!(found, expected, "{path}");
        }
    }
}
