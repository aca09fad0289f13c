//! `POST /Users/.forget`: erasure, for tenants whose profile has it.

use super::headers::check_body;
use super::{Context, Request, Response, respond};
use crate::Result;
use crate::engine::Tenant;
use crate::message::Part;

/// Forgets the deleted resources of an `externalId`. Other members of the body are for nobody: it may be the resource as
/// it was.
pub(super) fn forget(tenant: &Tenant, request: &Request<'_>, context: &Context, endpoint: &str) -> Result<Response> {
    check_body(request)?;
    let external_id = Part::from_json(request.body, "the request")?.need_string("externalId")?;
    tenant.forget(endpoint, &external_id, context.actor.as_deref())?;
    Ok(respond::empty(204))
}
