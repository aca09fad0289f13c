//! The paths that a tenant's endpoint stands at besides `/scim/v2` and `/scim/{tenant}/v2`, and what stands at each.
//!
//! It knows how a path is written, and nothing of the tenants there are: who has which path, the engine keeps.

use super::Profile;
use crate::message::Part;
use crate::model::{Input, Registry};
use crate::{Error, ErrorKind, Result};

/// What stands for the tenant's name in a path.
const TENANT: &str = "{tenant}";

/// The path that every tenant has anyway.
const USUAL: &str = "/scim/{tenant}/v2";

/// Segments of a path at most: so many beginnings of a request's path are looked up.
const MAX_SEGMENTS: usize = 8;

/// First segments that are the server's own.
const OWN: &[&str] = &["healthz", "readyz", "metrics", "explorer"];

/// How the names of services of gRPC begin.
const OF_GRPC: &[&str] = &["grpc.", "scimdb."];

/// A path that the tenant's endpoint stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPath {
    path: String,
    resource_types: Vec<String>,
}

impl MountPath {
    /// As the document writes it: `/configuration/{tenant}/v2`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The resource types that stand there, and at no other path of the tenant but those that name them as well. Empty:
    /// all that no path names.
    pub fn resource_types(&self) -> &[String] {
        &self.resource_types
    }

    /// The path of a tenant.
    ///
    /// # Errors
    /// `InvalidArgument` where it would be one of the server's own.
    pub fn of_tenant(&self, tenant: &str) -> Result<String> {
        let path = self.path.replace(TENANT, tenant);
        if self.path != USUAL && is_reserved(&path) {
            let detail = format!("the path {} would be {path} for the tenant \"{tenant}\", which is taken", self.path);
            return Err(Error::new(ErrorKind::InvalidArgument, detail).on("paths"));
        }
        Ok(path)
    }

    fn read(part: &Part, place: &str, item: Input) -> Result<Self> {
        let (path, resource_types) = match item {
            Input::String(path) => (path, Vec::new()),
            other => {
                let mut part = Part::within(other, part.path(place))?;
                let path = part.need_string("path")?;
                let resource_types = part.take_strings("resourceTypes")?;
                part.finish(&["path", "resourceTypes"])?;
                (path, resource_types)
            }
        };
        check(&path).map_err(|detail| part.error(ErrorKind::InvalidValue, place, &detail))?;
        Ok(MountPath { path, resource_types })
    }
}

/// Reads the member `paths`.
pub(super) fn read(part: &mut Part) -> Result<Vec<MountPath>> {
    let items = part.take_array("paths")?.unwrap_or_default();
    let mut paths: Vec<MountPath> = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let place = format!("paths[{index}]");
        let path = MountPath::read(part, &place, item)?;
        if paths.iter().any(|other| other.path == path.path) {
            return Err(part.error(ErrorKind::InvalidValue, &place, "stands there twice"));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// What is wrong with a path, as the end of a sentence.
fn check(path: &str) -> std::result::Result<(), String> {
    let segments: Vec<&str> = path.strip_prefix('/').map(|rest| rest.split('/').collect()).unwrap_or_default();
    let is_plain = |segment: &&str| {
        !matches!(*segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if segments.is_empty() || segments.len() > MAX_SEGMENTS || !segments.iter().all(|it| *it == TENANT || is_plain(it))
    {
        return Err(format!(
            "is a slash and 1 to {MAX_SEGMENTS} segments of letters, digits, -, ., _ and ~, or {TENANT}, with slashes \
             between them, such as /scim/v1"
        ));
    }
    if segments.iter().filter(|segment| **segment == TENANT).count() > 1 {
        return Err(format!("has {TENANT} more than once"));
    }
    if path != USUAL && is_reserved(path) {
        return Err("is a path that the server has already".to_owned());
    }
    Ok(())
}

/// Whether a path is the server's own, or within the endpoint of some tenant by its name.
fn is_reserved(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let (first, second, third) = (segments.next().unwrap_or_default(), segments.next(), segments.next());
    OWN.contains(&first)
        || OF_GRPC.iter().any(|begin| first.starts_with(begin))
        || first == "scim" && (second == Some("v2") || third == Some("v2"))
}

impl Profile {
    /// The paths that the endpoint stands at, besides those that every tenant has.
    pub fn paths(&self) -> &[MountPath] {
        &self.paths
    }

    /// Whether a resource type stands at a path of a tenant: at the paths that name it where some do, else at all that
    /// name none.
    pub fn stands_at(&self, tenant: &str, path: &str, resource_type: &str) -> bool {
        let names =
            |mount: &MountPath| mount.resource_types.iter().any(|name| name.eq_ignore_ascii_case(resource_type));
        let is_here = |mount: &MountPath| mount.path.replace(TENANT, tenant) == path;
        match self.paths.iter().find(|mount| is_here(mount)) {
            Some(here) if !here.resource_types.is_empty() => names(here),
            _ => !self.paths.iter().any(names),
        }
    }

    /// Sees that the resource types of every path are there.
    pub(super) fn check_path_types(&self, registry: &Registry) -> Result<()> {
        let named = self.paths.iter().enumerate();
        let mut named = named.flat_map(|(index, mount)| mount.resource_types.iter().map(move |name| (index, name)));
        named.try_for_each(|(index, name)| {
            let place = || format!("paths[{index}].resourceTypes");
            super::known_type(registry, name, &place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(paths: &str) -> Result<Profile> {
        format!(r#"{{"name": "p", "paths": {paths}}}"#).parse()
    }

    #[test]
    fn paths_are_read() {
        let read = profile(r#"["/scim/v1", {"path": "/conf/{tenant}/v2", "resourceTypes": ["Kind"]}, "/{tenant}"]"#);
        let read = read.unwrap();
        let [plain, own, bare] = read.paths() else { panic!() };
        assert_eq!((plain.path(), plain.of_tenant("acme").unwrap().as_str()), ("/scim/v1", "/scim/v1"));
        assert_eq!((own.of_tenant("acme").unwrap().as_str(), own.resource_types().len()), ("/conf/acme/v2", 1));
        assert_eq!(bare.of_tenant("acme").unwrap(), "/acme");
        assert_eq!(bare.of_tenant("metrics").unwrap_err().kind(), ErrorKind::InvalidArgument);
        for good in ["/scim/{tenant}/v2", "/SCIM/{tenant}/v2", "/scim", "/scim/{tenant}", "/v2", "/a-b_c.d~e"] {
            profile(&format!("[\"{good}\"]")).unwrap();
        }
        assert!(profile(r#"["/scim/{tenant}/v2"]"#).unwrap().paths()[0].of_tenant("acme").is_ok());
    }

    #[test]
    fn what_is_no_path_or_taken_is_refused() {
        let wrong = [
            "",
            "/",
            "a",
            "/a/",
            "/a//b",
            "/a%20b",
            "/a b",
            "/a?b",
            "/a#b",
            "/../a",
            "/a/.",
            "/{tenants}",
            "/a{tenant}",
            "/{tenant}/{tenant}",
            "/1/2/3/4/5/6/7/8/9",
            "/healthz",
            "/readyz",
            "/metrics",
            "/metrics/a",
            "/explorer",
            "/scim/v2",
            "/scim/v2/a",
            "/scim/acme/v2",
            "/scim/acme/v2/a",
            "/scim/{tenant}/v2/a",
            "/scimdb.v1.AdminService",
            "/grpc.health.v1.Health/Check",
        ];
        for path in wrong {
            let error = profile(&format!("[\"/ok\", \"{path}\"]")).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("paths[1]")), "{path}");
        }
        let cases = [
            (r#"["/a", "/a"]"#, "paths[1]"),
            (r#"[{"path": "/a", "types": []}]"#, "paths[0].types"),
            (r#"[{"resourceTypes": []}]"#, "paths[0].path"),
            ("[7]", "paths[0]"),
            ("\"/a\"", "paths"),
        ];
        for (paths, place) in cases {
            assert_eq!(profile(paths).unwrap_err().attribute(), Some(place), "{paths}");
        }
    }

    #[test]
    fn a_type_that_a_path_names_stands_there_alone() {
        let profile = profile(r#"["/scim/v1", {"path": "/conf/{tenant}/v2", "resourceTypes": ["Kind"]}]"#).unwrap();
        let cases = [
            ("/scim/v2", "User", true),
            ("/scim/v1", "User", true),
            ("/conf/acme/v2", "User", false),
            ("/scim/v2", "Kind", false),
            ("/scim/acme/v2", "kind", false),
            ("/conf/acme/v2", "kind", true),
        ];
        for (path, resource_type, expected) in cases {
            assert_eq!(profile.stands_at("acme", path, resource_type), expected, "{path} {resource_type}");
        }
    }
}
