//! From the engine's types to messages and back. Every conversion takes its source apart whole, so that a new field
//! cannot be forgotten.

use std::time::Duration;

use super::proto;
use crate::engine::{
    Change, ChangeOperation, ImportJob, ImportReport, IndexState, IndexStatus, JobFailure, JobStatus, OnConflict,
    Scope, TenantOptions, TenantStats, TokenInfo,
};
use crate::message::{Explanation, Representation, SearchPage, SearchRequest, SortOrder, Step};
use crate::model::{Instant, VersionMatch};
use crate::{Error, ErrorKind, Result};

pub(super) fn resource(representation: Representation) -> proto::Resource {
    let location = representation.location();
    let Representation { id, resource_type, external_id, tag, created, last_modified, json } = representation;
    proto::Resource {
        id,
        resource_type: resource_type.name.clone(),
        external_id,
        version: tag.to_string(),
        created: created.map(timestamp),
        last_modified: last_modified.map(timestamp),
        location,
        json,
    }
}

pub(super) fn timestamp(instant: Instant) -> prost_types::Timestamp {
    let (seconds, nanoseconds) = instant.to_unix();
    // Less than a second, so it always fits.
    prost_types::Timestamp { seconds, nanos: i32::try_from(nanoseconds).unwrap_or_default() }
}

/// A duration that is not negative.
pub(super) fn duration(field: &str, duration: prost_types::Duration) -> Result<Duration> {
    Duration::try_from(duration).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, format!("{field} must not be negative")).caused_by(error)
    })
}

/// What an empty text does not say.
pub(super) fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The versions of an `if_match` or `if_none_match`.
pub(super) fn versions(text: &str) -> Option<VersionMatch> {
    (!text.is_empty()).then(|| VersionMatch::parse(text))
}

pub(super) fn sort_order(value: i32) -> Result<SortOrder> {
    match known::<proto::SortOrder>("sort_order", value)? {
        proto::SortOrder::Unspecified | proto::SortOrder::Ascending => Ok(SortOrder::Ascending),
        proto::SortOrder::Descending => Ok(SortOrder::Descending),
    }
}

pub(super) fn on_conflict(value: i32) -> Result<OnConflict> {
    match known::<proto::OnConflict>("on_conflict", value)? {
        proto::OnConflict::Unspecified | proto::OnConflict::Fail => Ok(OnConflict::Fail),
        proto::OnConflict::Skip => Ok(OnConflict::Skip),
        proto::OnConflict::Replace => Ok(OnConflict::Replace),
    }
}

pub(super) fn scope(value: i32) -> Result<Scope> {
    match known::<proto::Scope>("scope", value)? {
        proto::Scope::Unspecified => {
            Err(Error::new(ErrorKind::InvalidArgument, "scope must be SCOPE_READ, SCOPE_WRITE or SCOPE_ADMIN"))
        }
        proto::Scope::Read => Ok(Scope::Read),
        proto::Scope::Write => Ok(Scope::Write),
        proto::Scope::Admin => Ok(Scope::Admin),
    }
}

fn known<E: TryFrom<i32>>(field: &str, value: i32) -> Result<E> {
    E::try_from(value).map_err(|_| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("{field} has the value {value}, which this server does not know"),
        )
    })
}

pub(super) fn tenant_options(settings: Option<proto::TenantSettings>) -> Result<TenantOptions> {
    let proto::TenantSettings { profile } = settings.unwrap_or_default();
    Ok(match given(profile) {
        Some(profile) => TenantOptions::of_profile(profile.parse()?),
        None => TenantOptions::default(),
    })
}

pub(super) fn token(info: TokenInfo) -> proto::Token {
    let TokenInfo { name, scope, created, expires, subject, permissions } = info;
    let scope = match scope {
        Scope::Read => proto::Scope::Read,
        Scope::Write => proto::Scope::Write,
        Scope::Admin => proto::Scope::Admin,
    };
    let (created, expires) = (Some(timestamp(created)), expires.map(timestamp));
    proto::Token { name, scope: scope.into(), created, expires, subject, permissions }
}

pub(super) fn tenant_counts(stats: TenantStats) -> proto::TenantCounts {
    let TenantStats { name, profile, resources, memberships, changes, indexes } = stats;
    let count = |(resource_type, count)| proto::ResourceCount { resource_type, count };
    let resources = resources.into_iter().map(count).collect();
    let indexes = indexes.into_iter().map(index_status).collect();
    proto::TenantCounts { name, profile, resources, memberships, changes, indexes }
}

fn index_status(status: IndexStatus) -> proto::IndexStatus {
    let IndexStatus { resource_type, state, resources, runs, dead, recent, bytes, applied } = status;
    let state = match state {
        IndexState::None => proto::IndexState::None,
        IndexState::Building => proto::IndexState::Building,
        IndexState::Ready => proto::IndexState::Ready,
        IndexState::Failed => proto::IndexState::Failed,
    };
    proto::IndexStatus { resource_type, state: state.into(), resources, runs, dead, recent, bytes, applied }
}

/// The resource type that is searched, none for all of them, and the search.
pub(super) fn search(message: proto::ListRequest) -> Result<(Option<String>, SearchRequest)> {
    let proto::ListRequest {
        tenant: _,
        resource_type,
        filter,
        sort_by,
        sort_order: order,
        start_index,
        count,
        attributes,
        excluded_attributes,
        cursor,
    } = message;
    let search = SearchRequest {
        filter: given(filter),
        sort_by: given(sort_by),
        sort_order: sort_order(order)?,
        // 0, which is what is not set, begins where 1 does.
        start_index: (start_index != 0).then_some(start_index),
        count,
        attributes,
        excluded_attributes,
        cursor,
        base: String::new(),
        ..SearchRequest::default()
    };
    Ok((given(resource_type), search))
}

pub(super) fn page(page: SearchPage) -> proto::ListResponse {
    let SearchPage { total_results, start_index, next_cursor, previous_cursor, resources } = page;
    proto::ListResponse {
        total_results,
        start_index: start_index.unwrap_or_default(),
        resources: resources.into_iter().map(resource).collect(),
        next_cursor: next_cursor.unwrap_or_default(),
        previous_cursor: previous_cursor.unwrap_or_default(),
    }
}

pub(super) fn explanation(explanation: Explanation) -> proto::ExplainResponse {
    let text = explanation.to_string();
    let Explanation { steps, total, micros } = explanation;
    let step = |Step { depth, text, method, estimated, actual, micros }| proto::ExplainStep {
        depth,
        text,
        method,
        estimated,
        actual,
        micros,
    };
    proto::ExplainResponse { steps: steps.into_iter().map(step).collect(), total_results: total, micros, text }
}

pub(super) fn change(change: Change) -> proto::Change {
    let Change { sequence, time, actor, correlation_id, operation, resource_type, id, attributes } = change;
    let operation = match operation {
        ChangeOperation::Create => proto::ChangeOperation::Create,
        ChangeOperation::Modify => proto::ChangeOperation::Modify,
        ChangeOperation::Delete => proto::ChangeOperation::Delete,
    };
    proto::Change {
        sequence,
        time: Some(timestamp(time)),
        actor,
        operation: operation.into(),
        resource_type,
        id,
        attributes,
        correlation_id,
    }
}

pub(super) fn progress(report: ImportReport) -> proto::ImportProgress {
    let ImportReport { read, created, replaced, skipped, rejected } = report;
    proto::ImportProgress { read, created, replaced, skipped, rejected }
}

pub(super) fn report(report: ImportReport) -> proto::ImportReport {
    let ImportReport { read, created, replaced, skipped, rejected } = report;
    proto::ImportReport { read, created, replaced, skipped, rejected }
}

/// Refuses an answer that is larger than messages may be, before it is made.
pub(super) fn fits(bytes: usize, limit: usize) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooMany,
        format!(
            "the answer would have {bytes} bytes, more than a message of this server may ({limit}): \
             ask for a smaller count, or for fewer attributes"
        ),
    ))
}

/// An import as it is told.
pub(super) fn import_job(job: ImportJob) -> proto::ImportJob {
    let ImportJob {
        correlation_id,
        status,
        import_size,
        processed,
        failed,
        already_existed,
        imported,
        created,
        finished,
        group,
        actor,
        resource_type,
        reason,
        failures,
    } = job;
    let status = match status {
        JobStatus::Importing => proto::ImportJobStatus::Importing,
        JobStatus::Done => proto::ImportJobStatus::Done,
        JobStatus::Failed => proto::ImportJobStatus::Failed,
    };
    let failure = |JobFailure { row, external_id, detail }| proto::ImportJobFailure { row, external_id, detail };
    proto::ImportJob {
        correlation_id,
        status: status.into(),
        import_size,
        processed,
        failed,
        already_existed,
        imported,
        created: Some(timestamp(created)),
        finished: finished.map(timestamp),
        group,
        actor,
        resource_type,
        reason,
        failures: failures.into_iter().map(failure).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_before_the_epoch_have_positive_nanos() {
        let stamp = timestamp(Instant::parse("1969-12-31T23:59:59.25Z").unwrap());
        assert_eq!((stamp.seconds, stamp.nanos), (-1, 250_000_000));
    }

    #[test]
    fn numbers_that_no_enum_has_are_refused() {
        assert_eq!(sort_order(0).unwrap(), SortOrder::Ascending);
        assert_eq!(sort_order(9).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(scope(0).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}
