//! Schemas and resource types at run time: registered, changed and removed in a transaction, never against the data.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Tenant;
use super::documents::Documents;
use super::storage::keys::{GLOBAL, Key, TenantId};
use super::storage::{Counter, Reads, Table, Transaction, read_counter};
use crate::message::SchemaDocument;
use crate::model::{Definition, Registry, TypeModel, common, stored};
use crate::{Error, ErrorKind, Result};

impl Tenant {
    /// Registers schemas and resource types, or changes them: all of the documents, or none.
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
                    SchemaDocument::Schema(schema) => known.put_schema(schema),
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
        self.change_schemas(move |known| {
            let (registry, _) = known.compile(&inner.builtin)?;
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
            if registry.schema(&name).is_some() {
                let detail = format!("{name} is built in and cannot be removed");
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            known.remove_type(registry.resource_type(&name)?.number(), &inner.builtin)
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
            let (registry, numbers) = documents.compile(&inner.builtin)?;
            check_data(txn, state.id, &old.registry, &registry)?;
            let entries = documents.entries(state.id);
            for (key, _) in stored.into_iter().filter(|(old, _)| !entries.iter().any(|(new, _)| new == old)) {
                txn.delete(Table::Documents, key);
            }
            for (key, value) in entries {
                txn.put(Table::Documents, key, value);
            }
            for (name, id) in numbers.iter().filter(|(_, id)| id.0 >= common::FIRST_CUSTOM) {
                txn.put(Table::Numbers, Key::of(state.id).u32(id.0).done(), name.as_bytes().to_vec());
            }
            Ok(Arc::new(old.with_registry(registry)))
        };
        self.inner().writer.write_then(job, move |config| after.set_config(Some(Arc::clone(config))))?;
        self.inner().publisher.schemas_changed(self.state.id);
        Ok(())
    }
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
            .flat_map(|id| std::iter::once(id).chain(model.definition(id).into_iter().flat_map(|d| d.children.clone())))
            .filter_map(|id| model.definition(id))
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
                let holder = definition.parent.unwrap_or(definition.id);
                let value = resource.attributes.get(holder);
                let has = value.is_some_and(|value| {
                    definition.parent.is_none()
                        || value.as_multi().iter().any(|e| e.as_complex().is_some_and(|c| c.get(definition.id).is_some()))
                });
                if has {
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
