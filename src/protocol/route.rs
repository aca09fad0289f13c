//! What a path names.

use percent_encoding::percent_decode_str;

use super::parameters::is_encoded;
use crate::model::Registry;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// The endpoint of imports, below that of a resource type.
const IMPORT: &str = ".import";

/// What a path names (RFC 7644 table 1 and section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The base: every resource.
    Root,
    /// `/.search`: a search of every resource, by POST.
    RootSearch,
    /// `/Bulk`
    Bulk,
    /// `/Me`
    Me,
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/ResourceTypes`, or one of them.
    ResourceTypes(Option<String>),
    /// `/Schemas`, or one of them.
    Schemas(Option<String>),
    /// `/Users`: an endpoint, with its slash, so that it is not taken for the name of a resource type.
    Endpoint(String),
    /// `/Users/.search`
    Search(String),
    /// `/Users/.search` where the profile lets it be sent by GET as well.
    OpenSearch(String),
    /// `/Users/2819c223`: the endpoint, and the id.
    Resource(String, String),
    /// `/Users/.forget`: an erasure, by POST, where the profile has it.
    Forget(String),
    /// `/Users/.import`: imports are queued there, where the profile has that.
    Import(String),
    /// `/Users/.import/1P5FOESDK44J6Q0QAHK2`: the endpoint, and the correlation id.
    ImportJob(String, String),
}

impl Route {
    /// Reads a path that begins behind the base. A trailing slash does not matter. The endpoint of a resource type may
    /// have two segments, which only the registry knows.
    ///
    /// # Errors
    /// `NotFound` for what no path of SCIM looks like, `InvalidSyntax` for what is not encoded as a URL is.
    pub(super) fn parse(path: &str, registry: &Registry) -> Result<Route> {
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        if trimmed.is_empty() {
            return Ok(Route::Root);
        }
        let mut segments = trimmed.split('/').map(decoded);
        let mut first = segments.next().transpose()?.unwrap_or_default();
        let mut second = segments.next().transpose()?;
        let is_nameless = first.is_empty() || first.contains('/');
        if let Some(both) = second.as_ref().map(|second| format!("{first}/{second}"))
            && !is_nameless
            && registry.has_endpoint(&both)
        {
            (first, second) = (both, segments.next().transpose()?);
        }
        let third = segments.next().transpose()?;
        if segments.next().is_some() || is_nameless || second.as_deref() == Some("") {
            return Err(nothing());
        }
        if let Some(third) = third {
            let is_import = second.is_some_and(|second| second.eq_ignore_ascii_case(IMPORT));
            let is_job = is_import && !third.is_empty();
            return if is_job { Ok(Route::ImportJob(endpoint(&first), third)) } else { Err(nothing()) };
        }
        // Letter case does not matter, as it does not for the endpoints of resource types.
        let is = |name: &str| first.eq_ignore_ascii_case(name);
        match second {
            None if is(".search") => Ok(Route::RootSearch),
            None if is("Bulk") => Ok(Route::Bulk),
            None if is("Me") => Ok(Route::Me),
            // In the RFC's earlier drafts, and in some clients, the name has an s.
            None if is("ServiceProviderConfig") || is("ServiceProviderConfigs") => Ok(Route::ServiceProviderConfig),
            id if is("ResourceTypes") => Ok(Route::ResourceTypes(id)),
            id if is("Schemas") => Ok(Route::Schemas(id)),
            Some(_) if [".search", "Bulk", "Me", "ServiceProviderConfig"].iter().any(|name| is(name)) => Err(nothing()),
            None => Ok(Route::Endpoint(endpoint(&first))),
            Some(id) if id.eq_ignore_ascii_case(".search") => Ok(Route::Search(endpoint(&first))),
            Some(id) => Ok(Route::Resource(endpoint(&first), id)),
        }
    }

    /// What it is in a tenant of a profile: what begins with a dot names an endpoint there, where it has that one, and an id
    /// everywhere else.
    ///
    /// # Errors
    /// `NotFound` for what stands behind an endpoint that the profile does not have.
    pub(super) fn of_profile(self, profile: &Profile) -> Result<Route> {
        let names = |id: &str, name: &str| id.eq_ignore_ascii_case(name);
        match self {
            Route::ImportJob(..) if !profile.has_endpoint("import") => Err(nothing()),
            Route::Resource(endpoint, id) if names(&id, IMPORT) && profile.has_endpoint("import") => {
                Ok(Route::Import(endpoint))
            }
            Route::Resource(endpoint, id) if names(&id, ".forget") && profile.has_endpoint("forget") => {
                Ok(Route::Forget(endpoint))
            }
            Route::Search(endpoint) if profile.has_endpoint("search") => Ok(Route::OpenSearch(endpoint)),
            other => Ok(other),
        }
    }

    /// The endpoint of a resource type that it is of, which may not exist.
    pub(super) fn endpoint(&self) -> Option<&str> {
        match self {
            Route::Endpoint(endpoint)
            | Route::Search(endpoint)
            | Route::OpenSearch(endpoint)
            | Route::Resource(endpoint, _)
            | Route::Forget(endpoint)
            | Route::Import(endpoint)
            | Route::ImportJob(endpoint, _) => Some(endpoint),
            _ => None,
        }
    }

    /// The methods that it has.
    pub(super) fn methods(&self) -> &'static [&'static str] {
        match self {
            Route::Root
            | Route::ServiceProviderConfig
            | Route::ResourceTypes(_)
            | Route::Schemas(_)
            | Route::ImportJob(..) => &["GET", "HEAD", "OPTIONS"],
            Route::RootSearch | Route::Search(_) | Route::Bulk | Route::Forget(_) | Route::Import(_) => {
                &["POST", "OPTIONS"]
            }
            Route::Endpoint(_) | Route::OpenSearch(_) => &["GET", "HEAD", "POST", "OPTIONS"],
            Route::Resource(..) => &["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"],
            Route::Me => &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        }
    }
}

/// Whether a path is that of a search by POST, whichever endpoint stands before it: one of two segments at most.
pub(super) fn is_search(path: &str) -> bool {
    ends_with(path, ".search")
}

/// Whether imports are queued at a path, where the tenant's profile has that.
pub(super) fn is_import(path: &str) -> bool {
    ends_with(path, IMPORT)
}

/// Whether a path is an endpoint, of one segment or two, with this behind it.
fn ends_with(path: &str, name: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = path.strip_suffix('/').unwrap_or(path).rsplit('/');
    let is_named = |last| decoded(last).is_ok_and(|last| last.eq_ignore_ascii_case(name));
    segments.next().is_some_and(is_named) && segments.count() <= 2
}

fn endpoint(segment: &str) -> String {
    format!("/{segment}")
}

fn decoded(segment: &str) -> Result<String> {
    let text = is_encoded(segment).then(|| percent_decode_str(segment).decode_utf8().ok()).flatten();
    let text = text.ok_or_else(|| {
        let detail = "the path is no UTF-8 text that was percent-encoded: encode it as a URL";
        Error::new(ErrorKind::InvalidSyntax, detail)
    })?;
    Ok(text.into_owned())
}

fn nothing() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "there is nothing at this path: see /ResourceTypes for the endpoints, and add an id for a resource",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::builtin;

    #[test]
    fn paths() {
        let id = |text: &str| Some(text.to_owned());
        let cases = [
            ("", Route::Root),
            ("/", Route::Root),
            ("/.search", Route::RootSearch),
            ("/Bulk", Route::Bulk),
            ("/Me", Route::Me),
            ("/ServiceProviderConfig", Route::ServiceProviderConfig),
            ("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", {
                Route::Schemas(id("urn:ietf:params:scim:schemas:core:2.0:User"))
            }),
            ("/Schemas/urn%3Aexample%3AX", Route::Schemas(id("urn:example:X"))),
            ("/ResourceTypes/", Route::ResourceTypes(None)),
            ("/me", Route::Me),
            ("/schemas", Route::Schemas(None)),
            ("/Users", Route::Endpoint("/Users".into())),
            ("/users", Route::Endpoint("/users".into())),
            ("/Users/", Route::Endpoint("/Users".into())),
            ("/Users/.search", Route::Search("/Users".into())),
            ("/Users/a%2Fb%20c", Route::Resource("/Users".into(), "a/b c".into())),
        ];
        let registry = builtin::registry().unwrap();
        let parse = |path: &str| Route::parse(path, &registry);
        for (path, expected) in cases {
            assert_eq!(parse(path).unwrap(), expected, "{path}");
        }
        let importing: Profile = r#"{"name": "a", "endpoints": ["import"]}"#.parse().unwrap();
        let [batch, job] = ["/Users/.import", "/Users/.Import/1P5F"].map(|path| parse(path).unwrap());
        assert!(is_import("/Users/.import") && !is_import("/Users/.import/1P5F"));
        assert_eq!(batch.clone().of_profile(&Profile::default()).unwrap(), batch);
        assert_eq!(batch.of_profile(&importing).unwrap(), Route::Import("/Users".into()));
        assert_eq!(job.clone().of_profile(&Profile::default()).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(job.of_profile(&importing).unwrap(), Route::ImportJob("/Users".into(), "1P5F".into()));
        for path in [
            "/Users/.import/1/2",
            "/Users/1/2",
            "/Users//",
            "/Me/1",
            "/me/1",
            "/Bulk/1",
            "//Users",
            "/%2FUsers",
            "/User/Kind/1",
        ] {
            assert_eq!(parse(path).unwrap_err().kind(), ErrorKind::NotFound, "{path}");
        }
        for path in ["/Users/%ff", "/Users/%zz", "/Users/%4", "/Users/100%"] {
            assert_eq!(parse(path).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{path}");
        }
    }

    #[test]
    fn an_endpoint_may_have_two_segments() {
        let mut types = builtin::resource_types().unwrap();
        let kind = crate::model::ResourceType {
            id: "Kind".into(),
            name: "Kind".into(),
            endpoint: "/User/Kind".into(),
            ..types.swap_remove(0)
        };
        let types = [Some(kind)].to_vec();
        let registry = Registry::build(builtin::schemas().unwrap(), types, &mut Default::default()).unwrap();
        let parse = |path: &str| Route::parse(path, &registry);
        let kind = || "/User/Kind".to_owned();
        let cases = [
            ("/User/Kind", Route::Endpoint(kind())),
            ("/User/Kind/", Route::Endpoint(kind())),
            ("/User/Kind/DOB", Route::Resource(kind(), "DOB".into())),
            ("/User/Kind/.search", Route::Search(kind())),
            ("/User/Kin%64/a%2Fb", Route::Resource(kind(), "a/b".into())),
            ("/user/kind", Route::Endpoint("/user/kind".into())),
            ("/User/Other", Route::Resource("/User".into(), "Other".into())),
        ];
        for (path, expected) in cases {
            assert_eq!(parse(path).unwrap(), expected, "{path}");
        }
        for path in ["/User/Kind/1/2", "/User/Other/1", "/User%2FKind", "/User/Kind//"] {
            assert_eq!(parse(path).unwrap_err().kind(), ErrorKind::NotFound, "{path}");
        }
        for (path, endpoint, id) in [
            ("User/Kind", "User/Kind", None),
            ("user/kind/DOB", "user/kind", Some("DOB")),
            ("User/Kind/a/b", "User/Kind", Some("a/b")),
            ("User/Kinds/a", "User", Some("Kinds/a")),
            ("Users/1", "Users", Some("1")),
            ("Users", "Users", None),
        ] {
            assert_eq!(registry.split_path(path), (endpoint, id), "{path}");
        }
        assert!(is_search("/User/Kind/.search") && is_search("/.SEARCH/") && is_search("/Users/%2Esearch"));
        assert!(!is_search("/Users/.searches") && !is_search("/") && !is_search("/a/b/c/.search"));
    }
}
