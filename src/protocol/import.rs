//! `POST /Users/.import` and `GET /Users/.import/{correlationId}`: imports that are queued, for tenants whose profile has
//! them.

use std::io::Read;

use super::headers::check_body;
use super::{Context, Request, Response, respond};
use crate::engine::{ImportJob, ImportJobOptions, Tenant};
use crate::message::{ImportStatus, import_accepted_json, import_status_json};
use crate::{Error, ErrorKind, Result};

/// How imports of a resource type are queued, through whichever face: as the tenant's profile says.
///
/// # Errors
/// `UnknownType`, `UnknownTenant`.
pub fn import_job_options(tenant: &Tenant, resource_type: &str, actor: Option<String>) -> Result<ImportJobOptions> {
    let registry = tenant.registry()?;
    let model = registry.resource_type(resource_type)?;
    let mut options = ImportJobOptions::default();
    model.name().clone_into(&mut options.resource_type);
    if let Some(choice) = tenant.profile()?.import() {
        options.authenticators.clone_from(&choice.authenticators);
        options.refused.clone_from(&choice.refused);
    }
    options.actor = actor;
    Ok(options)
}

/// `POST /Users/.import`: 202, since what is asked for is still to be done.
pub(super) fn queue(
    tenant: &Tenant,
    request: &Request<'_>,
    body: &mut dyn Read,
    context: &Context,
    endpoint: &str,
) -> Result<Response> {
    check_body(request)?;
    let job = tenant.queue_import(import_job_options(tenant, endpoint, context.actor.clone())?, body)?;
    let registry = tenant.registry()?;
    let endpoint = &registry.resource_type(endpoint)?.resource_type().endpoint;
    let location = format!("{}{endpoint}/.import/{}", context.base, job.correlation_id);
    let body = import_accepted_json(&job.resource_type, &location, &job.correlation_id);
    let mut response = respond::document(request, 202, body);
    response.headers.push(("location", location));
    Ok(response)
}

/// `GET /Users/.import/{correlationId}`
pub(super) fn status(tenant: &Tenant, request: &Request<'_>, endpoint: &str, id: &str) -> Result<Response> {
    let job = tenant.import_job(id)?;
    if job.resource_type != tenant.registry()?.resource_type(endpoint)?.name() {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no import \"{id}\" of this resource type")));
    }
    let is_finished = job.is_finished();
    let ImportJob { correlation_id, status, import_size, processed, failed, already_existed, imported, .. } = &job;
    let body = import_status_json(&ImportStatus {
        correlation_id,
        status: status.keyword(),
        is_finished,
        import_size: *import_size,
        processed: *processed,
        failed: *failed,
        already_existed: *already_existed,
        imported: *imported,
    });
    Ok(respond::document(request, 200, body))
}
