//! Searches, by GET and by POST (RFC 7644 sections 3.4.2 and 3.4.3).

use super::headers::check_body;
use super::parameters::Parameters;
use super::sensitive::refuse_sensitive;
use super::{Context, Request, Response, respond};
use crate::Result;
use crate::engine::Tenant;
use crate::message::SearchRequest;

/// `GET /Users`, or `GET /` for every resource.
pub(super) fn by_query(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: Option<&str>,
) -> Result<Response> {
    let search = Parameters::parse(request.query())?.search(&context.base)?;
    refuse_sensitive(tenant, &search, endpoint)?;
    let page = tenant.search(endpoint, &search)?;
    Ok(respond::document(request, 200, page.to_json()))
}

/// `POST /Users/.search`, or `POST /.search` for every resource.
pub(super) fn by_message(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: Option<&str>,
) -> Result<Response> {
    if let Some(endpoint) = endpoint {
        tenant.registry()?.resource_type(endpoint)?;
    }
    check_body(request)?;
    let search = SearchRequest { base: context.base.clone(), ..SearchRequest::from_json(request.body)? };
    let page = tenant.search(endpoint, &search)?;
    Ok(respond::document(request, 200, page.to_json()))
}
