//! `POST /Bulk` (RFC 7644 section 3.7).

use super::headers::check_body;
use super::parameters::Parameters;
use super::{Context, Request, Response, respond};
use crate::engine::{Tenant, WriteOptions};
use crate::message::BulkRequest;
use crate::{Error, ErrorKind, Result};

/// Carries out a bulk request.
pub(super) fn bulk(tenant: &Tenant, request: &Request<'_>, context: &Context) -> Result<Response> {
    if tenant.limits()?.max_bulk_operations == 0 {
        // What is advertised as not supported is not tried (RFC 7644 section 3.12).
        return Err(Error::new(
            ErrorKind::NotImplemented,
            "there are no bulk requests here: send the operations alone",
        ));
    }
    check_body(request)?;
    let options = WriteOptions {
        actor: context.actor.clone(),
        base: context.base.clone(),
        // A path in the message has no query: the version of the request is that of every operation.
        api_version: Parameters::of(request.query(), &*tenant.profile()?)?.api_version()?,
        ..WriteOptions::default()
    };
    let results = tenant.bulk(BulkRequest::from_json(request.body)?, &options)?;
    Ok(respond::document(request, 200, results.to_json(&context.base)))
}
