//! How a search is carried out, told instead of its results: for hosts that let people look inside.

use super::headers::check_body;
use super::parameters::Parameters;
use super::route::Route;
use super::sensitive::refuse_sensitive;
use super::{Context, Request, Response, respond};
use crate::engine::Tenant;
use crate::message::SearchRequest;
use crate::{Error, ErrorKind, Result};

/// Carries out a search as [`try_handle`](super::try_handle) does, and answers with its
/// [`Explanation`](crate::message::Explanation). RFC 7644 has no such request: where it stands, the host decides.
///
/// ```
/// use scimdb::protocol::{Context, Request, explain};
/// use scimdb::{Store, StoreOptions};
///
/// let tenant = Store::open_in_memory(StoreOptions::default())?.tenant("default")?;
/// let search = Request { method: "GET", target: "/Users?filter=active+eq+true", headers: &[], body: b"" };
/// let explained = explain(&tenant, &search, &Context::default())?;
/// assert!(explained.body.contains("\"steps\""));
/// # Ok::<(), scimdb::Error>(())
/// ```
///
/// # Errors
/// `NotFound` for a path that is no search's; what the search itself would be refused with.
pub fn explain(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    const SEARCHES: &str = "only a search is explained: GET of an endpoint, or POST of its .search";
    let (method, endpoint) = match Route::parse(request.path(), &*tenant.registry()?)? {
        Route::Root => ("GET", None),
        Route::Endpoint(endpoint) => ("GET", Some(endpoint)),
        Route::RootSearch => ("POST", None),
        Route::Search(endpoint) => ("POST", Some(endpoint)),
        _ => return Err(Error::new(ErrorKind::NotFound, SEARCHES)),
    };
    if request.method != method {
        let mut response = respond::error(&Error::new(ErrorKind::MethodNotAllowed, SEARCHES));
        response.headers.push(("allow", method.to_owned()));
        return Ok(response);
    }
    let search = if method == "GET" {
        let search = Parameters::of(request.query(), &*tenant.profile()?)?.search(&context.base)?;
        refuse_sensitive(tenant, &search, endpoint.as_deref())?;
        search
    } else {
        check_body(request)?;
        SearchRequest::from_json(request.body)?
    };
    let explanation = tenant.explain(endpoint.as_deref(), &search)?;
    Ok(respond::document(request, 200, explanation.to_json()))
}
