//! What a profile would refuse of the data there is, if each resource were written as it is. A stricter profile leaves data in
//! place until it is written: this tells what does not fit, before the profile is given to the tenant or afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::Config;
use super::hooks::Scope;
use super::rows::{each_group, each_member};
use super::schemas::preview;
use super::seal::{self, Need};
use super::settle::{Occasion, check_known, settle};
use super::storage::keys::{self, Key, RowId};
use super::storage::{Reads, Table, Watched};
use super::tenant::scope;
use super::value_keys::{ValueKey, ValueKeySource};
use super::{Store, StoreOptions, Tenant, TenantOptions};
use crate::model::{Complex, Resource, TypeModel, stored, validate};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// What a profile would refuse of a tenant's resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileReport {
    /// The name of the profile.
    pub profile: String,
    /// Resources that were looked at.
    pub resources: u64,
    /// Those of them that would be refused.
    pub refused: u64,
    /// How often what was found, by resource type, attribute and rule.
    pub counts: Vec<ProfileCount>,
    /// What was found, up to a hundred findings.
    pub findings: Vec<ProfileFinding>,
}

/// How many findings there are of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileCount {
    /// The name of the resource type.
    pub resource_type: String,
    /// The path of the attribute; none where it is the whole resource.
    pub attribute: Option<String>,
    /// What asks for something else, as a profile calls it: `required`, `pattern`, `maxValues`, `known`, `rules`, …
    pub rule: &'static str,
    /// How many.
    pub count: u64,
}

/// What does not fit in one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFinding {
    /// The name of its resource type.
    pub resource_type: String,
    /// Its id.
    pub id: String,
    /// The path of the attribute; none where it is the whole resource.
    pub attribute: Option<String>,
    /// As in [`ProfileCount`].
    pub rule: &'static str,
    /// What a client would be told that writes it.
    pub detail: String,
}

/// Findings that a report keeps.
const MAX_FINDINGS: usize = 100;

impl Store {
    /// Sees that a new tenant can be given a profile: that all it names is there, among what is built in and what it brings.
    ///
    /// # Errors
    /// As [`Store::create_tenant`], naming the place in the document.
    pub fn try_profile(profile: &Profile) -> Result<()> {
        // What it encrypts is thrown away with the store.
        let key = ValueKey { id: "none".to_owned(), key: [0; 32] };
        let options = StoreOptions { value_keys: Some(ValueKeySource::Keys(vec![key])), ..StoreOptions::default() };
        let store = Store::open_in_memory(options)?;
        store.create_tenant("tenant", TenantOptions::of_profile(profile.clone())).map(drop)
    }
}

impl Tenant {
    /// Reads every resource, and tells which of them a profile would refuse if they were written as they are: that of the
    /// tenant, or one that it might be given. Nothing is changed.
    ///
    /// An attribute that is required at creation alone, or in a replacement alone, may be missing.
    ///
    /// # Errors
    /// As [`Store::configure_tenant`] for another profile, `InUse` for one without an attribute that has values;
    /// `Unavailable` where values are encrypted and there is no key; `Cancelled` when it is
    /// [interrupted](Store::interrupt).
    pub fn check_profile(&self, profile: Option<&Profile>) -> Result<ProfileReport> {
        self.may_read_all()?;
        let before = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let watch = self.inner().interrupts.watch();
        let reads = Watched::new(&*snapshot, &watch);
        let config = match profile {
            None => Arc::clone(&before),
            Some(profile) => Arc::new(preview(&reads, self.state.id, &self.inner().builtin, &before, profile.clone())?),
        };
        let report = ProfileReport { profile: config.profile.name().to_owned(), ..ProfileReport::default() };
        let mut look = Look { reads: &reads, report, counts: BTreeMap::new() };
        for model in before.registry.types() {
            // A type without resources may go.
            let Some(successor) = config.registry.type_by_number(model.number()) else { continue };
            look.type_of(&before, model, scope(&self.state, &config, successor, None))?;
        }
        let Look { mut report, counts, .. } = look;
        let count = |((resource_type, attribute, rule), count)| ProfileCount { resource_type, attribute, rule, count };
        report.counts = counts.into_iter().map(count).collect();
        Ok(report)
    }
}

struct Look<'a> {
    reads: &'a dyn Reads,
    report: ProfileReport,
    counts: BTreeMap<(String, Option<String>, &'static str), u64>,
}

/// What was found in one resource.
type Findings = Vec<(&'static str, Error)>;

impl Look<'_> {
    /// The resources of a type, which are stored as `before` has it.
    fn type_of(&mut self, before: &Config, model: &TypeModel, scope: Scope<'_>) -> Result<()> {
        let sealed = seal::targets(before, model);
        let prefix = Key::of(scope.tenant).u16(model.number()).done();
        self.reads.scan_prefix(Table::Resources, &prefix, &mut |key, bytes| {
            let Some(at) = keys::resource_row(key) else { return Ok(ControlFlow::Continue(())) };
            let mut resource = stored::decode(bytes, model)?;
            seal::open(before, scope.tenant, &sealed, at, &mut resource, Need::All)?;
            let found = faults(self.reads, scope, at, &resource)?;
            self.report.resources += 1;
            self.report.refused += u64::from(!found.is_empty());
            for (rule, error) in found {
                self.add(scope.model, &resource, rule, &error);
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn add(&mut self, model: &TypeModel, resource: &Resource, rule: &'static str, error: &Error) {
        let resource_type = model.name().to_owned();
        let attribute = error.attribute().map(str::to_owned);
        *self.counts.entry((resource_type.clone(), attribute.clone(), rule)).or_default() += 1;
        if self.report.findings.len() < MAX_FINDINGS {
            let (id, detail) = (resource.id.clone(), error.detail().to_owned());
            self.report.findings.push(ProfileFinding { resource_type, id, attribute, rule, detail });
        }
    }
}

/// What a write of a resource as it is would be refused for.
///
/// # Errors
/// What the store cannot read; never what the resource lacks.
fn faults(reads: &dyn Reads, scope: Scope<'_>, at: RowId, resource: &Resource) -> Result<Findings> {
    let (model, before) = (scope.model, &resource.attributes);
    let mut found = Findings::new();
    let mut after = before.clone();
    let settled = settle(&scope.config.rules, model, Occasion::Modify, Some(before), &BTreeSet::new(), &mut after);
    found.extend(settled.err().map(|error| ("rules", error)));
    unknown(reads, scope, &after, &mut found)?;
    found.extend(validate(model, &after).err().map(|error| ("required", error)));
    always_required(scope, &after, &mut found);
    model.each_fault(None, &after, &mut |definition, rule, detail| {
        let detail = format!("{} {detail}", definition.path);
        found.push((rule, Error::new(ErrorKind::InvalidValue, detail).on(&definition.path)));
        Ok(())
    })?;
    too_many_groups(reads, scope, at, &mut found)?;
    strange_members(reads, scope, at, &mut found)?;
    Ok(found)
}

/// Values that name resources which there are not, told attribute by attribute.
fn unknown(reads: &dyn Reads, scope: Scope<'_>, after: &Complex, found: &mut Findings) -> Result<()> {
    let named = scope.model.constraints().iter().filter(|(_, constraint)| constraint.known.is_some());
    let holders = named.map(|(id, _)| scope.model.definition(*id).and_then(|it| it.parent).unwrap_or(*id));
    for holder in holders.collect::<BTreeSet<_>>() {
        let Some(value) = after.get(holder) else { continue };
        let mut alone = Complex::new();
        alone.set(holder, value.clone());
        match check_known(reads, scope, None, &mut alone) {
            Err(error) if error.kind() == ErrorKind::InvalidValue => found.push(("known", error)),
            other => other?,
        }
    }
    Ok(())
}

/// What all resources have can be required by a constraint alone.
fn always_required(scope: Scope<'_>, after: &Complex, found: &mut Findings) {
    for (id, constraint) in scope.model.constraints() {
        let is_required = constraint.required_on_create && constraint.required_on_replace;
        let Some(definition) = scope.model.definition(*id).filter(|_| is_required && after.get(*id).is_none()) else {
            continue;
        };
        let error = Error::new(ErrorKind::InvalidValue, format!("{} is required", definition.path));
        found.push(("required", error.on(&definition.path)));
    }
}

/// The groups of a user are counted where they are written: they are no part of the stored resource.
fn too_many_groups(reads: &dyn Reads, scope: Scope<'_>, at: RowId, found: &mut Findings) -> Result<()> {
    let Some(groups) = scope.model.groups() else { return Ok(()) };
    let bound = scope.model.constraint(groups.attribute).filter(|constraint| constraint.max_values.is_some());
    let (Some(constraint), Some(definition)) = (bound, scope.model.definition(groups.attribute)) else { return Ok(()) };
    let mut count = 0;
    each_group(reads, scope.tenant, at.row, &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    found.extend(constraint.check_count(definition, count).err().map(|error| ("maxValues", error)));
    Ok(())
}

/// Members of types that may be none, told once for the group.
fn strange_members(reads: &dyn Reads, scope: Scope<'_>, at: RowId, found: &mut Findings) -> Result<()> {
    let constraint = scope.model.members().and_then(|members| scope.model.constraint(members.attribute));
    let Some(constraint) = constraint.filter(|constraint| !constraint.types.is_empty()) else { return Ok(()) };
    let mut count = 0_u64;
    each_member(reads, scope.tenant, at.row, &mut |member, _| {
        let model = scope.config.registry.type_by_number(member.kind);
        let fits = |model: &Arc<TypeModel>| constraint.types.iter().any(|it| it.eq_ignore_ascii_case(model.name()));
        count += u64::from(!model.is_some_and(fits));
        Ok(ControlFlow::Continue(()))
    })?;
    if count > 0 {
        let detail = format!("members has {count} of other types than {}", constraint.types.join(", "));
        found.push(("types", Error::new(ErrorKind::InvalidValue, detail).on("members")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::WriteOptions;
    use crate::message::ResourceInput;

    fn store() -> (Store, Tenant) {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let tenant = store.tenant("default").unwrap();
        (store, tenant)
    }

    fn create(tenant: &Tenant, kind: &str, json: &str) -> String {
        tenant.create(kind, ResourceInput::from_json(json.as_bytes()).unwrap(), &WriteOptions::default()).unwrap().id
    }

    fn user(tenant: &Tenant, members: &str) -> String {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        create(tenant, "User", &format!(r#"{{"schemas": ["{schema}"], {members}}}"#))
    }

    #[test]
    fn what_does_not_fit_is_counted_and_told() {
        let (store, tenant) = store();
        let fitting = user(&tenant, r#""userName": "ann", "externalId": "1", "title": "boss", "nickName": "a""#);
        let other = user(
            &tenant,
            r#""userName": "b", "title": "apprentice",
            "emails": [{"value": "b@example.com"}, {"value": "nobody"}], "roles": [{"value": "r"}]"#,
        );
        let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
        for name in ["a", "b"] {
            let group =
                format!(r#"{{"schemas": ["{schema}"], "displayName": "{name}", "members": [{{"value": "{other}"}}]}}"#);
            create(&tenant, "Group", &group);
        }
        let document = r#"{"name": "narrow", "attributes": {
            "User": {"externalId": {"required": true}, "title": {"maxLength": 5, "required": "replace"},
                "emails": {"maxValues": 1}, "emails.value": {"pattern": "[^@]+@[^@]+"}, "nickName": {"required": true},
                "groups": {"mutability": "readWrite", "maxValues": 1},
                "roles.value": {"known": {"resourceType": "Group"}}},
            "Group": {"members": {"types": ["Group"]}}}}"#;
        let narrow: Profile = document.parse().unwrap();
        assert_eq!(tenant.check_profile(None).unwrap().refused, 0);
        let report = tenant.check_profile(Some(&narrow)).unwrap();
        assert_eq!((report.profile.as_str(), report.resources, report.refused), ("narrow", 4, 3));
        let counts: Vec<_> =
            report.counts.iter().map(|it| (it.attribute.as_deref().unwrap_or_default(), it.rule, it.count)).collect();
        let expected = [
            ("members", "types", 2),
            ("emails", "maxValues", 1),
            ("emails.value", "pattern", 1),
            ("externalId", "required", 1),
            ("groups", "maxValues", 1),
            ("nickName", "required", 1),
            ("roles.value", "known", 1),
            ("title", "maxLength", 1),
        ];
        assert_eq!(counts, expected);
        assert_eq!(report.findings.len(), 9);
        assert!(report.findings.iter().all(|finding| finding.id != fitting && !finding.detail.is_empty()));
        // The tenant is as it was, and takes the profile: then its own says the same.
        assert_eq!(tenant.profile().unwrap().name(), "strict");
        store.configure_tenant("default", TenantOptions::of_profile(narrow)).unwrap();
        assert_eq!(tenant.check_profile(None).unwrap(), report);
        // One without an attribute that has values cannot be taken.
        let typed = r#"{"name": "typed", "schemas": [{"id": "urn:ietf:params:scim:schemas:core:2.0:User",
            "attributes": [{"name": "title", "type": "integer"}]}]}"#;
        let error = tenant.check_profile(Some(&typed.parse().unwrap())).unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InUse, Some("title")));
    }

    #[test]
    fn a_profile_is_tried_without_a_tenant() {
        for profile in Profile::builtins() {
            Store::try_profile(profile).unwrap();
        }
        let cases = [
            (r#""attributes": {"User": {"titel": {"maxLength": 1}}}"#, "attributes.User.titel"),
            (r#""attributes": {"Usr": {}}, "ids": {"Usr": "uuid"}"#, "ids.Usr"),
            (r#""rules": [{"resourceType": "User", "set": "title", "from": ["nickNam"]}]"#, "rules[0]"),
            (r#""aliases": {"role": "rolls"}"#, "aliases.role"),
            (r#""resources": [{"resourceType": "User", "resource": {"id": "a"}}]"#, "resources[0]"),
            (
                r#""schemas": [{"id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": [{"name": "a", "type":
                    "complex", "subAttributes": [{"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}]}]}],
                    "encryption": [{"attribute": "a.b.c"}]"#,
                "encryption[0]",
            ),
        ];
        for (members, place) in cases {
            let profile: Profile = format!(r#"{{"name": "p", {members}}}"#).parse().unwrap();
            assert_eq!(Store::try_profile(&profile).unwrap_err().attribute(), Some(place), "{members}");
        }
    }
}
