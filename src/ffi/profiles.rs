//! What a profile would refuse of the data there is.

use std::ffi::c_char;

use serde::Serialize;

use super::answers::json;
use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::text;
use super::verbs::Verb;
use crate::Result;
use crate::engine::{ProfileCount, ProfileFinding, ProfileReport};

#[derive(Serialize)]
struct ReportJson {
    profile: String,
    resources: u64,
    refused: u64,
    counts: Vec<CountJson>,
    findings: Vec<FindingJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountJson {
    resource_type: String,
    attribute: Option<String>,
    rule: &'static str,
    count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingJson {
    resource_type: String,
    id: String,
    attribute: Option<String>,
    rule: &'static str,
    detail: String,
}

/// What a check of a profile found.
pub(super) fn report(report: ProfileReport) -> Result<String> {
    let ProfileReport { profile, resources, refused, counts, findings } = report;
    let count =
        |ProfileCount { resource_type, attribute, rule, count }| CountJson { resource_type, attribute, rule, count };
    let finding = |ProfileFinding { resource_type, id, attribute, rule, detail }| FindingJson {
        resource_type,
        id,
        attribute,
        rule,
        detail,
    };
    json(&ReportJson {
        profile,
        resources,
        refused,
        counts: counts.into_iter().map(count).collect(),
        findings: findings.into_iter().map(finding).collect(),
    })
}

/// Reads every resource of a tenant, and tells which of them a profile would refuse if they were written as they are: a name
/// (strict, entra, okta, activid, absorb, activtrak) or a document; NULL is the tenant's own. Nothing is changed. The answer is
/// an object with profile, resources, refused, the array counts of objects with resourceType, attribute, rule and count, and
/// the array findings, a hundred at most, of objects with resourceType, id, attribute, rule and detail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_profile_check(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    profile: *const c_char,
    profile_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let profile = text::optional(profile, profile_n, "profile")?;
            store.call(Verb::ProfileCheck { tenant, profile })
        })
    }
}
