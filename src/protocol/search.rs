//! Searches, by GET and by POST (RFC 7644 sections 3.4.2 and 3.4.3).

use super::headers::check_body;
use super::parameters::Parameters;
use super::sensitive::refuse_sensitive;
use super::{Context, Request, Response, respond};
use crate::engine::Tenant;
use crate::message::SearchRequest;
use crate::{Error, ErrorKind, Result};

/// `GET /Users`, or `GET /` for every resource.
pub(super) fn by_query(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: Option<&str>,
) -> Result<Response> {
    let search = Parameters::of(request.query(), &*tenant.profile()?)?.search(&context.base)?;
    refuse_sensitive(tenant, &search, endpoint)?;
    let page = tenant.search(endpoint, &search)?;
    Ok(respond::document(request, 200, page.to_json()))
}

/// `POST /Users/.search`, or `POST /.search` for every resource. The parameters are those of the body; which attributes
/// are shown, the URL may say as well, as for every operation that returns resources (RFC 7644 section 3.9).
pub(super) fn by_message(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: Option<&str>,
) -> Result<Response> {
    check_body(request)?;
    let parameters = Parameters::of(request.query(), &*tenant.profile()?)?;
    if parameters.filter()?.is_some() {
        let detail = "the filter of a search by POST stands in its body, not in the URL";
        return Err(Error::new(ErrorKind::InvalidValue, detail).on("filter"));
    }
    let mut search = SearchRequest { base: context.base.clone(), ..SearchRequest::from_json(request.body)? };
    search.api_version = parameters.api_version()?;
    if search.attributes.is_empty() && search.excluded_attributes.is_empty() {
        (search.attributes, search.excluded_attributes) = (parameters.attributes(), parameters.excluded_attributes());
    }
    let page = tenant.search(endpoint, &search)?;
    Ok(respond::document(request, 200, page.to_json()))
}
