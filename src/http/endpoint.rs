//! From an HTTP request to a call of the protocol, and back. What a client is refused for is found out in this order:
//! the path, the rate, the token, the size of the body, the body, and then what the request says.

use std::io;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName};
use http::header::{HeaderValue, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER, TRANSFER_ENCODING, VARY, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;

use super::browsers::{check_name, check_page};
use super::encode::{accepts_gzip, gzip};
use super::explorer::{self, Answerer, Document};
use super::mount::{is_of_another_version, mounted};
use super::operations::Operation;
use super::origin::{check_host, origin};
use crate::engine::Mounted;
use crate::protocol::{self, AuthenticationScheme, Context, answer_error, challenge, required_scope, takes_stream};
use crate::server::{Body, Call, Caller, Face, Gate, Peer, request_id, token};
use crate::{Error, ErrorKind, Result};

/// The body of an answer: all of it.
pub(crate) type Page = Full<Bytes>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers requests over HTTP. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(super) gate: Gate,
    pub(super) is_encrypted: bool,
}

/// An answer that is ready to be sent.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
}

impl Endpoint {
    /// What answers for a gate, on connections that are encrypted or not.
    pub(crate) fn new(gate: Gate, is_encrypted: bool) -> Self {
        Endpoint { gate, is_encrypted }
    }

    /// Answers a request. Every error is a SCIM error document.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Response<Page> {
        let (parts, body) = request.into_parts();
        let sent = parts.headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let id = request_id(&self.gate, sent);
        let (version, is_head) = (parts.version, parts.method == Method::HEAD);
        let has_token = parts.headers.contains_key(AUTHORIZATION);
        let mut incoming = Some(body);
        let started = Instant::now();
        let mut answer = match self.called(parts, &mut incoming, peer, &id).await {
            Ok(answer) => answer,
            Err(error) => refusal(&error, has_token),
        };
        answer.headers.extend(explorer::timing(&self.gate, started).map(|timing| (SERVER_TIMING, timing)));
        let mut response = written(answer, is_head, &id);
        // What was not read may still be on its way. Nothing can follow it in this connection of HTTP/1.1.
        if version < Version::HTTP_2 && incoming.is_some_and(|body| !body.is_end_stream()) {
            peer.leave_unread();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn called(&self, parts: Parts, body: &mut Option<Incoming>, peer: &Peer, id: &str) -> Result<Answer> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let call = Call {
            face: Face::Http,
            method: method_name(&parts.method),
            id: id.to_owned(),
            bearer: token(&parts.headers),
            timeout: None,
            tenant: String::new(),
            scope: crate::engine::Scope::Admin,
            peer: peer.clone(),
        };
        if let Err(error) = check_host(&parts).and_then(|()| check_coding(&parts.headers)) {
            return Err(self.turned_away(&call, error));
        }
        let options = self.gate.options();
        let document = Document::at(&self.gate, parts.uri.path());
        let asked_by = check_name(options, &parts.uri, &parts.headers).and_then(|()| match document {
            // Links lead to it from anywhere, and it holds no data.
            Some(Document::Page) => Ok(()),
            _ => check_page(options, &parts.uri, &parts.headers),
        });
        if let Err(error) = asked_by {
            // This is no matter of scopes, so nothing is said of them.
            return Ok(Answer::from(answer_error(&self.turned_away(&call, error))));
        }
        if let Some(operation) = Operation::at(parts.uri.path()) {
            return self.operate(operation, &parts, call).await;
        }
        if let Some(document) = document {
            return document.answer(&self.gate, &parts, call).await.map(Answer::from);
        }
        let (answerer, behind) = explorer::asked(&self.gate, path);
        let (is_plain, path) = (behind.len() == path.len(), behind);
        let Some(mounted) = mounted(&self.gate, path) else {
            let error = if is_of_another_version(path) {
                Error::new(
                    ErrorKind::InvalidVersion,
                    "this version of SCIM is not spoken here: /scim/v2 is the endpoint",
                )
            } else {
                Error::new(ErrorKind::NotFound, "there is nothing at this path: /scim/v2 is the endpoint")
            };
            return Err(self.turned_away(&call, error));
        };
        let scope = required_scope(parts.method.as_str(), &mounted.target);
        let call = Call { tenant: mounted.tenant.clone(), scope, ..call };
        if is_plain && takes_stream(parts.method.as_str(), &mounted.target) {
            return self.take_in(parts, mounted, body, call).await;
        }
        let mut sent = self.gate.body(&call);
        let mut visit = self.gate.visit(call);
        let result = async {
            if !body.as_ref().is_none_or(hyper::body::Body::is_end_stream) {
                visit.admit().await?;
                let read = visit.until(self.read(&parts.headers, body, &mut sent)).await;
                read.map_err(|_| lost("the body did not come within the time that a request may take"))??;
            }
            let asked = (parts.method.clone(), mounted.target.clone());
            let is_short = move |caller: &Caller| {
                caller.tenant().is_ok_and(|tenant| protocol::is_look_up(&tenant, asked.0.as_str(), &asked.1))
            };
            let work = self.work(parts, mounted, sent, answerer);
            visit.work(is_short, work).await
        };
        let result = result.await;
        match &result {
            Ok(answer) => visit.answered(answer.status),
            Err(error) => visit.end(Some(error)),
        }
        result
    }

    /// Notes that a call reaches nothing. It counts in what its caller may send all the same.
    fn turned_away(&self, call: &Call, error: Error) -> Error {
        let error = self.gate.limit(call).err().unwrap_or(error);
        self.gate.refused(call, &error);
        error
    }

    /// What a worker does for a request that was read.
    fn work(
        &self,
        parts: Parts,
        mounted: Mounted,
        body: Body,
        answerer: Answerer,
    ) -> impl FnOnce(&Caller) -> Result<Answer> + Send + 'static {
        let options = self.gate.options();
        let base = origin(options, &parts, self.is_encrypted) + &mounted.base;
        let (limit, gzip_above) = (options.max_body_bytes, options.gzip_above);
        let documentation_uri = options.documentation_url.clone();
        move |caller| {
            let context = Context {
                base,
                actor: caller.actor().map(str::to_owned),
                subject: caller.subject().map(str::to_owned),
                authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                max_body_bytes: limit,
                documentation_uri,
            };
            let headers = texts(&parts.headers)?;
            let request = protocol::Request {
                method: parts.method.as_str(),
                target: &mounted.target,
                headers: &headers,
                body: body.bytes(),
            };
            let tenant = caller.tenant()?.standing_at(&mounted.path);
            let mut answer = Answer::from(answerer(&tenant, &request, &context)?);
            answer.encode(&parts, gzip_above);
            Ok(answer)
        }
    }

    /// Reads a body, unless it is too large: what says so from the start is not read at all.
    async fn read(&self, headers: &HeaderMap, body: &mut Option<Incoming>, into: &mut Body) -> Result<()> {
        let limit = self.gate.options().max_body_bytes;
        let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|told| told > limit) {
            return Err(protocol::too_large(limit));
        }
        let Some(incoming) = body else { return Ok(()) };
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| {
                if self.gate.stop().is_stopped() {
                    return Error::new(ErrorKind::Unavailable, "the server has stopped: send the request again later");
                }
                broken(error)
            })?;
            let Ok(chunk) = frame.into_data() else { continue };
            if into.bytes().len() + chunk.len() > limit {
                return Err(protocol::too_large(limit));
            }
            into.push(&chunk)?;
        }
        *body = None;
        Ok(())
    }
}

pub(super) fn lost(detail: &str) -> Error {
    Error::new(ErrorKind::Cancelled, detail)
}

/// What came of a body that cannot be read: the client went away, or what it sends is none.
pub(super) fn broken(error: hyper::Error) -> Error {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    let is_wrong =
        cause.is_some_and(|it| matches!(it.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
    if is_wrong {
        return Error::new(ErrorKind::InvalidArgument, "the chunks of the body cannot be read").caused_by(error);
    }
    lost("the body broke off").caused_by(error)
}

/// Refuses a body in another transfer coding than chunked (RFC 9112 section 6.1).
///
/// # Errors
/// `NotImplemented`.
fn check_coding(headers: &HeaderMap) -> Result<()> {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter();
    let first = values.next();
    if first.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) && values.next().is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotImplemented, "no transfer coding is read but chunked: send the body as it is"))
}

/// The headers as the protocol takes them, as text.
///
/// # Errors
/// `InvalidArgument` for one that has a say in what happens, and is none: as good as not sent, it would allow what it is
/// there to stop.
pub(super) fn texts(headers: &HeaderMap) -> Result<Vec<(&str, &str)>> {
    let mut texts = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match value.to_str() {
            Ok(text) => texts.push((name.as_str(), text)),
            Err(_) if [IF_MATCH, IF_NONE_MATCH, CONTENT_TYPE, CONTENT_ENCODING].contains(name) => {
                let detail = format!("the header {name} is no text: it has characters that are not ASCII");
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            // The protocol reads it for what the client would rather have, or not at all.
            Err(_) => {}
        }
    }
    Ok(texts)
}

/// The method as logs and metrics have it.
fn method_name(method: &Method) -> &'static str {
    macro_rules! names {
        ($($name:ident)*) => {
            match *method {
                $(Method::$name => stringify!($name),)*
                _ => "other",
            }
        };
    }
    names!(GET HEAD OPTIONS POST PUT PATCH DELETE)
}

/// The answer that tells an error, with what a client can do about it.
pub(super) fn refusal(error: &Error, has_token: bool) -> Answer {
    let mut answer = Answer::from(answer_error(error));
    answer.headers.extend(challenge(error, has_token).map(|challenge| (WWW_AUTHENTICATE, challenge.to_owned())));
    if matches!(answer.status, 429 | 503) {
        // What is asked for each second is there again in one, and so is what was busy.
        answer.headers.push((RETRY_AFTER, "1".to_owned()));
    }
    answer
}

impl From<protocol::Response> for Answer {
    fn from(response: protocol::Response) -> Self {
        let protocol::Response { status, headers, body } = response;
        let headers = headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect();
        Answer { status, headers, body: body.into() }
    }
}

impl Answer {
    /// A text that is no document of SCIM.
    pub(super) fn text(status: u16, media_type: &str, body: String) -> Self {
        Answer { status, headers: vec![(CONTENT_TYPE, media_type.to_owned())], body: body.into() }
    }

    /// Compresses the body if it is worth it, and the client can read it.
    fn encode(&mut self, parts: &Parts, above: usize) {
        if !self.headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            return;
        }
        // An answer to HEAD has no body, but its length.
        let told = self.headers.iter().find(|(name, _)| name == CONTENT_LENGTH);
        let told = told.and_then(|(_, length)| length.parse().ok());
        if told.unwrap_or(self.body.len()) <= above {
            return;
        }
        match self.headers.iter_mut().find(|(name, _)| name == VARY) {
            Some((_, varies)) => varies.push_str(", Accept-Encoding"),
            None => self.headers.push((VARY, "Accept-Encoding".to_owned())),
        }
        if !accepts_gzip(&parts.headers) {
            return;
        }
        if told.is_some() {
            // How long it would be is known only to who compresses it.
            self.headers.retain(|(name, _)| name != CONTENT_LENGTH);
        } else if let Ok(encoded) = gzip(&self.body) {
            self.body = encoded.into();
        } else {
            // It is sent as it is: what was written is written.
            return;
        }
        self.headers.push((CONTENT_ENCODING, "gzip".to_owned()));
    }
}

fn written(answer: Answer, is_head: bool, id: &str) -> Response<Page> {
    let Answer { status, mut headers, mut body } = answer;
    if is_head && !body.is_empty() {
        headers.push((CONTENT_LENGTH, body.len().to_string()));
        body.clear();
    }
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
