//! Which tenant a path is of, by the profiles of all tenants: kept in memory, and changed with them.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

use percent_encoding::percent_decode_str;

use super::Store;
use super::storage::records::TenantRecord;
use super::storage::{Reads, Table};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// Where a path leads: to the endpoint of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// The tenant's name.
    pub tenant: String,
    /// The path of the endpoint, as it was sent: what locations begin with.
    pub base: String,
    /// The same path, decoded: what [`Tenant::standing_at`](super::Tenant::standing_at) takes.
    pub path: String,
    /// What stands behind it, with the query.
    pub target: String,
}

/// The paths of all tenants.
#[derive(Default)]
pub(super) struct Mounts(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// Each with its tenant's name.
    paths: HashMap<String, String>,
    /// Segments of the longest: every request asks for it.
    longest: usize,
}

impl Known {
    fn of(paths: HashMap<String, String>) -> Self {
        let longest = paths.keys().map(|path| path.matches('/').count()).max().unwrap_or_default();
        Known { paths, longest }
    }
}

impl Mounts {
    /// Reads the paths of all tenants anew.
    pub(super) fn load(&self, reads: &dyn Reads) -> Result<()> {
        let mut found = HashMap::new();
        reads.scan(Table::Tenants, &[], None, &mut |_, value| {
            let TenantRecord { name, profile, dropped } = TenantRecord::decode(value)?;
            // What cannot be read is told to who asks for the tenant.
            if let Some(profile) = profile.parse::<Profile>().ok().filter(|_| !dropped) {
                found.extend(paths(&profile, &name).unwrap_or_default().into_iter().map(|path| (path, name.clone())));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Known::of(found);
        Ok(())
    }

    /// Sees that a tenant can have the paths of a profile: on the writer's thread, where nobody else takes one meanwhile.
    ///
    /// # Errors
    /// `AlreadyExists`, naming the tenant that has one of them; `InvalidArgument` for one of the server's own.
    pub(super) fn check(&self, tenant: &str, profile: &Profile) -> Result<()> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for path in paths(profile, tenant)? {
            if let Some(other) = known.paths.get(&path).filter(|other| *other != tenant) {
                let detail = format!("the path {path} is that of the tenant \"{other}\": give this one another path");
                return Err(Error::new(ErrorKind::AlreadyExists, detail).on("paths"));
            }
        }
        Ok(())
    }

    /// Gives a tenant the paths of its profile, and no others; none when it was dropped.
    pub(super) fn set(&self, tenant: &str, profile: Option<&Profile>) {
        let own = profile.and_then(|profile| paths(profile, tenant).ok()).unwrap_or_default();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut left = std::mem::take(&mut known.paths);
        left.retain(|_, other| other != tenant);
        left.extend(own.into_iter().map(|path| (path, tenant.to_owned())));
        *known = Known::of(left);
    }

    /// The endpoint that a path and query are of. The longest path wins.
    fn find(&self, path_and_query: &str) -> Option<Mounted> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let sent = path_and_query.split('?').next().unwrap_or_default().strip_prefix('/')?;
        let (mut path, mut end, mut found) = (String::new(), 0, None);
        for segment in sent.split('/').take(known.longest) {
            end += 1 + segment.len();
            path.push('/');
            let segment = percent_decode_str(segment).decode_utf8().ok().filter(|segment| !segment.contains('/'));
            let Some(segment) = segment else { break };
            path.push_str(&segment);
            if let Some(tenant) = known.paths.get(&path) {
                found = Some((tenant.clone(), path.clone(), end));
            }
        }
        let (tenant, path, end) = found?;
        let (base, target) = path_and_query.split_at_checked(end)?;
        Some(Mounted { tenant, base: base.to_owned(), path, target: target.to_owned() })
    }
}

fn paths(profile: &Profile, tenant: &str) -> Result<Vec<String>> {
    profile.paths().iter().map(|mount| mount.of_tenant(tenant)).collect()
}

impl Store {
    /// The endpoint that a path and query are of by the profile of a tenant: one of the paths that a profile names, without
    /// those that every tenant has.
    ///
    /// ```
    /// use scimdb::engine::TenantOptions;
    /// use scimdb::{Store, StoreOptions};
    ///
    /// let store = Store::open_in_memory(StoreOptions::default())?;
    /// let profile = r#"{"name": "acme", "paths": ["/scim/v1"]}"#.parse()?;
    /// store.create_tenant("acme", TenantOptions::of_profile(profile))?;
    /// let mounted = store.mounted("/scim/v1/Users?count=1").unwrap();
    /// assert_eq!((mounted.tenant.as_str(), mounted.target.as_str()), ("acme", "/Users?count=1"));
    /// # Ok::<(), scimdb::Error>(())
    /// ```
    pub fn mounted(&self, path_and_query: &str) -> Option<Mounted> {
        self.inner.mounts.find(path_and_query)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::TenantOptions;
    use crate::{ErrorKind, Result, Store, StoreOptions};

    fn options(paths: &str) -> TenantOptions {
        TenantOptions::of_profile(format!(r#"{{"name": "p", "paths": {paths}}}"#).parse().unwrap())
    }

    fn lead(store: &Store, path: &str) -> Option<(String, String, String)> {
        store.mounted(path).map(|it| (it.tenant, it.base, it.target))
    }

    #[test]
    fn paths_lead_to_the_tenants_that_have_them() {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        assert_eq!(store.mounted("/scim/v1/Users"), None);
        store.create_tenant("acme", options(r#"["/scim/v1", "/conf/{tenant}/v2", "/scim/{tenant}/v2"]"#)).unwrap();
        store.create_tenant("b", options(r#"["/conf/{tenant}/v2", "/scim/v1/b"]"#)).unwrap();
        let cases = [
            ("/scim/v1", Some(("acme", "/scim/v1", ""))),
            ("/scim/v1?a=/b", Some(("acme", "/scim/v1", "?a=/b"))),
            ("/scim/v1/Users/1?a=b", Some(("acme", "/scim/v1", "/Users/1?a=b"))),
            ("/sci%6d/v1/Users", Some(("acme", "/sci%6d/v1", "/Users"))),
            ("/scim/v1/b/Users", Some(("b", "/scim/v1/b", "/Users"))),
            ("/conf/acme/v2/User/Kind/DOB", Some(("acme", "/conf/acme/v2", "/User/Kind/DOB"))),
            ("/conf/b/v2", Some(("b", "/conf/b/v2", ""))),
            ("/conf/default/v2", None),
            ("/conf/{tenant}/v2", None),
            ("/scim/v10/Users", None),
            ("/scim%2Fv1/Users", None),
            ("/Scim/v1", None),
            ("/", None),
            ("", None),
        ];
        for (path, expected) in cases {
            let expected = expected.map(|(tenant, base, target)| (tenant.into(), base.into(), target.into()));
            assert_eq!(lead(&store, path), expected, "{path}");
        }
        assert_eq!(store.mounted("/sci%6d/v1/Users").unwrap().path, "/scim/v1");
    }

    #[test]
    fn a_path_is_that_of_one_tenant() {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let error = |result: Result<()>| {
            let error = result.unwrap_err();
            (error.kind(), error.detail().to_owned())
        };
        store.create_tenant("a", options(r#"["/scim/v1", "/{tenant}/x"]"#)).unwrap();
        let (kind, detail) = error(store.create_tenant("b", options(r#"["/scim/v1"]"#)).map(drop));
        assert!(kind == ErrorKind::AlreadyExists && detail.contains("\"a\""), "{detail}");
        assert_eq!(store.tenants().unwrap(), ["a", "default"]);
        // By its name in a template, too.
        assert_eq!(error(store.create_tenant("b", options(r#"["/a/x"]"#)).map(drop)).0, ErrorKind::AlreadyExists);
        assert_eq!(
            error(store.create_tenant("metrics", options(r#"["/{tenant}"]"#)).map(drop)).0,
            ErrorKind::InvalidArgument
        );
        store.create_tenant("b", TenantOptions::default()).unwrap();
        assert_eq!(error(store.configure_tenant("b", options(r#"["/scim/v1"]"#))).0, ErrorKind::AlreadyExists);
        assert!(store.tenant("b").unwrap().profile().unwrap().paths().is_empty());
        // What one gives up, another may have.
        store.configure_tenant("a", options(r#"["/scim/v3"]"#)).unwrap();
        assert!(store.mounted("/scim/v1").is_none() && store.mounted("/a/x").is_none());
        store.configure_tenant("b", options(r#"["/scim/v1"]"#)).unwrap();
        store.configure_tenant("b", options(r#"["/scim/v1"]"#)).unwrap();
        assert_eq!(store.mounted("/scim/v1").unwrap().tenant, "b");
        store.drop_tenant("b").unwrap();
        assert_eq!(store.mounted("/scim/v1"), None);
        store.create_tenant("c", options(r#"["/scim/v1"]"#)).unwrap();
    }

    #[test]
    fn paths_are_there_when_the_store_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Store::open(folder.path(), StoreOptions::default()).unwrap();
        let store = open();
        store.create_tenant("a", options(r#"["/scim/v1"]"#)).unwrap();
        store.close().unwrap();
        drop(store);
        assert_eq!(open().mounted("/scim/v1/Users").unwrap().tenant, "a");
    }
}
