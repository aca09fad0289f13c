//! Rows: sealed when they are stored, opened when they are read.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::config::Config;
use crate::engine::storage::keys::{Key, RowId, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::engine::tokens::random;
use crate::engine::value_keys::{NONCE, Ring};
use crate::model::{AttributeId, Complex, Resource, ResourceView, Target, TypeModel, Value, ValueRef, sealed, stored};
use crate::profile::EncryptedTarget;
use crate::{Error, ErrorKind, Result};

/// Whether encrypted values are needed, or can be left out where there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Need {
    /// What is read is stored again: nothing may be missing.
    All,
    /// What is read is shown.
    What,
}

/// What is encrypted of a resource type. Nothing, as a rule.
pub(in crate::engine) fn targets(config: &Config, model: &TypeModel) -> Vec<EncryptedTarget> {
    let all = config.profile.encryption().iter();
    all.filter_map(|entry| entry.resolve(model, &config.registry)).collect()
}

/// Whether resources of a type tell what is encrypted of others: those are written after them.
pub(in crate::engine) fn tells(config: &Config, model: &TypeModel) -> bool {
    let by = config.profile.encryption().iter().filter_map(|entry| entry.by.as_ref());
    let mut types = by.filter_map(|by| config.registry.resource_type(&by.resource_type).ok());
    types.any(|teller| teller.number() == model.number())
}

/// A random nonce.
pub(super) fn nonce() -> [u8; NONCE] {
    random().first_chunk().copied().unwrap_or_default()
}

/// The keys.
///
/// # Errors
/// `Unavailable` when the store was opened without any.
pub(super) fn ring(config: &Config) -> Result<Arc<Ring>> {
    config.keys.as_ref().map(|keys| keys.ring()).ok_or_else(|| {
        let detail =
            "values are encrypted at rest, and the store was opened without their keys: name them (value_keys)";
        Error::new(ErrorKind::Unavailable, detail)
    })
}

/// What values of an attribute are told apart from those of another by.
pub(super) fn column(tenant: TenantId, leaf: AttributeId) -> Vec<u8> {
    Key::of(tenant).u32(leaf.0).done()
}

/// Where a value stands: it can be opened nowhere else.
fn place(tenant: TenantId, at: RowId, leaf: AttributeId, name: Option<&str>) -> Vec<u8> {
    Key::of(tenant).u32(leaf.0).u64(at.row).bytes(name.unwrap_or_default().as_bytes()).done()
}

/// The stored bytes of a resource, with everything sealed in it that is to be.
///
/// # Errors
/// `Unavailable` when there is something, and no key.
pub(in crate::engine) fn encode(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    model: &TypeModel,
    at: RowId,
    resource: &Resource,
) -> Result<Vec<u8>> {
    let targets = targets(config, model);
    if targets.iter().all(|encrypted| resource.attributes.get(encrypted.target.attribute).is_none()) {
        return Ok(stored::encode(resource));
    }
    let mut sealed = resource.clone();
    for encrypted in &targets {
        let leaf = encrypted.target.leaf();
        let Some(definition) = model.definition(leaf) else { continue };
        let named = Named::of(reads, tenant, config, model, encrypted)?;
        let mut seal = |name: Option<&str>, text: String| {
            if text.is_empty() || sealed::is_sealed(&text) || !named.has(name) {
                return Ok(Some(text));
            }
            let ring = ring(config).map_err(|error| error.on(&definition.path))?;
            let digest = ring.digest(&column(tenant, leaf), &definition.preparation.prepare(&text));
            ring.seal(&text, &digest, &place(tenant, at, leaf, name), nonce()).map(Some)
        };
        each(&mut sealed.attributes, encrypted, &mut seal)?;
    }
    Ok(stored::encode(&sealed))
}

/// Opens what is sealed in a resource.
///
/// # Errors
/// `Unavailable` when everything is needed, and a key is missing; `Corrupt`.
pub(in crate::engine) fn open(
    config: &Config,
    tenant: TenantId,
    targets: &[EncryptedTarget],
    at: RowId,
    resource: &mut Resource,
    need: Need,
) -> Result<()> {
    let mut any_left_out = false;
    for encrypted in targets {
        let leaf = encrypted.target.leaf();
        let mut open = |name: Option<&str>, text: String| {
            if !sealed::is_sealed(&text) {
                return Ok(Some(text));
            }
            let opened = ring(config).and_then(|ring| ring.open(&text, &place(tenant, at, leaf, name)));
            match opened {
                Err(error) if error.kind() == ErrorKind::Unavailable && need == Need::What => {
                    any_left_out = true;
                    Ok(None)
                }
                other => other.map(Some),
            }
        };
        each(&mut resource.attributes, encrypted, &mut open)?;
    }
    if any_left_out {
        resource.attributes.prune();
    }
    Ok(())
}

/// What becomes of each text that may be encrypted, told with the key of its element: none takes it away.
type Change<'c> = dyn FnMut(Option<&str>, String) -> Result<Option<String>> + 'c;

/// Changes each text that may be encrypted. What becomes empty has to be [pruned](Complex::prune).
fn each(attributes: &mut Complex, encrypted: &EncryptedTarget, change: &mut Change<'_>) -> Result<()> {
    let Some(value) = attributes.get_mut(encrypted.target.attribute) else { return Ok(()) };
    let Some(sub) = encrypted.target.sub else { return each_text(value, None, change) };
    let elements = match value {
        Value::Multi(elements) => elements.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for element in elements {
        let Value::Complex(complex) = element else { continue };
        let name = encrypted.by.and_then(|(key, _, _)| complex.get(key.leaf())?.as_str()).map(str::to_owned);
        if let Some(value) = complex.get_mut(sub) {
            each_text(value, name.as_deref(), change)?;
            if is_nothing(value) {
                complex.remove(sub);
            }
        }
    }
    Ok(())
}

fn each_text(value: &mut Value, name: Option<&str>, change: &mut Change<'_>) -> Result<()> {
    match value {
        Value::String(text) => match change(name, std::mem::take(text))? {
            Some(changed) => *text = changed,
            None => *value = Value::Multi(Vec::new()),
        },
        Value::Multi(values) => {
            values.iter_mut().try_for_each(|value| each_text(value, name, change))?;
            values.retain(|value| !is_nothing(value));
        }
        _ => {}
    }
    Ok(())
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Multi(values) if values.is_empty())
}

/// The elements of an attribute that are encrypted, by their keys.
pub(super) enum Named {
    All,
    /// Prepared as keys are compared.
    These(HashSet<String>, crate::model::Preparation),
}

impl Named {
    pub(super) fn of(
        reads: &dyn Reads,
        tenant: TenantId,
        config: &Config,
        model: &TypeModel,
        encrypted: &EncryptedTarget,
    ) -> Result<Named> {
        let Some((key, kind, flag)) = encrypted.by else { return Ok(Named::All) };
        let missing = || Error::new(ErrorKind::Internal, "what values are encrypted by is not there");
        let definition = model.definition(key.leaf()).ok_or_else(missing)?;
        let by = config.registry.type_by_number(kind).ok_or_else(missing)?;
        let mut names = HashSet::new();
        reads.scan_prefix(Table::Resources, &Key::of(tenant).u16(kind).done(), &mut |_, bytes| {
            let view = stored::view(bytes, by)?;
            if is_set(&view, flag) {
                names.insert(definition.preparation.prepare(view.id).into_owned());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Named::These(names, definition.preparation))
    }

    /// Whether the element of a key is encrypted.
    pub(super) fn has(&self, name: Option<&str>) -> bool {
        match self {
            Named::All => true,
            Named::These(names, preparation) => name.is_some_and(|name| names.contains(&*preparation.prepare(name))),
        }
    }

    /// Whether nothing is.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Named::These(names, _) if names.is_empty())
    }
}

/// Whether a resource says that what is called by its id is encrypted.
pub(super) fn is_set(view: &ResourceView<'_>, flag: Target) -> bool {
    let value = view.get(flag.attribute);
    let value = match (flag.sub, value) {
        (Some(sub), Some(ValueRef::Complex(complex))) => complex.get(sub),
        (Some(_), _) => None,
        (None, value) => value,
    };
    matches!(value, Some(ValueRef::Boolean(true)))
}
