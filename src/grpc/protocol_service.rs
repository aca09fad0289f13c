//! `scimdb.v1.ProtocolService`: SCIM's protocol as one RPC. What a request means is decided in `protocol` alone.

use tonic::{Request, Response, Status};

use super::call::brief;
use super::convert::fits;
use super::proto;
use super::proto::protocol_service_server::ProtocolService;
use super::resource_service::ENVELOPE;
use crate::Error;
use crate::engine::Scope;
use crate::error::Fault;
use crate::protocol::{
    self, AuthenticationScheme, Context, answer_error, challenge, is_look_up, required_scope, try_handle,
};
use crate::server::{Caller, Gate};

/// The service.
pub(super) struct Protocol {
    gate: Gate,
}

impl Protocol {
    pub(super) fn new(gate: Gate) -> Self {
        Protocol { gate }
    }
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl ProtocolService for Protocol {
    async fn handle(&self, request: Request<proto::HandleRequest>) -> Answer<proto::HandleResponse> {
        let proto::HandleRequest { method, target, .. } = request.get_ref();
        let (scope, asked) = (required_scope(method, target), (method.clone(), target.clone()));
        let is_short =
            move |caller: &Caller| caller.tenant().is_ok_and(|tenant| is_look_up(&tenant, &asked.0, &asked.1));
        let options = self.gate.options();
        let (max_body_bytes, documentation_uri) = (options.max_body_bytes, options.documentation_url.clone());
        let limit = options.max_message_bytes;
        brief(&self.gate, "ProtocolService/Handle", scope, request, is_short, move |caller, message| {
            let proto::HandleRequest { tenant: _, method, target, headers, body, base } = message;
            let context = Context {
                base: base.trim_end_matches('/').to_owned(),
                actor: caller.actor().map(str::to_owned),
                subject: caller.subject().map(str::to_owned),
                authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                max_body_bytes,
                documentation_uri,
            };
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
            let request = protocol::Request { method: &method, target: &target, headers: &headers, body: &body };
            let answered = caller.tenant().and_then(|tenant| {
                let answer = try_handle(&tenant, &request, &context)?;
                // What was written is written, however large the answer is.
                if scope == Scope::Read {
                    fits(answer.body.len() + ENVELOPE, limit)?;
                }
                Ok(answer)
            });
            let mut answered = answered.unwrap_or_else(|error| refused(&error));
            if method == "HEAD" {
                answered.body.clear();
            }
            Ok(response(answered))
        })
        .await
    }
}

/// The answer that tells an error. What is not the caller's fault is for the operator as well.
fn refused(error: &Error) -> protocol::Response {
    if error.row().fault != Fault::Caller {
        tracing::error!(method = "ProtocolService/Handle", ?error, "a call failed");
    }
    let mut response = answer_error(error);
    response.headers.extend(challenge(error, true).map(|challenge| ("www-authenticate", challenge.to_owned())));
    response
}

fn response(answered: protocol::Response) -> proto::HandleResponse {
    let protocol::Response { status, headers, body } = answered;
    let header = |(name, value): (&str, String)| proto::Header { name: name.to_owned(), value };
    proto::HandleResponse {
        status: status.into(),
        headers: headers.into_iter().map(header).collect(),
        body: body.into_bytes(),
    }
}
