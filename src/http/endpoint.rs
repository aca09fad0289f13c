//! From an HTTP request to a call of the protocol, and back.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::mount::{Mounted, mounted};
use crate::protocol::{self, AuthenticationScheme, Context, answer_error, required_scope};
use crate::server::{Call, Gate, bearer, request_id};
use crate::{Error, ErrorKind, Result};

/// The body of an answer: all of it.
pub(crate) type Page = Full<Bytes>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers requests over HTTP. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Endpoint {
    gate: Gate,
    scheme: &'static str,
}

impl Endpoint {
    /// What answers for a gate, on connections that are encrypted or not.
    pub(crate) fn new(gate: Gate, is_encrypted: bool) -> Self {
        Endpoint { gate, scheme: if is_encrypted { "https" } else { "http" } }
    }

    /// Answers a request. Every error is a SCIM error document.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Page> {
        let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let id = request_id(&self.gate, sent);
        let response = self.called(request, &id).await.unwrap_or_else(|error| answer_error(&error));
        written(response, &id)
    }

    async fn called(&self, request: Request<Incoming>, id: &str) -> Result<protocol::Response> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let Some(Mounted { tenant, base, target }) = mounted(path) else {
            return Err(Error::new(ErrorKind::NotFound, "there is nothing at this path: /scim/v2 is the endpoint"));
        };
        let call = Call {
            method: "HTTP",
            id: id.to_owned(),
            bearer: text(&parts.headers, &AUTHORIZATION).map(bearer).map(str::to_owned),
            timeout: None,
            tenant,
            scope: required_scope(parts.method.as_str(), &target),
        };
        let limit = Context::default().max_body_bytes;
        let body = read(&parts.headers, body, limit).await?;
        let host = parts.uri.authority().map(|it| it.as_str()).or_else(|| text(&parts.headers, &HOST));
        let base = host.map_or_else(|| base.clone(), |host| format!("{}://{host}{base}", self.scheme));
        let (method, headers) = (parts.method, parts.headers);
        let response = self.gate.unary(call, move |caller| {
            let context = Context {
                base,
                actor: caller.actor().map(str::to_owned),
                subject: caller.subject().map(str::to_owned),
                authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                max_body_bytes: limit,
                ..Context::default()
            };
            let headers: Vec<(&str, &str)> =
                headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
            let request =
                protocol::Request { method: method.as_str(), target: &target, headers: &headers, body: &body };
            protocol::try_handle(&caller.tenant()?, &request, &context)
        });
        response.await
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Reads a body, unless it is too large: what says so from the start is not read at all.
async fn read(headers: &HeaderMap, body: Incoming, limit: usize) -> Result<Bytes> {
    let told = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        return Err(protocol::too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(protocol::too_large(limit)),
        Err(error) => Err(Error::new(ErrorKind::Cancelled, "the body broke off").caused_by(error)),
    }
}

fn written(response: protocol::Response, id: &str) -> Response<Page> {
    let protocol::Response { status, headers, body } = response;
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            answer.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    if status == ErrorKind::Unauthenticated.row().status {
        let challenge = HeaderValue::from_static("Bearer realm=\"scimdb\"");
        answer.headers_mut().insert(http::header::WWW_AUTHENTICATE, challenge);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}
