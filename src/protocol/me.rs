//! `/Me`: the resource of whoever calls (RFC 7644 section 3.11).

use super::{Context, Request, Response, resources, respond};
use crate::engine::Tenant;
use crate::error::Fault;
use crate::message::location;
use crate::{Error, ErrorKind, Result};

/// Does with the caller's own resource what the method says. Every answer tells where it stands: that of an error, too.
pub(super) fn me(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    let missing = |detail: &str| Err(Error::new(ErrorKind::NotImplemented, detail));
    let Some(id) = context.subject.as_deref() else {
        return missing("/Me is not known for this caller: no resource is bound to its token");
    };
    let Some(resource_type) = tenant.resource_type_of(id)? else {
        return Err(Error::new(ErrorKind::NotFound, "the resource that the token is bound to was deleted"));
    };
    let endpoint = resource_type.endpoint.as_str();
    let answer = match request.method {
        "PUT" => resources::replace(tenant, request, context, endpoint, id),
        "PATCH" => resources::modify(tenant, request, context, endpoint, id),
        "DELETE" => resources::delete(tenant, request, context, endpoint, id),
        "POST" => missing("nobody registers by /Me: POST to the endpoint of a resource type"),
        _ => resources::get(tenant, request, context, endpoint, id),
    };
    let mut response = match answer {
        Err(error) if error.row().fault == Fault::Caller => respond::error(&error),
        answer => answer?,
    };
    if response.header("location").is_none() {
        response.headers.push(("location", format!("{}{}", context.base, location(endpoint, id))));
    }
    Ok(response)
}
