//! What a handle of a tenant may reach: what stands at a path, and what the permissions of a token allow. Every verb asks
//! here for its resource type, so that no face can forget to.

use std::sync::Arc;

use super::Tenant;
use super::config::Config;
use crate::model::TypeModel;
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

/// The bounds of a handle. There are none unless it was given some.
#[derive(Clone, Default)]
pub(super) struct Bounds {
    /// The permissions that it is limited to.
    permissions: Option<Arc<[String]>>,
    /// The path that it stands for.
    path: Option<Arc<str>>,
}

impl Tenant {
    /// A handle that does only what these permissions of the tenant's profile allow: [`Principal::permissions`] of a
    /// token. None: all that this handle does.
    ///
    /// [`Principal::permissions`]: super::Principal::permissions
    #[must_use]
    pub fn limited_to(mut self, permissions: &Arc<[String]>) -> Self {
        if !permissions.is_empty() {
            self.bounds.permissions = Some(Arc::clone(permissions));
        }
        self
    }

    /// A handle that reaches only the resource types which stand at a path: [`Mounted::path`](super::Mounted::path). To it
    /// the others are as if they were not there.
    #[must_use]
    pub fn standing_at(mut self, path: &str) -> Self {
        self.bounds.path = Some(Arc::from(path));
        self
    }

    /// Whether this handle reaches a resource type at all.
    pub fn serves(&self, model: &TypeModel) -> bool {
        self.state.config().is_ok_and(|config| self.serves_by(&config, model))
    }

    /// Refuses a resource type that this handle does not reach.
    ///
    /// # Errors
    /// `UnknownType`.
    pub fn check_served(&self, model: &TypeModel) -> Result<()> {
        if self.serves(model) { Ok(()) } else { Err(elsewhere(model)) }
    }

    fn serves_by(&self, config: &Config, model: &TypeModel) -> bool {
        let stands_at = |path: &Arc<str>| config.profile.stands_at(&self.state.name, path, model.name());
        config.profile.paths().is_empty() || self.bounds.path.as_ref().is_none_or(stands_at)
    }

    /// Refuses what this handle may not do with a resource type.
    ///
    /// # Errors
    /// `UnknownType`, `Forbidden`.
    pub(super) fn may(&self, config: &Config, operation: Operation, model: &TypeModel) -> Result<()> {
        if !self.serves_by(config, model) {
            return Err(elsewhere(model));
        }
        match &self.bounds.permissions {
            None => Ok(()),
            Some(held) => config.profile.allow(held, operation, model.name()),
        }
    }

    /// The resource type of a name or endpoint, for something that is done with it.
    ///
    /// # Errors
    /// `UnknownType`, `Forbidden`.
    pub(super) fn model_for<'a>(
        &self,
        config: &'a Config,
        resource_type: &str,
        operation: Operation,
    ) -> Result<&'a Arc<TypeModel>> {
        let model = config.registry.resource_type(resource_type)?;
        self.may(config, operation, model)?;
        Ok(model)
    }

    /// The resource types that this handle reaches, for something that is done with all of them.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn models_for<'a>(&self, config: &'a Config, operation: Operation) -> Result<Vec<&'a Arc<TypeModel>>> {
        let served = config.registry.types().iter().filter(|model| self.serves_by(config, model));
        served.map(|model| self.may(config, operation, model).map(|()| model)).collect()
    }

    /// Refuses who may not read resources of every type: for what tells of all of them.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn may_read_all(&self) -> Result<()> {
        match self.bounds.permissions {
            None => Ok(()),
            Some(_) => self.models_for(&*self.state.config()?, Operation::Search).map(drop),
        }
    }
}

/// What a type is told to be that stands at other paths.
fn elsewhere(model: &TypeModel) -> Error {
    let endpoint = &model.resource_type().endpoint;
    let detail = format!("there is no {endpoint} at this path: the tenant's profile has it at another one");
    Error::new(ErrorKind::UnknownType, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ReadOptions, TenantOptions, WriteOptions};
    use crate::message::{BulkRequest, ResourceInput, SearchRequest, parse_patch};
    use crate::{Store, StoreOptions};

    const USER: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}"#;
    const GROUP: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "a"}"#;

    fn input(json: &str) -> ResourceInput {
        ResourceInput::from_json(json.as_bytes()).unwrap()
    }

    fn tenant(profile: &str) -> Tenant {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        store.create_tenant("acme", TenantOptions::of_profile(profile.parse().unwrap())).unwrap()
    }

    fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn every_verb_asks_for_its_permission() {
        let tenant = tenant(
            r#"{"name": "p", "permissions": [
                {"name": "look", "allows": [{"resourceTypes": ["User"], "operations": ["get"]}]},
                {"name": "make", "allows": [{"resourceTypes": ["User"], "operations": ["create"]}]},
                {"name": "read", "allows": [{"operations": ["read"]}]}]}"#,
        );
        let limited = |names: &[&str]| {
            let names: Arc<[String]> = names.iter().map(|name| (*name).to_owned()).collect();
            tenant.clone().limited_to(&names)
        };
        let (read, write, search) = (ReadOptions::default(), WriteOptions::default(), SearchRequest::default());
        let id = limited(&["make"]).create("User", input(USER), &write).unwrap().id;
        let look = limited(&["look"]);
        look.get("/Users", &id, &read).unwrap();
        let patch = r#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": "title"}]}"#;
        let patch = parse_patch(patch.as_bytes()).unwrap();
        let refused = [
            kind(look.search(Some("User"), &search)),
            kind(look.search(None, &search)),
            kind(look.search(Some("User"), &SearchRequest { cursor: Some(String::new()), ..search.clone() })),
            kind(look.explain(Some("User"), &search)),
            kind(look.stream(Some("User"), &search)),
            kind(look.search_all(None, &search, &mut |_| true)),
            kind(look.create("User", input(USER), &write)),
            kind(look.replace("User", &id, input(USER), &write)),
            kind(look.modify("User", &id, &patch, &write)),
            kind(look.delete("User", &id, &write)),
            kind(look.get("Group", "nobody", &read)),
            kind(look.changes(0, 1, std::time::Duration::ZERO)),
            kind(look.stats()),
            kind(look.export(None, &mut |_| true)),
            kind(
                look.import(crate::engine::ImportOptions { resource_type: Some("User".into()), ..Default::default() }),
            ),
            kind(look.verify_password("Group", &id, "x")),
        ];
        assert!(refused.iter().all(|kind| *kind == ErrorKind::Forbidden), "{refused:?}");
        let reader = limited(&["read"]);
        assert_eq!(reader.search(None, &search).unwrap().total_results, 1);
        reader.changes(0, 1, std::time::Duration::ZERO).unwrap();
        reader.stats().unwrap();
        // Each operation of a bulk request on its own, and each row of an import.
        let bulk = format!(
            r#"{{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
                {{"method": "POST", "path": "/Users", "bulkId": "u", "data": {}}},
                {{"method": "POST", "path": "/Groups", "bulkId": "g", "data": {GROUP}}},
                {{"method": "DELETE", "path": "/Users/{id}"}}]}}"#,
            USER.replace("ann", "bob"),
        );
        let bulk = BulkRequest::from_json(bulk.as_bytes()).unwrap();
        let results = limited(&["make"]).bulk(bulk, &write).unwrap().results;
        assert_eq!(results.iter().map(|result| result.status).collect::<Vec<_>>(), [201, 403, 403]);
        // A name that the profile has no more allows nothing.
        assert_eq!(kind(limited(&["gone"]).get("User", &id, &read)), ErrorKind::Forbidden);
        assert!(limited(&[]).get("User", &id, &read).is_ok());
    }

    #[test]
    fn what_stands_elsewhere_is_not_there() {
        let tenant = tenant(r#"{"name": "p", "paths": [{"path": "/groups/{tenant}", "resourceTypes": ["Group"]}]}"#);
        let (write, search) = (WriteOptions::default(), SearchRequest::default());
        tenant.create("User", input(USER), &write).unwrap();
        tenant.create("Group", input(GROUP), &write).unwrap();
        assert_eq!(tenant.search(None, &search).unwrap().total_results, 2);
        for (path, here, there) in [("/scim/acme/v2", "User", "Group"), ("/groups/acme", "Group", "User")] {
            let standing = tenant.clone().standing_at(path);
            assert_eq!(standing.search(None, &search).unwrap().total_results, 1);
            assert_eq!(standing.search(Some(here), &search).unwrap().total_results, 1);
            assert_eq!(kind(standing.search(Some(there), &search)), ErrorKind::UnknownType);
            assert_eq!(kind(standing.delete(there, "1", &write)), ErrorKind::UnknownType);
        }
    }
}
