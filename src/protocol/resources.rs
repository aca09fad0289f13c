//! The verbs of a resource (RFC 7644 sections 3.3 to 3.6).

use super::headers::{check_body, versions};
use super::parameters::Parameters;
use super::{Context, Request, Response, respond};
use crate::engine::{ReadOptions, Tenant, WriteOptions};
use crate::message::ResourceInput;
use crate::{Error, ErrorKind, Result};

/// `POST /Users`: 201, or what the profile says.
pub(super) fn create(tenant: &Tenant, request: &Request<'_>, context: &Context, endpoint: &str) -> Result<Response> {
    let options = write_options(&Parameters::of(request.query(), &*tenant.profile()?)?, request, context)?;
    check_body(request)?;
    let created = tenant.create(endpoint, ResourceInput::from_json(request.body)?, &options)?;
    Ok(respond::resource(request, tenant.profile()?.create_status(), created, &context.base))
}

/// `GET /Users/{id}`, or `GET /Users/{id}.scim`: the suffix asks for SCIM's media type (RFC 7644 section 3.8).
pub(super) fn get(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    let parameters = Parameters::of(request.query(), &*tenant.profile()?)?;
    if parameters.filter()?.is_some() {
        // To ignore it would tell that it matches.
        let detail = "one resource is not filtered: send the filter to its endpoint, with id eq \"…\" in it";
        return Err(Error::new(ErrorKind::InvalidFilter, detail).on("filter"));
    }
    let options = ReadOptions {
        attributes: parameters.attributes(),
        excluded_attributes: parameters.excluded_attributes(),
        if_none_match: None,
        base: context.base.clone(),
        api_version: parameters.api_version()?,
    };
    let (found, has_suffix) = match (tenant.get(endpoint, id, &options), id.strip_suffix(".scim")) {
        (Err(error), Some(id)) if error.kind() == ErrorKind::NotFound => (tenant.get(endpoint, id, &options)?, true),
        (found, _) => (found?, false),
    };
    // A client that wants one version alone does not get another; this is asked first (RFC 9110 section 13.2.2).
    if versions(request, "if-match").is_some_and(|wanted| !wanted.matches(found.tag)) {
        let detail = format!("the resource has version {}, which If-Match does not name", found.tag);
        return Err(Error::new(ErrorKind::VersionMismatch, detail));
    }
    if versions(request, "if-none-match").is_some_and(|known| known.matches_exactly(found.tag)) {
        return Ok(respond::not_modified(&found, &context.base));
    }
    let wanted = if has_suffix { Request { headers: &[], ..*request } } else { *request };
    Ok(respond::resource(&wanted, 200, found, &context.base))
}

/// `PUT /Users/{id}`
pub(super) fn replace(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    endpoint: &str,
    id: &str,
) -> Result<Response> {
    let options = write_options(&Parameters::of(request.query(), &*tenant.profile()?)?, request, context)?;
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
    let parameters = Parameters::of(request.query(), &*tenant.profile()?)?;
    let mut options = write_options(&parameters, request, context)?;
    let registry = tenant.registry()?;
    let model = registry.resource_type(endpoint)?;
    check_body(request)?;
    let is_silent = model.members().is_some() && !parameters.chooses_attributes();
    if is_silent {
        // Nothing of it is told.
        options.attributes = vec!["id".to_owned()];
    }
    let written = tenant.modify(endpoint, id, &tenant.read_patch(request.body)?, &options)?;
    let mut response = respond::resource(request, 200, written.representation, &context.base);
    if is_silent {
        response.status = 204;
        response.body.clear();
        response.headers.retain(|(name, _)| !name.starts_with("content-"));
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
    let parameters = Parameters::of(request.query(), &*tenant.profile()?)?;
    tenant.delete(endpoint, id, &write_options(&parameters, request, context)?)?;
    Ok(respond::empty(204))
}

fn write_options(parameters: &Parameters, request: &Request<'_>, context: &Context) -> Result<WriteOptions> {
    Ok(WriteOptions {
        attributes: parameters.attributes(),
        excluded_attributes: parameters.excluded_attributes(),
        if_match: versions(request, "if-match"),
        if_none_match: versions(request, "if-none-match"),
        actor: context.actor.clone(),
        base: context.base.clone(),
        id: None,
        force: parameters.flag("force")?,
        api_version: parameters.api_version()?,
    })
}
