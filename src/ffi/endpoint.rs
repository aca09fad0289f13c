//! The SCIM endpoint without a socket (RFC 7644), for hosts with a web server of their own.

use std::borrow::Cow;
use std::ffi::c_char;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer};

use super::buf::{self, scimdb_buf};
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::with_store;
use super::life::scimdb_store;
use super::{log, options, text, verbs};
use crate::engine::DEFAULT_TENANT;
use crate::protocol::{
    AuthenticationScheme, Context, Request, Response, answer_error, bearer, challenge, required_scope, try_handle,
};
use crate::{Error, ErrorKind, Result, Store};

/// Answers an HTTP request for the SCIM endpoint of a tenant (RFC 7644). The method is in capitals; the target is what
/// stands behind the base of the endpoint, with the query: /Users?count=1; headers are a JSON object, or an array of
/// [name, value]; the body is bytes. Headers of the answer are a JSON object, in lower case; content-length is left to the
/// host, except for HEAD.
///
/// Context: base (the URL of the endpoint), actor (for the change log), subject (the id of the resource that /Me is),
/// scope (read, write, admin: what the caller may do; write), permissions (array: the permissions of the tenant's profile
/// that the caller is limited to; none), authenticate (bool: find all of these by the bearer token of the authorization
/// header, and answer 401 or 403 without), maxBodyBytes, authenticationSchemes (array of objects with type, name,
/// description, specUri), documentationUri.
///
/// What is wrong with the request is told by the answer, a SCIM error with its status, and is no error of this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_handle(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    method: *const c_char,
    method_n: usize,
    target: *const c_char,
    target_n: usize,
    headers: *const c_char,
    headers_n: usize,
    body: *const c_char,
    body_n: usize,
    context: *const c_char,
    context_n: usize,
    out_status: *mut i32,
    out_headers: *mut scimdb_buf,
    out_body: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let method = text::required(method, method_n, "method")?;
            let target = text::required(target, target_n, "target")?;
            let headers = text::optional(headers, headers_n, "headers")?;
            let body = text::bytes(body, body_n, "body")?.unwrap_or_default();
            let context = text::optional(context, context_n, "context")?;
            text::place(out_status, "out_status")?;
            buf::check(out_headers, "out_headers")?;
            buf::check(out_body, "out_body")?;
            if std::ptr::eq(out_headers, out_body) {
                return Err(Error::new(ErrorKind::Misuse, "out_headers and out_body are the same buffer"));
            }
            let answered = store.handle(Asked { tenant, method, target, headers, body, context })?;
            *out_status = i32::from(answered.status);
            buf::put(out_headers, &answered.headers);
            buf::put(out_body, &answered.body);
            Ok(())
        })
    }
}

/// A request, as the host gives it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) tenant: Option<&'a str>,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: Option<&'a str>,
    pub(super) body: &'a [u8],
    pub(super) context: Option<&'a str>,
}

/// An answer, as the host gets it: the headers are a JSON object.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
}

/// Answers a request.
///
/// # Errors
/// What is the host's fault: `InvalidArgument` for headers and a context that are none.
pub(super) fn respond(store: &Store, asked: Asked<'_>) -> Result<Answered> {
    let Asked { tenant, method, target, headers, body, context } = asked;
    let headers = headers.map_or_else(|| Ok(Headers::default()), parse_headers)?;
    let headers: Vec<(&str, &str)> = headers.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    let request = Request { method, target, headers: &headers, body };
    let mut response = answer(store, tenant, &request, options::parse(context)?)?;
    if method == "HEAD" {
        response.body.clear();
    }
    answered(response)
}

/// The answer where the store cannot be asked.
pub(super) fn refuse(error: &Error) -> Result<Answered> {
    answered(refused(error, true))
}

fn answered(response: Response) -> Result<Answered> {
    Ok(Answered { headers: headers_json(&response)?, status: response.status, body: response.body })
}

/// What the host says about a request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Told {
    base: String,
    actor: Option<String>,
    subject: Option<String>,
    scope: Option<String>,
    permissions: Vec<String>,
    authenticate: bool,
    max_body_bytes: Option<usize>,
    authentication_schemes: Option<Vec<Scheme>>,
    documentation_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scheme {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    description: String,
    spec_uri: Option<String>,
}

/// The answer. Errors are the host's fault: what is the client's is an answer.
fn answer(store: &Store, tenant: Option<&str>, request: &Request<'_>, told: Told) -> Result<Response> {
    let Told {
        base,
        actor,
        subject,
        scope,
        mut permissions,
        authenticate,
        max_body_bytes,
        authentication_schemes,
        documentation_uri,
    } = told;
    let usual = Context::default();
    let schemes = authentication_schemes.map(|schemes| schemes.into_iter().map(scheme).collect());
    let bearer_alone = || if authenticate { vec![AuthenticationScheme::bearer_token()] } else { Vec::new() };
    let mut context = Context {
        base: options::without_slash(base),
        actor,
        subject,
        max_body_bytes: max_body_bytes.unwrap_or(usual.max_body_bytes),
        authentication_schemes: schemes.unwrap_or_else(bearer_alone),
        documentation_uri,
    };
    let needed = required_scope(request.method, request.target);
    let name = tenant.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_TENANT);
    if authenticate {
        if scope.is_some() || context.subject.is_some() || !permissions.is_empty() {
            let detail = "context: scope, permissions and subject are those of the token where authenticate is true";
            return Err(Error::new(ErrorKind::InvalidArgument, detail));
        }
        let principal = token(request).and_then(|secret| store.authenticate(secret));
        let principal = principal.and_then(|it| it.allow(name, needed).map(|()| it));
        match principal {
            Ok(principal) => {
                // The host may know better who acts for the token.
                context.actor = context.actor.or(Some(principal.name));
                context.subject = principal.subject;
                permissions = principal.permissions;
            }
            Err(error) => return Ok(refused(&error, has_header(request))),
        }
    } else if let Some(scope) = scope
        && options::scope(&scope)? < needed
    {
        let error = Error::new(ErrorKind::Forbidden, format!("the caller may not do this: its scope is {scope}"));
        return Ok(refused(&error, true));
    }
    let tenant = verbs::tenant(store, tenant).map(|tenant| tenant.limited_to(&permissions.into()));
    let answered = tenant.and_then(|tenant| try_handle(&tenant, request, &context));
    Ok(answered.unwrap_or_else(|error| refused(&error, true)))
}

fn has_header(request: &Request<'_>) -> bool {
    request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// The one bearer token of a request. Two are one that nobody knows.
fn token<'a>(request: &Request<'a>) -> Result<&'a str> {
    let mut values = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let first = values.next().ok_or_else(|| {
        Error::new(ErrorKind::Unauthenticated, "this endpoint wants a bearer token: authorization: Bearer …")
    })?;
    Ok(if values.next().is_some() { "" } else { bearer(first.1) })
}

/// The answer that tells an error. What is not the caller's fault is told to the host by its log.
fn refused(error: &Error, has_token: bool) -> Response {
    log::failed(error);
    let mut response = answer_error(error);
    response.headers.extend(challenge(error, has_token).map(|challenge| ("www-authenticate", challenge.to_owned())));
    response
}

fn scheme(scheme: Scheme) -> AuthenticationScheme {
    let Scheme { kind, name, description, spec_uri } = scheme;
    AuthenticationScheme { kind, name, description, spec_uri }
}

fn parse_headers(text: &str) -> Result<Headers<'_>> {
    serde_json::from_str(text).map_err(|error| options::wrong("headers", &error))
}

fn headers_json(response: &Response) -> Result<String> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut out);
    let written = serializer.serialize_map(Some(response.headers.len())).and_then(|mut map| {
        response.headers.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        SerializeMap::end(map)
    });
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Internal, "the headers could not be written").caused_by(error)
    };
    written.map_err(|error| failed(error.into()))?;
    String::from_utf8(out).map_err(|error| failed(error.into()))
}

/// Headers in the two forms that web frameworks have them in. Several of one name are an array of pairs.
#[derive(Default)]
struct Headers<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de> Deserialize<'de> for Headers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Headers<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of names and values, or an array of [name, value]")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Self::Value, M::Error> {
                let mut headers = Vec::with_capacity(map.size_hint().unwrap_or_default());
                while let Some((Text(name), Text(value))) = map.next_entry()? {
                    headers.push((name, value));
                }
                Ok(Headers(headers))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> std::result::Result<Self::Value, S::Error> {
                let mut headers = Vec::with_capacity(seq.size_hint().unwrap_or_default());
                while let Some((Text(name), Text(value))) = seq.next_element()? {
                    headers.push((name, value));
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// Text that is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
