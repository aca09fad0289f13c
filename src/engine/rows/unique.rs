//! The keys of unique values: one for each, under which stands who has it.

use std::collections::HashSet;

use crate::Result;
use crate::engine::storage::keys::{self, GLOBAL, Key, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::model::{Definition, Resource, Target, TypeModel, Uniqueness, Value, ValueRef};

/// A unique value's key, and which attribute it belongs to.
pub(in crate::engine) struct UniqueKey {
    pub(in crate::engine) key: Vec<u8>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) global: bool,
}

/// Who has a unique value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Holder {
    /// The resource of this tenant with this id.
    Resource(String),
    /// A resource of another tenant, of which nothing may be told.
    Elsewhere,
}

/// Who has a unique value already.
pub(in crate::engine) fn holder_of(reads: &dyn Reads, tenant: TenantId, key: &UniqueKey) -> Result<Option<Holder>> {
    let Some(found) = reads.get(Table::Unique, &key.key)? else { return Ok(None) };
    let location = match found.split_first_chunk() {
        Some((owner, location)) if key.global && *owner == tenant.to_be_bytes() => location,
        _ if key.global => return Ok(Some(Holder::Elsewhere)),
        _ => &*found,
    };
    Ok(keys::read_location(location).map(|(_, id)| Holder::Resource(id.to_owned())))
}

/// The keys of every unique value that a resource has.
pub(in crate::engine) fn unique_keys(tenant: TenantId, model: &TypeModel, resource: &Resource) -> Vec<UniqueKey> {
    let mut found: Vec<UniqueKey> = Vec::new();
    let mut seen = HashSet::new();
    for target in model.unique() {
        let Some(definition) = model.definition(target.leaf()) else { continue };
        let Some(value) = resource.attributes.get(target.attribute) else { continue };
        for element in value.as_multi() {
            let leaf = match (target.sub, element) {
                (Some(sub), Value::Complex(complex)) => complex.get(sub),
                (None, simple) => Some(simple),
                _ => None,
            };
            for leaf in leaf.map(Value::as_multi).unwrap_or_default() {
                let key = match leaf {
                    Value::String(text) => {
                        let prepared = definition.preparation.prepare(text);
                        unique_key(tenant, definition, ValueRef::String(&prepared))
                    }
                    other => unique_key(tenant, definition, other.into()),
                };
                // One resource may repeat its own value.
                if seen.insert(key.clone()) {
                    let global = definition.attribute.uniqueness == Uniqueness::Global;
                    found.push(UniqueKey { key, target: *target, global });
                }
            }
        }
    }
    found
}

/// The key under which a value of a unique attribute stands. Text is expected to be prepared for comparison already.
pub(in crate::engine) fn unique_key(tenant: TenantId, definition: &Definition, value: ValueRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    keys::ordered(value, &mut bytes);
    if definition.attribute.uniqueness == Uniqueness::Global {
        // Numbers of attributes differ between tenants. So does whether a path begins with the URN: that depends on
        // where the schema is a core schema.
        let name = definition.path.strip_prefix(&*definition.schema).and_then(|name| name.strip_prefix(':'));
        let path = name.unwrap_or(&definition.path);
        let path = format!("{}:{path}", definition.schema).to_ascii_lowercase();
        return Key::of(GLOBAL).terminated(path.as_bytes()).bytes(&bytes).done();
    }
    Key::of(tenant).u32(definition.id.0).bytes(&bytes).done()
}
