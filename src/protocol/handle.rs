//! From a request to its answer.

use std::io::Read;

use super::headers::{JSON, SCIM_JSON, check_text};
use super::parameters::Parameters;
use super::route::{Route, is_import, is_search};
use super::{Context, Request, Response, bulk, discovery, forget, import, me, resources, respond, search};
use crate::engine::{Scope, Tenant};
use crate::{Error, ErrorKind, Result};

/// Answers a request (RFC 7644). Whatever is wrong with it is told by the answer: a SCIM error document, with the status
/// of the error table.
pub fn handle(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Response {
    let response = routed(tenant, request, context, None).unwrap_or_else(|error| answer_error(&error));
    without_body_of_head(request, response)
}

/// The same, for hosts that look at errors themselves: that log them, say. [`answer_error`] tells them.
///
/// # Errors
/// Whatever the request or the store is to blame for.
pub fn try_handle(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    Ok(without_body_of_head(request, routed(tenant, request, context, None)?))
}

/// The same for a request whose body is read while it comes, however large it is: for those that [`takes_stream`] tells.
/// The body of any other, and the one in the request, is not looked at.
///
/// # Errors
/// As [`try_handle`].
pub fn try_handle_stream(
    tenant: &Tenant,
    request: &Request<'_>,
    body: &mut dyn Read,
    context: &Context,
) -> Result<Response> {
    let request = Request { body: b"", ..*request };
    Ok(without_body_of_head(&request, routed(tenant, &request, context, Some(body))?))
}

/// Whether a request is one whose body may be larger than others, and need not be there as a whole: an import that is to be
/// queued. Whether the tenant has those, [`try_handle_stream`] finds out.
pub fn takes_stream(method: &str, target: &str) -> bool {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    method == "POST" && is_import(path)
}

fn without_body_of_head(request: &Request<'_>, mut response: Response) -> Response {
    if request.method == "HEAD" {
        // An answer that has no body tells no length of one (RFC 9110 section 8.6).
        if !response.body.is_empty() {
            response.headers.push(("content-length", response.body.len().to_string()));
        }
        response.body.clear();
    }
    response
}

/// What a request needs of its caller, to be asked before [`handle`]: searches by POST only read.
pub fn required_scope(method: &str, target: &str) -> Scope {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    match method {
        "GET" | "HEAD" | "OPTIONS" => Scope::Read,
        "POST" if is_search(path) => Scope::Read,
        _ => Scope::Write,
    }
}

/// Whether a request takes some microseconds as a rule, as [`Tenant::looks_up`] tells: for hosts that answer such requests
/// at once, and hand others to another thread.
pub fn is_look_up(tenant: &Tenant, method: &str, target: &str) -> bool {
    if !matches!(method, "GET" | "HEAD") {
        return false;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Ok(registry) = tenant.registry() else { return false };
    match Route::parse(path, &registry) {
        Ok(Route::Resource(endpoint, _)) => tenant.looks_up(&endpoint, None),
        Ok(Route::Endpoint(endpoint)) => {
            let parameters = Parameters::parse(query);
            let filter = parameters.as_ref().ok().and_then(|parameters| parameters.filter().ok().flatten());
            filter.is_some_and(|filter| tenant.looks_up(&endpoint, Some(filter)))
        }
        _ => false,
    }
}

/// The answer that tells an error: for hosts, who refuse some requests before they get here.
pub fn answer_error(error: &Error) -> Response {
    respond::error(error)
}

fn routed(
    tenant: &Tenant,
    request: &Request<'_>,
    context: &Context,
    stream: Option<&mut dyn Read>,
) -> Result<Response> {
    let registry = tenant.registry()?;
    let route = Route::parse(request.path(), &registry)?.of_profile(&*tenant.profile()?)?;
    // A path that does not exist is told before anything about the method or the body.
    if let Some(endpoint) = route.endpoint() {
        tenant.check_served(registry.resource_type(endpoint)?)?;
    }
    let allowed = route.methods();
    if request.method == "OPTIONS" || !allowed.contains(&request.method) {
        let mut response = match request.method {
            "OPTIONS" => respond::empty(204),
            method => respond::error(&Error::new(
                ErrorKind::MethodNotAllowed,
                format!("{} cannot be sent here; what can: {}", told(method), allowed.join(", ")),
            )),
        };
        response.headers.push(("allow", allowed.join(", ")));
        if request.method == "OPTIONS" && allowed.contains(&"PATCH") {
            // RFC 5789 section 3.1.
            response.headers.push(("accept-patch", format!("{SCIM_JSON}, {JSON}")));
        }
        return Ok(response);
    }
    check_text(request)?;
    if request.body.len() > context.max_body_bytes {
        return Err(too_large(context.max_body_bytes));
    }
    let is_read = matches!(request.method, "GET" | "HEAD");
    match route {
        Route::Root => search::by_query(tenant, request, context, None),
        Route::RootSearch => search::by_message(tenant, request, context, None),
        Route::OpenSearch(endpoint) if is_read => search::by_query(tenant, request, context, Some(&endpoint)),
        Route::Search(endpoint) | Route::OpenSearch(endpoint) => {
            search::by_message(tenant, request, context, Some(&endpoint))
        }
        Route::Forget(endpoint) => forget::forget(tenant, request, context, &endpoint),
        Route::Import(endpoint) => match stream {
            Some(stream) => import::queue(tenant, request, stream, context, &endpoint),
            None => import::queue(tenant, request, &mut &*request.body, context, &endpoint),
        },
        Route::ImportJob(endpoint, id) => import::status(tenant, request, &endpoint, &id),
        Route::Bulk => bulk::bulk(tenant, request, context),
        Route::Me => me::me(tenant, request, context),
        Route::ServiceProviderConfig => discovery::service_provider_config(tenant, request, context),
        Route::ResourceTypes(id) => discovery::resource_types(tenant, request, context, id.as_deref()),
        Route::Schemas(id) => discovery::schemas(tenant, request, context, id.as_deref()),
        Route::Endpoint(endpoint) if is_read => search::by_query(tenant, request, context, Some(&endpoint)),
        Route::Endpoint(endpoint) => resources::create(tenant, request, context, &endpoint),
        Route::Resource(endpoint, id) => match request.method {
            "PUT" => resources::replace(tenant, request, context, &endpoint, &id),
            "PATCH" => resources::modify(tenant, request, context, &endpoint, &id),
            "DELETE" => resources::delete(tenant, request, context, &endpoint, &id),
            _ => resources::get(tenant, request, context, &endpoint, &id),
        },
    }
}

/// What a body is refused with that is larger than the limit: for hosts that do not read it.
pub fn too_large(limit: usize) -> Error {
    let detail = format!("the body is larger than {limit} bytes: send less at a time");
    Error::new(ErrorKind::PayloadTooLarge, detail)
}

/// A method as an error may repeat it.
fn told(method: &str) -> &str {
    let is_word = (1..=16).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_word { method } else { "this method" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreOptions};

    #[test]
    fn look_ups_are_reads_of_one_resource() {
        let tenant = Store::open_in_memory(StoreOptions::default()).unwrap().tenant("default").unwrap();
        let cases = [
            ("GET", "/Users/1?attributes=userName", true),
            ("HEAD", "/Users/1", true),
            ("GET", "/Users?count=1&filter=userName+eq+%22a%22", true),
            ("GET", "/Users", false),
            ("GET", "/Users?filter=active+eq+true", false),
            ("GET", "/Users?filter=id+eq+%22a%22&filter=id+eq+%22b%22", false),
            ("GET", "/Groups/1", false),
            ("GET", "/?filter=id+eq+%22a%22", false),
            ("GET", "/Schemas/User", false),
            ("PATCH", "/Users/1", false),
            ("POST", "/Users/.search", false),
        ];
        for (method, target, expected) in cases {
            assert_eq!(is_look_up(&tenant, method, target), expected, "{method} {target}");
        }
    }
}
