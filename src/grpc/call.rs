//! From a gRPC request to a call: its metadata, its deadline, its tenant.

use std::time::Duration;

use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use super::proto;
use super::status::{REQUEST_ID, name_call, status};
use crate::Result;
use crate::engine::Scope;
use crate::server::{Call, Caller, Face, Gate, Peer, request_id, token};

/// A request that names its tenant, or none.
pub(super) trait OfTenant {
    /// The tenant's name; may be empty.
    fn tenant(&self) -> &str;
}

macro_rules! of_tenant {
    ($($message:ident)*) => { $(impl OfTenant for proto::$message {
        fn tenant(&self) -> &str {
            &self.tenant
        }
    })* };
}

of_tenant! {
    GetRequest CreateRequest ReplaceRequest PatchRequest DeleteRequest ForgetRequest ListRequest StreamListRequest
    BulkRequest
    ImportSettings WatchRequest ListSchemasRequest ListResourceTypesRequest PutSchemasRequest RemoveSchemaRequest
    CreateTenantRequest GetTenantRequest ConfigureTenantRequest DropTenantRequest CreateTokenRequest ListTokensRequest
    RevokeTokenRequest RegenerateTokenRequest TenantStatsRequest HandleRequest GetImportJobRequest
    ListImportJobsRequest
}

impl OfTenant for proto::ExplainRequest {
    fn tenant(&self) -> &str {
        self.search.as_ref().map_or("", OfTenant::tenant)
    }
}

impl OfTenant for proto::ListTenantsRequest {
    fn tenant(&self) -> &str {
        ""
    }
}

impl OfTenant for proto::StatsRequest {
    fn tenant(&self) -> &str {
        ""
    }
}

/// Carries out a unary RPC: everything but the work itself.
pub(super) async fn unary<M, T>(
    gate: &Gate,
    method: &'static str,
    scope: Scope,
    request: Request<M>,
    work: impl FnOnce(&Caller, M) -> Result<T> + Send + 'static,
) -> std::result::Result<Response<T>, Status>
where
    M: OfTenant + Send + 'static,
    T: Send + 'static,
{
    brief(gate, method, scope, request, |_| false, work).await
}

/// The same for work that may be short: see [`Gate::brief`].
pub(super) async fn brief<M, T>(
    gate: &Gate,
    method: &'static str,
    scope: Scope,
    request: Request<M>,
    is_short: impl FnOnce(&Caller) -> bool + Send,
    work: impl FnOnce(&Caller, M) -> Result<T> + Send + 'static,
) -> std::result::Result<Response<T>, Status>
where
    M: OfTenant + Send + 'static,
    T: Send + 'static,
{
    let (metadata, extensions, message) = request.into_parts();
    let call = call(gate, method, scope, (&metadata, &extensions), message.tenant());
    let id = call.id.clone();
    match gate.brief(call, is_short, move |caller| work(caller, message)).await {
        Ok(answer) => Ok(answered(answer, &id)),
        Err(error) => Err(status(&error, &id)),
    }
}

/// An answer that names its call.
pub(super) fn answered<T>(answer: T, id: &str) -> Response<T> {
    let mut response = Response::new(answer);
    name_call(response.metadata_mut(), id);
    response
}

/// The call that a request is, by its metadata, and by the extensions that the connection has added.
pub(super) fn call(
    gate: &Gate,
    method: &'static str,
    scope: Scope,
    (metadata, extensions): (&MetadataMap, &Extensions),
    tenant: &str,
) -> Call {
    let text = |key: &str| metadata.get(key).and_then(|value| value.to_str().ok());
    Call {
        face: Face::Grpc,
        method,
        id: request_id(gate, text(REQUEST_ID)),
        bearer: token(metadata.as_ref()),
        timeout: text("grpc-timeout").and_then(timeout),
        tenant: tenant.to_owned(),
        scope,
        peer: extensions.get::<Peer>().cloned().unwrap_or_default(),
    }
}

/// A `grpc-timeout`: up to eight digits and a unit. One that is not so is as good as none.
fn timeout(text: &str) -> Option<Duration> {
    let (unit, digits) = text.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3_600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        for wrong in ["", "5", "m", "5x", "+5m", "999999999n", "é"] {
            assert_eq!(timeout(wrong), None, "{wrong}");
        }
    }
}
