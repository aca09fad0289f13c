//! A call, whatever face it came through: who makes it, until when, and the line that the log has of it.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap};
use tokio::time::Instant;

use super::metrics::Metrics;
use super::{Gate, Peer};
use crate::engine::{ReadOptions, Scope, Store, Tenant, WriteOptions};
use crate::error::Fault;
use crate::model::VersionMatch;
use crate::protocol::bearer;
use crate::{Error, ErrorKind, Result};

/// The tenant of a request that names none.
pub const DEFAULT_TENANT: &str = "default";

/// What a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// gRPC.
    Grpc,
    /// SCIM over HTTP.
    Http,
}

impl Face {
    /// The name that logs and metrics have.
    pub fn name(self) -> &'static str {
        match self {
            Face::Grpc => "grpc",
            Face::Http => "http",
        }
    }
}

/// A call as a face received it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it came through.
    pub face: Face,
    /// What is called: `ResourceService/Get`, or the method of HTTP.
    pub method: &'static str,
    /// The request's id, for the log and the client: the client's own, or a new one.
    pub id: String,
    /// The bearer token, if there is one.
    pub bearer: Option<String>,
    /// How long the client waits, if it said so.
    pub timeout: Option<Duration>,
    /// The tenant that the request names; may be empty.
    pub tenant: String,
    /// What the call does.
    pub scope: Scope,
    /// Who is at the other end of the connection.
    pub peer: Peer,
}

/// Who calls, once that is known, and what they may reach.
#[derive(Clone)]
pub struct Caller {
    pub(super) store: Store,
    pub(super) tenant: String,
    pub(super) actor: Option<String>,
    pub(super) subject: Option<String>,
    /// The permissions that its token is limited to.
    pub(super) permissions: Arc<[String]>,
}

impl Call {
    /// The tenant that the call is about.
    pub(super) fn resolved_tenant(&self) -> &str {
        if self.tenant.is_empty() { DEFAULT_TENANT } else { &self.tenant }
    }
}

impl Caller {
    /// The tenant that the call is about, as far as the caller's permissions go.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn tenant(&self) -> Result<Tenant> {
        Ok(self.store.tenant(&self.tenant)?.limited_to(&self.permissions))
    }

    /// The store: for calls of scope admin, which are about all of it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who the change log names: the token, where there is one.
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// The id of the resource that the caller is, where its token is bound to one.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The options of a read. Locations are relative: clients reach no resource by them.
    pub fn read_options(
        &self,
        attributes: Vec<String>,
        excluded_attributes: Vec<String>,
        if_none_match: Option<VersionMatch>,
    ) -> ReadOptions {
        ReadOptions { attributes, excluded_attributes, if_none_match, ..ReadOptions::default() }
    }

    /// The options of a write that has no conditions and shows what is returned by default.
    pub fn write_options(&self) -> WriteOptions {
        WriteOptions {
            attributes: Vec::new(),
            excluded_attributes: Vec::new(),
            if_match: None,
            if_none_match: None,
            actor: self.actor.clone(),
            ..WriteOptions::default()
        }
    }
}

/// Characters of a client's own request id at most, and of a tenant's name: more is not written to the log.
const MAX_LOGGED: usize = 64;

/// The request's id: the client's own, if it can be told, or a new one.
pub fn request_id(gate: &Gate, sent: Option<&str>) -> String {
    let own =
        sent.filter(|id| !id.is_empty() && id.len() <= MAX_LOGGED && id.bytes().all(|byte| byte.is_ascii_graphic()));
    own.map_or_else(|| gate.next_id(), str::to_owned)
}

/// The bearer token of a request. What is no text, or is told more than once, is a token that nobody knows, and not none.
pub fn token(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next()?;
    let only = if values.next().is_some() { None } else { first.to_str().ok() };
    Some(only.map(bearer).unwrap_or_default().to_owned())
}

/// The line of a call in the log, and its place in the metrics: written when it is dropped. Names of tenants and tokens,
/// never what a resource or a filter says.
pub(super) struct LogLine {
    metrics: Arc<Metrics>,
    face: Face,
    method: &'static str,
    id: String,
    tenant: String,
    peer: Peer,
    started: Instant,
    pub(super) actor: Option<String>,
    outcome: Option<(&'static str, u16)>,
}

impl LogLine {
    pub(super) fn new(call: &Call, metrics: &Arc<Metrics>) -> Self {
        metrics.begin(call.face.name());
        LogLine {
            metrics: Arc::clone(metrics),
            face: call.face,
            method: call.method,
            id: call.id.clone(),
            tenant: logged(call.resolved_tenant()).to_owned(),
            peer: call.peer.clone(),
            started: Instant::now(),
            actor: None,
            outcome: None,
        }
    }

    /// The line of a call that ended before anybody knew which tenant it is about.
    pub(super) fn without_tenant(call: &Call, began: Instant, metrics: &Arc<Metrics>) -> Self {
        let mut line = LogLine::new(call, metrics);
        line.started = began;
        line.tenant.clear();
        line
    }

    /// Notes how the call ended. One that ends without was left by its client.
    pub(super) fn end(&mut self, error: Option<&Error>) {
        self.outcome = Some(error.map_or(("OK", 200), |error| (error.row().name, error.status())));
        let Some(error) = error else { return };
        // What a client did wrong may quote what it sent; what went wrong here is for the operator. Clients that go away
        // are neither.
        if error.row().fault != Fault::Caller && error.kind() != ErrorKind::Cancelled {
            tracing::error!(request = self.id, method = self.method, ?error, "a call failed");
        }
    }

    /// Notes the status that the call was answered with.
    pub(super) fn answered(&mut self, status: u16) {
        self.outcome = Some(("OK", status));
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let (code, status) = self.outcome.unwrap_or(("CANCELLED", 499));
        let label = match self.face {
            Face::Grpc => code,
            Face::Http => status_label(status),
        };
        self.metrics.end(self.face.name(), self.method, label, took);
        tracing::info!(
            request = self.id,
            face = self.face.name(),
            method = self.method,
            tenant = self.tenant,
            actor = self.actor.as_deref(),
            certificate = self.peer.certificate(),
            code,
            status = (self.face == Face::Http).then_some(status),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "call"
        );
    }
}

/// A tenant's name as the log has it: what is longer than names are is none, and would only fill the log.
fn logged(tenant: &str) -> &str {
    if tenant.len() <= MAX_LOGGED { tenant } else { "(none)" }
}

/// A status as the metrics have it: those that are never answered have none of their own.
fn status_label(status: u16) -> &'static str {
    macro_rules! labels {
        ($($status:literal)*) => {
            match status {
                $($status => stringify!($status),)*
                _ => "other",
            }
        };
    }
    labels!(200 201 202 204 304 400 401 403 404 405 408 409 412 413 415 429 499 500 501 503 504 507)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_once() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), None);
        headers.insert(AUTHORIZATION, "Bearer abc".parse().unwrap());
        assert_eq!(token(&headers).as_deref(), Some("abc"));
        headers.append(AUTHORIZATION, "Bearer abc".parse().unwrap());
        assert_eq!(token(&headers).as_deref(), Some(""));
    }
}
