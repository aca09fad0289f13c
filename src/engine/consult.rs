//! Asks the hooks of the host about a write while it is being made, and tells them of it once it is durable.
//!
//! It is asked when the store's own hooks have run: what the host is shown is what would be stored, `members` and all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::ChangeOperation;
use super::hooks::{self, CommittedWrite, Decision, Hooks, ProposedWrite, Scope, Write};
use super::represent::represent;
use super::storage::Transaction;
use super::storage::keys::RowId;
use crate::error::Fault;
use crate::message::{Projection, Representation, ResourceInput};
use crate::model::bind::{BindOptions, Bound, bind_resource};
use crate::model::{AttributeId, Complex, Input, Object, PathTarget, Resource, TypeModel, common, validate};
use crate::{Error, ErrorKind, Result};

/// The hooks of a host, where it has any.
pub(super) type Host = Option<Arc<dyn Hooks>>;

/// A write that the host has a say in.
pub(super) struct Consultation<'a> {
    hooks: &'a Arc<dyn Hooks>,
    scope: Scope<'a>,
    at: RowId,
    operation: ChangeOperation,
    before: Option<String>,
}

/// Marks an error that came from the host: it refuses one write, and says nothing about the store.
#[derive(Debug)]
struct OfHost(Error);

impl std::fmt::Display for OfHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a hook of the host refused the write: {}", self.0)
    }
}

impl std::error::Error for OfHost {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn of_host(error: Error) -> Error {
    plain(&error).caused_by(OfHost(error))
}

/// The same error without what caused it.
fn plain(error: &Error) -> Error {
    let mut plain = Error::new(error.kind(), error.detail());
    if let Some(attribute) = error.attribute() {
        plain = plain.on(attribute);
    }
    match error.offset() {
        Some(offset) => plain.at_offset(offset),
        None => plain,
    }
}

/// The same error again, for a write that is tried more than once: what the host refused stays the host's refusal.
pub(super) fn copy(error: &Error) -> Error {
    if is_of_host(error) { of_host(plain(error)) } else { plain(error) }
}

/// A mistake of the host's: its client could not mend it.
fn mistake(detail: impl std::fmt::Display) -> Error {
    of_host(Error::new(ErrorKind::Internal, format!("the host's before-write hook is wrong: {detail}")))
}

/// Whether an error says that nothing more can be written, rather than that one of several writes is refused.
pub(super) fn ends_all(error: &Error) -> bool {
    error.row().fault != Fault::Caller && !is_of_host(error)
}

fn is_of_host(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<OfHost>())
}

impl<'a> Consultation<'a> {
    /// Begins before anything is changed; none where the host has no hooks.
    pub(super) fn begin(
        txn: &Transaction<'_>,
        scope: Scope<'a>,
        at: RowId,
        operation: ChangeOperation,
        before: Option<&Resource>,
    ) -> Result<Option<Self>> {
        let Some(hooks) = scope.host else { return Ok(None) };
        let before = before.map(|before| show(txn, scope, at, before, &shown(scope.model))).transpose()?;
        Ok(Some(Consultation { hooks, scope, at, operation, before: before.map(|before| before.json) }))
    }

    /// Asks the host, and gives the resource what it sets.
    pub(super) fn ask(&self, txn: &mut Transaction<'_>, after: Option<&mut Resource>, id: &str) -> Result<()> {
        let Scope { model, name, actor, .. } = self.scope;
        // The version is given when it is stored.
        let projection = shown(model).without(common::META_VERSION);
        let text = after.as_deref().map(|after| show(txn, self.scope, self.at, after, &projection)).transpose()?;
        let write = ProposedWrite {
            operation: self.operation,
            tenant: name.to_owned(),
            resource_type: model.name().to_owned(),
            id: id.to_owned(),
            actor: actor.map(str::to_owned),
            before: self.before.clone(),
            after: text.map(|text| text.json),
        };
        let hooks = Arc::clone(self.hooks);
        let question = move || catch_unwind(AssertUnwindSafe(|| hooks.before_write(&write)));
        match txn.ask(question)? {
            Err(_) => Err(mistake("it panicked")),
            Ok(Err(error)) => Err(of_host(error)),
            Ok(Ok(Decision::Accept)) => Ok(()),
            Ok(Ok(Decision::Set(json))) => match after {
                Some(after) => self.set(txn, after, &json),
                None => Err(mistake("it sets attributes of a resource that is being deleted")),
            },
        }
    }

    fn set(&self, txn: &mut Transaction<'_>, after: &mut Resource, json: &str) -> Result<()> {
        let attributes = with_set(self.scope.model, &after.attributes, json).map_err(mistake)?;
        let settled = Resource { attributes, ..after.clone() };
        // The keys of what it sets; where a value is taken, that is the client's to know.
        let write = Write {
            at: self.at,
            id: &after.id,
            before: Some(after),
            after: Some(&settled),
            members: &[],
            groups: None,
        };
        hooks::run(txn, self.scope, &write)?;
        *after = settled;
        Ok(())
    }

    /// Leaves word for the host, to be told when the write is durable.
    pub(super) fn tell(
        self,
        txn: &mut Transaction<'_>,
        after: Option<&Resource>,
        id: &str,
        sequence: u64,
    ) -> Result<()> {
        let Consultation { hooks, scope, at, operation, before } = self;
        let after = after.map(|after| show(txn, scope, at, after, &shown(scope.model))).transpose()?;
        let write = CommittedWrite {
            operation,
            tenant: scope.name.to_owned(),
            resource_type: scope.model.name().to_owned(),
            id: id.to_owned(),
            actor: scope.actor.map(str::to_owned),
            before,
            version: after.as_ref().map(|after| after.tag.to_string()),
            after: after.map(|after| after.json),
            sequence,
        };
        let hooks = Arc::clone(hooks);
        txn.leave(Box::new(move || hooks.after_commit(&write)));
        Ok(())
    }
}

/// What of a resource a host is shown. The names of members are in rows of their own, one for each.
fn shown(model: &TypeModel) -> Projection {
    let projection = Projection::readable(model);
    match model.members().and_then(|members| members.display) {
        Some(display) => projection.without(display),
        None => projection,
    }
}

fn show(
    txn: &Transaction<'_>,
    scope: Scope<'_>,
    at: RowId,
    resource: &Resource,
    projection: &Projection,
) -> Result<Representation> {
    represent(txn, scope.tenant, scope.config, at, &resource.view(scope.model), projection, "")
}

/// The attributes with those that a hook sets.
fn with_set(model: &TypeModel, attributes: &Complex, json: &str) -> Result<Complex> {
    let object = ResourceInput::from_json(json.as_bytes())?.0;
    let mut settled = attributes.clone();
    for (name, input) in object.iter() {
        clear(model, name, input, &mut settled)?;
    }
    let options = BindOptions { trusted: true, lenient_schemas: true, ..BindOptions::default() };
    let Bound { attributes: set, id, meta } = bind_resource(model, object, options)?;
    if id.is_some() || meta.is_some() {
        return Err(Error::new(ErrorKind::InvalidValue, "it sets id or meta, which are the store's"));
    }
    for (id, value) in set.iter() {
        check_settable(model, id)?;
        settled.set(id, value.clone());
    }
    validate(model, &settled)?;
    Ok(settled)
}

/// Takes away what is set to nothing.
fn clear(model: &TypeModel, name: &str, input: &Input, settled: &mut Complex) -> Result<()> {
    match (model.resolve(name), input) {
        (Ok(PathTarget::Attribute(target)), input) if target.sub.is_none() && is_nothing(input) => {
            check_settable(model, target.attribute)?;
            settled.remove(target.attribute);
        }
        (Ok(PathTarget::Extension(index)), input) => {
            let attributes = model.extensions().get(index).map_or(&[][..], |extension| &extension.attributes);
            let is_cleared = |id: AttributeId| match (input, model.definition(id)) {
                (Input::Object(object), Some(definition)) => is_null_in(object, &definition.attribute.name),
                (input, _) => is_nothing(input),
            };
            attributes.iter().copied().filter(|id| is_cleared(*id)).for_each(|id| drop(settled.remove(id)));
        }
        // What is unknown, binding refuses.
        _ => {}
    }
    Ok(())
}

fn is_null_in(object: &Object, name: &str) -> bool {
    object.get(name).is_some_and(is_nothing)
}

/// Whether it is no value (RFC 7643 section 2.5).
fn is_nothing(input: &Input) -> bool {
    match input {
        Input::Null => true,
        Input::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn check_settable(model: &TypeModel, id: AttributeId) -> Result<()> {
    let is_derived = [model.members(), model.groups()].into_iter().flatten().any(|derived| derived.attribute == id);
    if is_derived || model.password() == Some(id) {
        let path = model.definition(id).map_or("it", |definition| &definition.path);
        let detail = format!("{path} cannot be set by a hook: it is derived, or a secret");
        return Err(Error::new(ErrorKind::InvalidValue, detail).on(path));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use crate::{ErrorKind, Store, StoreOptions};

    #[test]
    fn a_change_whose_caller_is_gone_is_not_made() {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let (go, gone) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let change = move |txn: &mut super::Transaction<'_>| {
            gone.recv().unwrap_err();
            let answer = txn.ask(|| ());
            tell.send(answer.as_ref().map_err(crate::Error::kind).copied()).unwrap();
            answer
        };
        drop(store.inner.writer.submit(change).unwrap());
        drop(go);
        assert_eq!(told.recv().unwrap(), Err(ErrorKind::Cancelled));
    }
}
