//! `/Me`: the resource of whoever calls (RFC 7644 section 3.11).

use super::{Context, Request, Response, resources};
use crate::engine::Tenant;
use crate::{Error, ErrorKind, Result};

/// Does with the caller's own resource what the method says. `location` tells where it stands.
pub(super) fn me(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    let missing = |detail: &str| Err(Error::new(ErrorKind::NotImplemented, detail));
    let Some(id) = context.subject.as_deref() else {
        return missing("/Me is not known for this caller: no resource is bound to its token");
    };
    let Some(resource_type) = tenant.resource_type_of(id)? else {
        return Err(Error::new(ErrorKind::NotFound, "the resource that the token is bound to was deleted"));
    };
    let endpoint = resource_type.name.as_str();
    match request.method {
        "PUT" => resources::replace(tenant, request, context, endpoint, id),
        "PATCH" => resources::modify(tenant, request, context, endpoint, id),
        "DELETE" => resources::delete(tenant, request, context, endpoint, id),
        "POST" => missing("nobody registers by /Me: POST to the endpoint of a resource type"),
        _ => resources::get(tenant, request, context, endpoint, id),
    }
}
