//! What a client can find out about the endpoint (RFC 7644 section 4).

use super::parameters::Parameters;
use super::{AuthenticationScheme, Context, Request, Response, respond};
use crate::engine::{Limits, Tenant};
use crate::message::{
    Authentication, Pagination, ServiceProviderConfig, documents_json, location, resource_type_json, schema_json,
};
use crate::{Error, ErrorKind, Result};

/// `GET /ServiceProviderConfig`: everything in it is read from how the store is configured.
pub(super) fn service_provider_config(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    refuse_filter(request)?;
    let Limits { default_page, max_page, cursor_ttl, max_bulk_operations } = tenant.limits()?;
    let scheme = |scheme: &AuthenticationScheme| {
        let AuthenticationScheme { kind, name, description, spec_uri } = scheme.clone();
        Authentication { kind, name, description, spec_uri }
    };
    let config = ServiceProviderConfig {
        documentation_uri: context.documentation_uri.clone(),
        max_operations: max_bulk_operations as u64,
        max_payload_size: context.max_body_bytes as u64,
        max_results: max_page,
        authentication_schemes: context.authentication_schemes.iter().map(scheme).collect(),
        pagination: Pagination {
            default_page_size: default_page.min(max_page),
            max_page_size: max_page,
            cursor_timeout: cursor_ttl.as_secs(),
        },
    };
    let location = format!("{}/ServiceProviderConfig", context.base);
    Ok(respond::located(request, config.to_json(&context.base), location))
}

/// `GET /ResourceTypes`, or one of them.
pub(super) fn resource_types(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    id: Option<&str>,
) -> Result<Response> {
    refuse_filter(request)?;
    let registry = tenant.registry()?;
    let types = registry.types().iter().filter(|model| tenant.serves(model)).map(|model| model.resource_type());
    match id {
        None => {
            let types = types.map(|of| resource_type_json(of, &context.base));
            Ok(respond::document(request, 200, documents_json(&types.collect::<Vec<_>>())))
        }
        Some(id) => {
            let mut types = types.filter(|of| of.id.eq_ignore_ascii_case(id) || of.name.eq_ignore_ascii_case(id));
            let found = types.next().ok_or_else(|| unknown("resource type", "ResourceTypes"))?;
            let location = format!("{}{}", context.base, location("/ResourceTypes", &found.id));
            Ok(respond::located(request, resource_type_json(found, &context.base), location))
        }
    }
}

/// `GET /Schemas`, or one of them.
pub(super) fn schemas(tenant: &Tenant, request: &Request<'_>, context: &Context, id: Option<&str>) -> Result<Response> {
    refuse_filter(request)?;
    let registry = tenant.registry()?;
    match id {
        None => {
            let schemas = registry.schemas().iter().map(|schema| schema_json(schema, &context.base));
            Ok(respond::document(request, 200, documents_json(&schemas.collect::<Vec<_>>())))
        }
        Some(id) => {
            let found = registry.schema(id).ok_or_else(|| unknown("schema", "Schemas"))?;
            let location = format!("{}{}", context.base, location("/Schemas", &found.id));
            Ok(respond::located(request, schema_json(found, &context.base), location))
        }
    }
}

/// Whoever filters here must not take what comes for what was asked for (RFC 7644 section 4).
fn refuse_filter(request: &Request<'_>) -> Result<()> {
    match Parameters::parse(request.query())?.filter()? {
        None => Ok(()),
        Some(_) => {
            let detail = "what describes the endpoint cannot be filtered: get all of it (RFC 7644 section 4)";
            Err(Error::new(ErrorKind::Forbidden, detail).on("filter"))
        }
    }
}

fn unknown(what: &str, endpoint: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no such {what}: see /{endpoint} for those there are"))
}
