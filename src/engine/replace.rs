//! Replace (RFC 7644 section 3.5.1): what is left out is cleared, but for what a client could not have known.

use std::sync::Arc;

use super::hooks::Scope;
use super::represent::sent_on_request;
use super::settle::Occasion;
use super::storage::Transaction;
use super::tenant::{DraftOptions, scope};
use super::write::{Change, Current, Stored, check_version, load, names_of, update};
use super::{Tenant, WriteOptions, Written};
use crate::message::ResourceInput;
use crate::model::{AttributeId, AttributeType, Complex, Definition, Mutability, TypeModel, Value};
use crate::patch::{MemberEdit, same};
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

impl Tenant {
    /// Replaces a resource (RFC 7644 section 3.5.1).
    ///
    /// What is left out is cleared, except readOnly, immutable and writeOnly attributes. What is required must be there.
    ///
    /// # Errors
    /// As [`Tenant::create`], `NotFound`, `Mutability`, `VersionMismatch`.
    pub fn replace(
        &self,
        resource_type: &str,
        id: &str,
        input: ResourceInput,
        options: &WriteOptions,
    ) -> Result<Written> {
        let config = self.state.config()?;
        let model = Arc::clone(self.model_for(&config, resource_type, Operation::Replace)?);
        let draft = self.inner().draft(&config, &model, input.0, DraftOptions::default())?;
        let projection = options.projection(&config, &model, &sent_on_request(&model, &draft.attributes))?;
        let host = self.inner().host();
        let (state, kind, id, job_options) = (Arc::clone(&self.state), model.number(), id.to_owned(), options.clone());
        let stored = self.inner().writer.write(move |txn: &mut Transaction<'_>| -> Result<Stored> {
            let config = state.config()?;
            config.check_bound_by(&draft.registry)?;
            let model = config.type_of(kind)?;
            let scope = scope(&state, &config, model, job_options.actor.as_deref()).asking(&host);
            let scope = scope.of_version(config.profile.api_version(job_options.api_version));
            let current = load(txn, scope, &id)?;
            let (wanted, unwanted) = (job_options.if_match.as_ref(), job_options.if_none_match.as_ref());
            check_version(txn, scope, &current, wanted, unwanted)?;
            replace_by(txn, scope, current, (draft.attributes, &draft.emptied), draft.members, draft.groups)
        })?;
        let representation = self.answer(&config, &model, &stored, &projection, options)?;
        Ok(Written { representation, changed: stored.changed })
    }
}

/// Replaces a resource inside a transaction. What is emptied is not kept where other things that are left out are.
pub(super) fn replace_by(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    current: Current,
    (attributes, emptied): (Complex, &[AttributeId]),
    members: Vec<String>,
    groups: Option<Vec<String>>,
) -> Result<Stored> {
    let model = scope.model;
    let mut named = names_of(&attributes);
    let keeps_extensions = scope.config.profile.keeps_extensions();
    let before = &current.resource.attributes;
    let attributes = match scope.config.profile.replaces_partly(model.name()) {
        true => overlaid(before, attributes, emptied),
        false => merge(model, before, attributes, keeps_extensions.then_some(emptied))?,
    };
    named.extend(emptied.iter().filter(|id| attributes.get(**id).is_none()));
    let members = replace_members(model, members);
    // What is left out is cleared.
    let groups = model.writes_groups().then(|| groups.unwrap_or_default());
    update(txn, scope, current, Change { attributes, named, members: &members, groups, occasion: Occasion::Replace })
}

/// What a replacement does to the members of a group; nothing where the type has none.
fn replace_members(model: &TypeModel, members: Vec<String>) -> Vec<MemberEdit> {
    if model.members().is_some() { vec![MemberEdit::Replace(members)] } else { Vec::new() }
}

/// The new attributes over the old ones, for types of which a replacement names what it changes.
fn overlaid(before: &Complex, after: Complex, emptied: &[AttributeId]) -> Complex {
    let mut merged = before.clone();
    for id in emptied {
        merged.remove(*id);
    }
    for (id, value) in after.iter() {
        merged.set(id, value.clone());
    }
    merged
}

/// The new attributes, and what of the old ones a replacement does not touch.
///
/// # Errors
/// `Mutability` where an immutable attribute would change, `InvalidValue` where a required one is left out: it has to
/// stand in the request even though it is kept (RFC 7644 section 3.5.1).
fn merge(
    model: &TypeModel,
    before: &Complex,
    mut after: Complex,
    keeps_but: Option<&[AttributeId]>,
) -> Result<Complex> {
    if let Some(emptied) = keeps_but {
        for extension in model.extensions() {
            if extension.attributes.iter().any(|id| after.get(*id).is_some() || emptied.contains(id)) {
                continue;
            }
            for id in &extension.attributes {
                if let Some(kept) = before.get(*id) {
                    after.set(*id, kept.clone());
                }
            }
        }
    }
    for (id, _) in model.constraints().iter().filter(|(_, constraint)| constraint.keep_on_replace) {
        if let Some(kept) = before.get(*id).filter(|_| after.get(*id).is_none()) {
            after.set(*id, kept.clone());
        }
    }
    merge_level(model, before, after)
}

fn merge_level(model: &TypeModel, before: &Complex, mut after: Complex) -> Result<Complex> {
    for (id, old) in before.iter() {
        let Some(definition) = model.definition(id) else { continue };
        let new = after.remove(id);
        if let Some(kept) = merge_value(model, definition, old, new)? {
            after.set(id, kept);
        }
    }
    Ok(after)
}

fn merge_value(model: &TypeModel, definition: &Definition, old: &Value, new: Option<Value>) -> Result<Option<Value>> {
    match (definition.attribute.mutability, new) {
        // A writeOnly value no client can read, to send it again.
        (Mutability::ReadWrite | Mutability::Immutable, None) if definition.attribute.required => {
            Err(Error::new(ErrorKind::InvalidValue, format!("{} is required", definition.path)).on(&definition.path))
        }
        (Mutability::ReadOnly, _) | (Mutability::Immutable | Mutability::WriteOnly, None) => Ok(Some(old.clone())),
        (Mutability::Immutable, Some(new)) => {
            if same(old, &new) {
                return Ok(Some(old.clone()));
            }
            let detail = format!("{} is immutable and has a value already", definition.path);
            Err(Error::new(ErrorKind::Mutability, detail).on(&definition.path))
        }
        (_, new) => merge_complex(model, definition, old, new),
    }
}

/// Sub-attributes of a single complex value follow the same rules; the values of a multi-valued attribute are replaced
/// whole, since nothing says which of the old ones a new one is.
fn merge_complex(model: &TypeModel, definition: &Definition, old: &Value, new: Option<Value>) -> Result<Option<Value>> {
    let single = definition.attribute.attribute_type == AttributeType::Complex && !definition.attribute.multi_valued;
    match (old, new) {
        (Value::Complex(old), Some(Value::Complex(new))) if single => {
            let merged = merge_level(model, old, new)?;
            Ok((!merged.is_empty()).then_some(Value::Complex(merged)))
        }
        (Value::Complex(old), None) if single => {
            let kept = kept_subs(model, old);
            Ok((!kept.is_empty()).then_some(Value::Complex(kept)))
        }
        (_, new) => Ok(new),
    }
}

/// The immutable and writeOnly sub-attributes of a complex value that is left out; readOnly ones go with the value
/// that they describe.
fn kept_subs(model: &TypeModel, old: &Complex) -> Complex {
    let kept = |(id, value): (AttributeId, &Value)| {
        let definition = model.definition(id)?;
        match (definition.attribute.mutability, value) {
            (Mutability::Immutable | Mutability::WriteOnly, _) => Some((id, value.clone())),
            (Mutability::ReadWrite, Value::Complex(parts)) if !definition.attribute.multi_valued => {
                let parts = kept_subs(model, parts);
                (!parts.is_empty()).then_some((id, Value::Complex(parts)))
            }
            _ => None,
        }
    };
    old.iter().filter_map(kept).collect()
}
