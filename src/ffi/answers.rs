//! Answers on their way out that are no SCIM messages: JSON objects with the names of the engine's fields.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::{
    Change, CheckReport, CommittedWrite, Forgotten, ImportReport, IndexStatus, NewToken, Principal, ProposedWrite,
    Reject, Scope, StoreStats, TenantStats, TokenInfo,
};
use crate::message::error_json;
use crate::{Error, ErrorKind, Result};

/// Writes an answer.
pub(super) fn json(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer)
        .map_err(|error| Error::new(ErrorKind::Internal, "an answer could not be written").caused_by(error))
}

/// A scope in one word.
pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Admin => "admin",
    }
}

#[derive(Serialize)]
struct ChangesJson {
    changes: Vec<ChangeJson>,
    last: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeJson {
    sequence: u64,
    time: String,
    actor: Option<String>,
    correlation_id: Option<String>,
    operation: &'static str,
    resource_type: String,
    id: String,
    attributes: Vec<String>,
}

/// Changes, and the sequence to go on from.
pub(super) fn changes(changes: Vec<Change>, since: u64) -> Result<String> {
    let last = changes.last().map_or(since, |change| change.sequence);
    let changes = changes
        .into_iter()
        .map(|change| {
            let Change { sequence, time, actor, correlation_id, operation, resource_type, id, attributes } = change;
            let (time, operation) = (time.to_string(), operation.keyword());
            ChangeJson { sequence, time, actor, correlation_id, operation, resource_type, id, attributes }
        })
        .collect();
    json(&ChangesJson { changes, last })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WriteJson<'a> {
    operation: &'static str,
    tenant: &'a str,
    resource_type: &'a str,
    id: &'a str,
    actor: Option<&'a str>,
    before: Option<&'a serde_json::value::RawValue>,
    after: Option<&'a serde_json::value::RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// A write that a host is asked about.
pub(super) fn proposed_write(write: &ProposedWrite) -> Result<String> {
    let ProposedWrite { operation, tenant, resource_type, id, actor, before, after, .. } = write;
    json(&WriteJson {
        operation: operation.keyword(),
        tenant,
        resource_type,
        id,
        actor: actor.as_deref(),
        before: raw(before)?,
        after: raw(after)?,
        sequence: None,
        version: None,
    })
}

/// A write that a host is told of.
pub(super) fn committed_write(write: &CommittedWrite) -> Result<String> {
    let CommittedWrite { operation, tenant, resource_type, id, actor, before, after, sequence, version, .. } = write;
    json(&WriteJson {
        operation: operation.keyword(),
        tenant,
        resource_type,
        id,
        actor: actor.as_deref(),
        before: raw(before)?,
        after: raw(after)?,
        sequence: Some(*sequence),
        version: version.as_deref(),
    })
}

/// JSON as it is.
fn raw(text: &Option<String>) -> Result<Option<&serde_json::value::RawValue>> {
    let raw = text.as_deref().map(serde_json::from_str).transpose();
    raw.map_err(|error| Error::new(ErrorKind::Internal, "a resource could not be written").caused_by(error))
}

#[derive(Serialize)]
struct ImportJson {
    read: u64,
    created: u64,
    replaced: u64,
    skipped: u64,
    rejected: u64,
    rejects: Vec<RejectJson>,
}

#[derive(Serialize)]
struct RejectJson {
    row: u64,
    error: Box<serde_json::value::RawValue>,
    input: String,
}

/// What became of an import.
pub(super) fn import(report: ImportReport, rejects: Vec<Reject>) -> Result<String> {
    let ImportReport { read, created, replaced, skipped, rejected } = report;
    let rejects = rejects
        .into_iter()
        .map(|Reject { row, error, input }| {
            let error = serde_json::value::RawValue::from_string(error_json(&error))
                .map_err(|error| Error::new(ErrorKind::Internal, "an error could not be written").caused_by(error))?;
            Ok(RejectJson { row, error, input: String::from_utf8_lossy(&input).into_owned() })
        })
        .collect::<Result<_>>()?;
    json(&ImportJson { read, created, replaced, skipped, rejected, rejects })
}

#[derive(Serialize)]
struct ForgottenJson {
    resources: u64,
}

/// What was forgotten.
pub(super) fn forgotten(forgotten: Forgotten) -> Result<String> {
    json(&ForgottenJson { resources: forgotten.resources })
}

#[derive(Serialize)]
struct RewrittenJson {
    rewritten: u64,
}

/// How many resources were sealed again.
pub(super) fn rewritten(rewritten: u64) -> Result<String> {
    json(&RewrittenJson { rewritten })
}

#[derive(Serialize)]
struct TenantsJson {
    tenants: Vec<TenantJson>,
}

#[derive(Serialize)]
struct TenantJson {
    name: String,
    profile: String,
}

/// Tenants, each with the name of its profile.
pub(super) fn tenants(tenants: Vec<(String, String)>) -> Result<String> {
    json(&TenantsJson { tenants: tenants.into_iter().map(|(name, profile)| TenantJson { name, profile }).collect() })
}

#[derive(Serialize)]
struct NewTokenJson {
    name: String,
    secret: String,
}

/// A new token.
pub(super) fn new_token(token: NewToken) -> Result<String> {
    let NewToken { name, secret } = token;
    json(&NewTokenJson { name, secret })
}

#[derive(Serialize)]
struct TokensJson {
    tokens: Vec<TokenJson>,
}

#[derive(Serialize)]
struct TokenJson {
    name: String,
    scope: &'static str,
    created: String,
    expires: Option<String>,
    subject: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<String>,
}

/// Tokens, without their secrets.
pub(super) fn tokens(tokens: Vec<TokenInfo>) -> Result<String> {
    let token = |TokenInfo { name, scope: given, created, expires, subject, permissions }| TokenJson {
        name,
        scope: scope(given),
        created: created.to_string(),
        expires: expires.map(|expires| expires.to_string()),
        subject,
        permissions,
    };
    json(&TokensJson { tokens: tokens.into_iter().map(token).collect() })
}

#[derive(Serialize)]
struct PrincipalJson {
    tenant: String,
    name: String,
    scope: &'static str,
    subject: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<String>,
}

/// Who a token belongs to.
pub(super) fn principal(principal: Principal) -> Result<String> {
    let Principal { tenant, name, scope: given, subject, permissions } = principal;
    json(&PrincipalJson { tenant, name, scope: scope(given), subject, permissions })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsJson {
    file_bytes: u64,
    sequence: u64,
    tenants: Vec<TenantStatsJson>,
}

#[derive(Serialize)]
struct TenantStatsJson {
    name: String,
    profile: String,
    resources: serde_json::Map<String, serde_json::Value>,
    memberships: u64,
    changes: u64,
    indexes: BTreeMap<String, IndexJson>,
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

/// Counts.
pub(super) fn stats(stats: StoreStats) -> Result<String> {
    let StoreStats { file_bytes, sequence, tenants } = stats;
    let tenants = tenants
        .into_iter()
        .map(|TenantStats { name, profile, resources, memberships, changes, indexes }| TenantStatsJson {
            name,
            profile,
            resources: resources.into_iter().map(|(resource_type, count)| (resource_type, count.into())).collect(),
            memberships,
            changes,
            indexes: indexes.into_iter().map(index).collect(),
        })
        .collect();
    json(&StatsJson { file_bytes, sequence, tenants })
}

fn index(status: IndexStatus) -> (String, IndexJson) {
    let IndexStatus { resource_type, state, resources, runs, dead, recent, bytes, applied } = status;
    (resource_type, IndexJson { state: state.keyword(), resources, runs, dead, recent, bytes, applied })
}

#[derive(Serialize)]
struct CheckJson {
    resources: u64,
    entries: u64,
    problems: Vec<String>,
}

/// What a check found.
pub(super) fn check(report: CheckReport) -> Result<String> {
    let CheckReport { resources, entries, problems } = report;
    json(&CheckJson { resources, entries, problems })
}
