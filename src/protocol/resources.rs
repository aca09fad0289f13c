//! The verbs of a resource (RFC 7644 sections 3.3 to 3.6).

use super::headers::{check_body, versions};
use super::parameters::Parameters;
use super::{Context, Request, Response, respond};
use crate::engine::{ReadOptions, Tenant, WriteOptions};
use crate::message::{ResourceInput, parse_patch};
use crate::{ErrorKind, Result};

/// `POST /Users`
pub(super) fn create(tenant: &Tenant, request: &Request<'_>, context: &Context, endpoint: &str) -> Result<Response> {
    let options = write_options(request, context)?;
    // A path that does not exist is told before anything about the body.
    tenant.registry()?.resource_type(endpoint)?;
    check_body(request)?;
    let created = tenant.create(endpoint, ResourceInput::from_json(request.body)?, &options)?;
    Ok(respond::resource(request, 201, created, &context.base))
}

/// `GET /Users/{id}`
pub(super) fn get(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    let parameters = Parameters::parse(request.query())?;
    let options = ReadOptions {
        attributes: parameters.attributes(),
        excluded_attributes: parameters.excluded_attributes(),
        if_none_match: None,
        base: context.base.clone(),
    };
    let found = tenant.get(endpoint, id, &options)?;
    if versions(request, "if-none-match").is_some_and(|known| known.matches_exactly(found.tag)) {
        return Ok(respond::not_modified(found.tag));
    }
    // A client that wants one version alone does not get another (RFC 9110 section 13.1.1).
    if versions(request, "if-match").is_some_and(|wanted| !wanted.matches(found.tag)) {
        let detail = format!("the resource has version {}, which If-Match does not name", found.tag);
        return Err(crate::Error::new(ErrorKind::VersionMismatch, detail));
    }
    Ok(respond::resource(request, 200, found, &context.base))
}

/// `PUT /Users/{id}`
pub(super) fn replace(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    let options = write_options(request, context)?;
    tenant.registry()?.resource_type(endpoint)?;
    check_body(request)?;
    let written = tenant.replace(endpoint, id, ResourceInput::from_json(request.body)?, &options)?;
    Ok(respond::resource(request, 200, written.representation, &context.base))
}

/// `PATCH /Users/{id}`: 200 with the resource; 204 for what has members, unless the request says which attributes it
/// wants to see, since a group may have a hundred thousand of them (RFC 7644 section 3.5.2 allows both).
pub(super) fn modify(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    let mut options = write_options(request, context)?;
    let registry = tenant.registry()?;
    let model = registry.resource_type(endpoint)?;
    check_body(request)?;
    let is_silent =
        model.members().is_some() && options.attributes.is_empty() && options.excluded_attributes.is_empty();
    if is_silent {
        // Nothing of it is told.
        options.attributes = vec!["id".to_owned()];
    }
    let written = tenant.modify(endpoint, id, &parse_patch(request.body)?, &options)?;
    let mut response = respond::resource(request, 200, written.representation, &context.base);
    if is_silent {
        response.status = 204;
        response.body.clear();
        response.headers.retain(|(name, _)| *name != "content-type");
    }
    Ok(response)
}

/// `DELETE /Users/{id}`
pub(super) fn delete(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    tenant.delete(endpoint, id, &write_options(request, context)?)?;
    Ok(respond::empty(204))
}

fn write_options(request: &Request<'_>, context: &Context) -> Result<WriteOptions> {
    let parameters = Parameters::parse(request.query())?;
    Ok(WriteOptions {
        attributes: parameters.attributes(),
        excluded_attributes: parameters.excluded_attributes(),
        if_match: versions(request, "if-match"),
        if_none_match: versions(request, "if-none-match"),
        actor: context.actor.clone(),
        base: context.base.clone(),
        id: None,
    })
}
