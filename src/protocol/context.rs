//! What the host tells about an endpoint and its caller.

/// What a request is answered with, besides the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The URL that targets are relative to, without a trailing slash: `https://example.com/scim/v2`. Empty: locations
    /// are relative.
    pub base: String,
    /// Who calls, for the change log: the name of a token, say.
    pub actor: Option<String>,
    /// The id of the resource that `/Me` is for the caller (RFC 7644 section 3.11); without one it is not implemented.
    pub subject: Option<String>,
    /// Bytes of a request's body at most, told as `bulk.maxPayloadSize`. Default 1 MiB.
    pub max_body_bytes: usize,
    /// How callers are authenticated, told by the ServiceProviderConfig. Default empty.
    pub authentication_schemes: Vec<AuthenticationScheme>,
    /// Where people find help, told by the ServiceProviderConfig.
    pub documentation_uri: Option<String>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            base: String::new(),
            actor: None,
            subject: None,
            max_body_bytes: 1 << 20,
            authentication_schemes: Vec::new(),
            documentation_uri: None,
        }
    }
}

/// One of the `authenticationSchemes` (RFC 7643 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationScheme {
    /// `oauthbearertoken`, `httpbasic`, `oauth2`, …
    pub kind: String,
    /// A name for people.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where it is specified.
    pub spec_uri: Option<String>,
}

impl AuthenticationScheme {
    /// Bearer tokens (RFC 6750).
    pub fn bearer_token() -> Self {
        AuthenticationScheme {
            kind: "oauthbearertoken".to_owned(),
            name: "OAuth Bearer Token".to_owned(),
            description: "A bearer token in the Authorization header".to_owned(),
            spec_uri: Some("https://www.rfc-editor.org/info/rfc6750".to_owned()),
        }
    }
}
