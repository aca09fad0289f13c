//! Schemas and resource types at run time: registered, changed and removed in a transaction, never against the data.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Tenant;
use super::config::Config;
use super::documents::{Builtin, Documents};
use super::storage::keys::{GLOBAL, Key, TenantId};
use super::storage::{Counter, Reads, Table, Transaction, read_counter};
use crate::message::SchemaDocument;
use crate::model::{AttributeId, AttributeNumbers, Complex, Definition, Registry, TypeModel, Value, common, stored};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

impl Tenant {
    /// Registers schemas and resource types, or changes them: all of the documents, or none. Schemas are what RFC 7643
    /// says.
    ///
    /// A resource type replaces the one of the same name, so that User can be given another extension.
    ///
    /// # Errors
    /// `InvalidValue`, `AlreadyExists`, `InUse` when stored resources contradict the change.
    pub fn put_schemas(&self, documents: Vec<SchemaDocument>) -> Result<()> {
        let inner = Arc::clone(&self.store.inner);
        self.change_schemas(move |known| {
            for document in documents {
                match document {
                    SchemaDocument::Schema(schema) => {
                        schema.check()?;
                        known.put_schema(schema);
                    }
                    SchemaDocument::ResourceType(resource_type) => known.put_type(resource_type, &inner.builtin)?,
                }
            }
            Ok(())
        })
    }

    /// Removes a schema by its URN, or a resource type by its name.
    ///
    /// # Errors
    /// `UnknownType`, `InUse` when resources or resource types need it.
    pub fn remove_schema(&self, urn_or_name: &str) -> Result<()> {
        let name = urn_or_name.to_owned();
        let inner = Arc::clone(&self.store.inner);
        let profile = self.profile()?;
        self.change_schemas(move |known| {
            let (registry, _) = known.compile(&inner.builtin, &profile)?;
            let uses = |model: &&TypeModel| {
                let resource_type = model.resource_type();
                let extensions = resource_type.schema_extensions.iter().map(|extension| &extension.schema);
                std::iter::once(&resource_type.schema).chain(extensions).any(|urn| urn.eq_ignore_ascii_case(&name))
            };
            if !inner.builtin.has_schema(&name)
                && registry.schema(&name).is_some()
                && let Some(model) = registry.types().iter().find(|model| uses(&&***model))
            {
                let detail = format!("the resource type {} uses {name}: remove or change that first", model.name());
                return Err(Error::new(ErrorKind::InUse, detail).on(model.name()));
            }
            if known.remove_schema(&name) {
                return Ok(());
            }
            if profile.schema_urns().any(|urn| urn.eq_ignore_ascii_case(&name)) {
                let detail = format!("{name} is of the profile {}: give the tenant another profile", profile.name());
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            if registry.schema(&name).is_some() {
                let detail = format!("{name} is built in and cannot be removed");
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            known.remove_type(registry.resource_type(&name)?, &inner.builtin, &profile)
        })
    }

    /// How often a schema was registered or changed in this tenant; none for one that is only built in.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn schema_version(&self, urn: &str) -> Result<Option<u64>> {
        let snapshot = self.inner().writer.snapshot()?;
        Ok(Documents::load(&*snapshot, self.state.id)?.schema_version(urn))
    }

    fn change_schemas(&self, change: impl FnOnce(&mut Documents) -> Result<()> + Send + 'static) -> Result<()> {
        let (inner, state, after) = (Arc::clone(&self.store.inner), Arc::clone(&self.state), Arc::clone(&self.state));
        let job = move |txn: &mut Transaction<'_>| {
            let old = state.config()?;
            let mut documents = Documents::load(txn, state.id)?;
            let stored = documents.entries(state.id);
            change(&mut documents)?;
            let profile = Arc::clone(&old.profile);
            let (registry, numbers) = documents.compile(&inner.builtin, &profile)?;
            check_data(txn, state.id, &old.registry, &registry)?;
            keep(txn, state.id, &stored, &documents, &numbers);
            Ok(Arc::new(Config::new(profile, registry, old.keep_changes, old.keys.clone())?))
        };
        self.inner().writer.write_then(job, move |config| after.set_config(Some(Arc::clone(config))))?;
        self.inner().publisher.schemas_changed(self.state.id);
        Ok(())
    }
}

/// Keeps the documents of a tenant, and the numbers of their attributes.
fn keep(
    txn: &mut Transaction<'_>,
    tenant: TenantId,
    before: &[(Vec<u8>, Vec<u8>)],
    documents: &Documents,
    numbers: &AttributeNumbers,
) {
    let entries = documents.entries(tenant);
    for (key, _) in before.iter().filter(|(old, _)| !entries.iter().any(|(new, _)| new == old)) {
        txn.delete(Table::Documents, key.clone());
    }
    for (key, value) in entries {
        txn.put(Table::Documents, key, value);
    }
    for (name, id) in numbers.iter().filter(|(_, id)| id.0 >= common::FIRST_CUSTOM) {
        txn.put(Table::Numbers, Key::of(tenant).u32(id.0).done(), name.as_bytes().to_vec());
    }
}

/// Gives a tenant a profile: compiles its schemas, and refuses what stored resources contradict.
///
/// # Errors
/// `InvalidArgument` or `InvalidValue` for a profile that does not fit, `InUse`.
pub(super) fn take_profile(
    txn: &mut Transaction<'_>,
    tenant: TenantId,
    builtin: &Builtin,
    old: Option<&Registry>,
    profile: Arc<Profile>,
    keep_changes: Option<u64>,
) -> Result<Config> {
    let mut documents = Documents::load(txn, tenant)?;
    let stored = documents.entries(tenant);
    let (registry, numbers) = documents.compile(builtin, &profile)?;
    profile.check_paths(&registry)?;
    if let Some(old) = old {
        check_data(txn, tenant, old, &registry)?;
    }
    keep(txn, tenant, &stored, &documents, &numbers);
    Config::new(profile, registry, keep_changes, builtin.value_keys())
}

/// What a tenant would be configured to be with another profile; nothing is stored.
///
/// # Errors
/// Those of [`take_profile`].
pub(super) fn preview(
    reads: &dyn Reads,
    tenant: TenantId,
    builtin: &Builtin,
    old: &Config,
    profile: Profile,
) -> Result<Config> {
    let (registry, _) = Documents::load(reads, tenant)?.compile(builtin, &profile)?;
    profile.check_paths(&registry)?;
    check_data(reads, tenant, &old.registry, &registry)?;
    Config::new(Arc::new(profile), registry, old.keep_changes, builtin.value_keys())
}

/// Refuses a change that stored resources contradict: a type that has resources goes, or an attribute that has values
/// goes, or becomes something that its values are not.
fn check_data(reads: &dyn Reads, tenant: TenantId, old: &Registry, new: &Registry) -> Result<()> {
    for model in old.types() {
        if read_counter(reads, tenant, Counter::Resources(model.number()))? == 0 {
            continue;
        }
        let Some(successor) = new.type_by_number(model.number()) else {
            let detail = format!("{} has resources: delete them before the resource type", model.name());
            return Err(Error::new(ErrorKind::InUse, detail).on(model.name()));
        };
        let broken: Vec<&Definition> = model
            .attributes()
            .flat_map(|id| with_all_below(model, id))
            .filter(|before| {
                let has_place = before.parent.is_some() || successor.attributes().any(|id| id == before.id);
                !has_place || !new.definitions().get(before.id).is_some_and(|after| is_compatible(before, after))
            })
            .collect();
        if broken.is_empty() {
            continue;
        }
        // Members are no part of the stored resource.
        if let Some(members) = model.members()
            && broken.iter().any(|definition| definition.id == members.attribute || definition.id == members.value)
            && read_counter(reads, tenant, Counter::Memberships)? > 0
        {
            let detail = "groups have members: remove them before the attribute goes, or changes";
            return Err(Error::new(ErrorKind::InUse, detail).on("members"));
        }
        let prefix = Key::of(tenant).u16(model.number()).done();
        reads.scan_prefix(Table::Resources, &prefix, &mut |_, bytes| {
            let resource = stored::decode(bytes, model)?;
            for definition in &broken {
                if has(&resource.attributes, &model.definitions().trail(definition.id)) {
                    let detail = format!(
                        "{} has values: remove them before the attribute goes, or changes type, multiValued, caseExact or uniqueness",
                        definition.path
                    );
                    return Err(Error::new(ErrorKind::InUse, detail).on(&definition.path));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// An attribute, and all that is part of it.
fn with_all_below(model: &TypeModel, id: AttributeId) -> Vec<&Definition> {
    let Some(definition) = model.definition(id) else { return Vec::new() };
    let below = definition.children.iter().flat_map(|child| with_all_below(model, *child));
    std::iter::once(definition).chain(below).collect()
}

/// Whether some attributes, each a part of the one before, lead down to a value.
fn has(attributes: &Complex, trail: &[AttributeId]) -> bool {
    let Some((id, below)) = trail.split_first() else { return true };
    let elements = attributes.get(*id).map(Value::as_multi).unwrap_or_default();
    match below.is_empty() {
        true => !elements.is_empty(),
        false => elements.iter().filter_map(Value::as_complex).any(|part| has(part, below)),
    }
}

/// Whether values, and the keys made from them, stay what they are.
fn is_compatible(before: &Definition, after: &Definition) -> bool {
    let (old, new) = (&before.attribute, &after.attribute);
    old.attribute_type == new.attribute_type
        && old.multi_valued == new.multi_valued
        && old.uniqueness == new.uniqueness
        && before.preparation == after.preparation
}

/// Collects the keys of a tenant in a table, up to a number of them.
pub(super) fn collect_tenant_keys(
    reads: &dyn Reads,
    table: Table,
    tenant: TenantId,
    most: usize,
    into: &mut Vec<(Table, Vec<u8>)>,
) -> Result<()> {
    let mut add = |key: &[u8], is_its: bool| {
        if is_its {
            into.push((table, key.to_vec()));
        }
        Ok(if into.len() >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let begins = |bytes: &[u8]| bytes.first_chunk() == Some(&tenant.to_be_bytes());
    match table {
        // Digests of secrets are found before the tenant is known, so it stands in the value.
        Table::Secrets => reads.scan(table, &[], None, &mut |key, value| add(key, begins(value))),
        Table::Unique => {
            reads.scan_prefix(table, &Key::of(tenant).done(), &mut |key, _| add(key, true))?;
            reads.scan_prefix(table, &Key::of(GLOBAL).done(), &mut |key, value| add(key, begins(value)))
        }
        _ => reads.scan_prefix(table, &Key::of(tenant).done(), &mut |key, _| add(key, true)),
    }
}
