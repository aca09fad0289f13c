//! `POST /Bulk` (RFC 7644 section 3.7).

use super::headers::check_body;
use super::{Context, Request, Response, respond};
use crate::Result;
use crate::engine::{Tenant, WriteOptions};
use crate::message::BulkRequest;

/// Carries out a bulk request.
pub(super) fn bulk(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    check_body(request)?;
    let options = WriteOptions { actor: context.actor.clone(), base: context.base.clone(), ..WriteOptions::default() };
    let results = tenant.bulk(BulkRequest::from_json(request.body)?, &options)?;
    Ok(respond::document(request, 200, results.to_json(&context.base)))
}
