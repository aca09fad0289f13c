//! The explorer: a page for people who develop against an endpoint, at `/` where development is on.
//!
//! The page is a client of the endpoint like any other. Besides it there are two documents that SCIM does not know:
//! `/explorer/stats`, and behind `/explorer/explain` any search, told step by step instead of answered. Both pass the
//! gate. Nothing here writes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256 as SHA256_SUITE;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::engine::{IndexStatus, Scope, StoreStats, Tenant, TenantStats};
use crate::message::to_json;
use crate::protocol::{self, Context, Request, Response};
use crate::server::{Call, Gate};
use crate::{Error, ErrorKind, Result};

/// The whole page: markup, style and script, with nothing to fetch from elsewhere.
const PAGE: &str = include_str!("explorer.html");

/// What a search is explained behind.
const EXPLAIN: &str = "/explorer/explain";

/// What answers a request that is for an endpoint.
pub(super) type Answerer = fn(&Tenant, &Request<'_>, &Context) -> Result<Response>;

/// What answers a request, and the path without what only the explorer knows.
pub(super) fn asked<'a>(gate: &Gate, path: &'a str) -> (Answerer, &'a str) {
    match path.strip_prefix(EXPLAIN) {
        Some(path) if gate.options().development => (protocol::explain, path),
        _ => (protocol::try_handle, path),
    }
}

/// How long the server took, as the header `server-timing` tells it: for the page to show beside what the browser
/// measures. None where development is off.
pub(super) fn timing(gate: &Gate, started: Instant) -> Option<String> {
    let millis = started.elapsed().as_secs_f64() * 1e3;
    gate.options().development.then(|| format!("total;dur={millis:.3}"))
}

/// What SCIM does not know, at a path of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// `/`: the page.
    Page,
    /// `/explorer/stats`: counts of the store, for who may see every tenant; with `?tenant=acme` those of one tenant.
    Stats,
}

impl Document {
    /// What stands at a path. Nothing, unless development is on.
    pub(super) fn at(gate: &Gate, path: &str) -> Option<Self> {
        let document = match path {
            "/" => Document::Page,
            "/explorer/stats" => Document::Stats,
            _ => return None,
        };
        gate.options().development.then_some(document)
    }

    /// Answers with it; `call` is what a caller makes who wants to see everything.
    ///
    /// # Errors
    /// What the gate refuses.
    pub(super) async fn answer(self, gate: &Gate, parts: &Parts, call: Call) -> Result<Response> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            gate.limit(&call)?;
            let error = Error::new(ErrorKind::MethodNotAllowed, "this can be read only: GET it");
            let mut response = protocol::answer_error(&error);
            response.headers.push(("allow", "GET, HEAD".to_owned()));
            return Ok(response);
        }
        let mut response = match self {
            Document::Page => page(),
            Document::Stats => stats(gate, parts.uri.query(), call).await?,
        };
        if parts.method == Method::HEAD {
            response.headers.push(("content-length", response.body.len().to_string()));
            response.body.clear();
        }
        Ok(response)
    }
}

/// The page. Its policy lets the browser run what stands in the page and nothing else, and talk to this server alone.
fn page() -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(between(PAGE, "<script>", "</script>")),
        digest(between(PAGE, "<style>", "</style>")),
    );
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", policy),
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    Response { status: 200, headers, body: PAGE.to_owned() }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let behind = text.split_once(start).map_or("", |(_, behind)| behind);
    behind.split_once(end).map_or("", |(inside, _)| inside)
}

/// SHA-256 in base64, by the library of TLS, which is there anyway.
fn digest(text: &str) -> String {
    let hash = SHA256_SUITE.tls13().map(|suite| suite.common.hash_provider.hash(text.as_bytes()));
    BASE64_STANDARD.encode(hash.as_ref().map_or(&[][..], |hash| hash.as_ref()))
}

async fn stats(gate: &Gate, query: Option<&str>, call: Call) -> Result<Response> {
    let tenant = query.and_then(|query| query.strip_prefix("tenant="));
    let tenant = tenant.map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned());
    let call = Call {
        scope: if tenant.is_some() { Scope::Read } else { Scope::Admin },
        tenant: tenant.clone().unwrap_or_default(),
        ..call
    };
    let counted = gate.unary(call, move |caller| match tenant {
        Some(_) => Ok((None, vec![caller.tenant()?.stats()?])),
        None => {
            let StoreStats { file_bytes, sequence, tenants } = caller.store().stats()?;
            Ok((Some((file_bytes, sequence)), tenants))
        }
    });
    let (store, tenants) = counted.await?;
    let (file_bytes, sequence) = store.unzip();
    let body = to_json(&StatsJson { file_bytes, sequence, tenants: tenants.iter().map(TenantJson::from).collect() });
    let headers =
        vec![("content-type", "application/json".to_owned()), ("x-content-type-options", "nosniff".to_owned())];
    Ok(Response { status: 200, headers, body })
}

/// The counts, as `scimdb stats --output json` writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsJson<'a> {
    /// Of the store, which a tenant does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    tenants: Vec<TenantJson<'a>>,
}

#[derive(Serialize)]
struct TenantJson<'a> {
    name: &'a str,
    profile: &'a str,
    #[serde(serialize_with = "as_map")]
    resources: Vec<(&'a str, u64)>,
    memberships: u64,
    changes: u64,
    #[serde(serialize_with = "as_map")]
    indexes: Vec<(&'a str, IndexJson)>,
}

#[derive(Serialize)]
struct IndexJson {
    state: &'static str,
    resources: u64,
    runs: u32,
    dead: u64,
    recent: u64,
    bytes: u64,
    applied: u64,
}

impl<'a> From<&'a TenantStats> for TenantJson<'a> {
    fn from(stats: &'a TenantStats) -> Self {
        TenantJson {
            name: &stats.name,
            profile: &stats.profile,
            resources: stats.resources.iter().map(|(name, count)| (name.as_str(), *count)).collect(),
            memberships: stats.memberships,
            changes: stats.changes,
            indexes: stats.indexes.iter().map(|index| (index.resource_type.as_str(), IndexJson::from(index))).collect(),
        }
    }
}

impl From<&IndexStatus> for IndexJson {
    fn from(index: &IndexStatus) -> Self {
        let state = index.state.keyword();
        let &IndexStatus { resources, runs, dead, recent, bytes, applied, .. } = index;
        IndexJson { state, resources, runs, dead, recent, bytes, applied }
    }
}

/// Pairs as an object, in their order.
fn as_map<S: Serializer, V: Serialize>(pairs: &[(&str, V)], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_fetches_nothing_and_is_allowed_to_run() {
        for start in ["<script>", "<style>"] {
            assert_eq!(PAGE.matches(start).count(), 1, "the policy knows one {start}");
        }
        for marked in ["src=\"", "href=\"http", "@import", "url(", " style=\"", "innerHTML"] {
            assert!(!PAGE.contains(marked), "{marked}");
        }
        // The example of FIPS 180-4.
        assert_eq!(digest("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        let response = page();
        assert!(response.header("content-security-policy").unwrap().contains(&digest(between(
            PAGE,
            "<script>",
            "</script>"
        ))));
    }

    #[test]
    fn stats_read_as_those_of_the_command_line() {
        let index = IndexStatus { resource_type: "User".to_owned(), ..IndexStatus::default() };
        let tenant = TenantStats {
            name: "acme".to_owned(),
            profile: "strict".to_owned(),
            resources: vec![("User".to_owned(), 2), ("Group".to_owned(), 1)],
            indexes: vec![index],
            ..TenantStats::default()
        };
        let json =
            to_json(&StatsJson { file_bytes: Some(7), sequence: Some(3), tenants: vec![TenantJson::from(&tenant)] });
        let expected = "{\"fileBytes\":7,\"sequence\":3,\"tenants\":[{\"name\":\"acme\",\"profile\":\"strict\",\
                        \"resources\":{\"User\":2,\"Group\":1},\"memberships\":0,\"changes\":0,\"indexes\":{\"User\":\
                        {\"state\":\"none\",\"resources\":0,\"runs\":0,\"dead\":0,\"recent\":0,\"bytes\":0,\
                        \"applied\":0}}}]}";
        assert_eq!(json, expected);
    }
}
