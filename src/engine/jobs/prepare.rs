//! Binding the users of a chunk, outside the transaction that stores them.

use std::sync::Arc;

use super::intake::authenticator_parts;
use crate::Result;
use crate::engine::config::Config;
use crate::engine::create::{made_id, new_resource};
use crate::engine::env::Env;
use crate::engine::password::Hasher;
use crate::engine::storage::import_records::{JobRecord, unpack};
use crate::engine::store::TenantState;
use crate::engine::tenant::{DraftOptions, draft};
use crate::engine::write::NewResource;
use crate::message::ResourceInput;
use crate::model::{Complex, Input, Object, PathTarget, TypeModel, Value};
use crate::{Error, ErrorKind};

/// A user, ready to be stored, or why it cannot be.
pub(super) struct Row {
    /// Its place among the users of the import, from 1.
    pub(super) number: u64,
    pub(super) external_id: Option<String>,
    pub(super) bound: Result<NewResource>,
}

/// What users are bound by.
pub(super) struct Binder<'a> {
    config: &'a Config,
    model: Arc<TypeModel>,
    hasher: &'a Hasher,
    env: &'a Env,
    state: &'a TenantState,
    /// The least number that may be an id, where ids are numbers.
    next: u64,
    refused: &'a [String],
    /// The policy of the authenticator that each gets, and where it stands.
    authenticator: Option<(&'a str, [crate::model::AttributeId; 3])>,
}

impl<'a> Binder<'a> {
    /// What binds the users of an import.
    ///
    /// # Errors
    /// What makes the whole import impossible: its resource type, or the attribute of authenticators, is gone.
    pub(super) fn new(
        (config, state): (&'a Config, &'a TenantState),
        record: &'a JobRecord,
        hasher: &'a Hasher,
        env: &'a Env,
        next: u64,
    ) -> Result<Self> {
        let model = Arc::clone(config.type_of(record.kind)?);
        let authenticator = record.authenticator.as_ref();
        let authenticator = authenticator
            .map(|(policy, path)| Ok::<_, Error>((policy.as_str(), authenticator_parts(&model, path)?)))
            .transpose()?;
        Ok(Binder { config, model, hasher, env, state, next, refused: &record.refused, authenticator })
    }

    /// The users of a chunk. `row` is how many were before it; none: it is not wanted any more.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn rows(&self, chunk: &[u8], row: u64, is_over: impl Fn() -> bool) -> Result<Option<Vec<Row>>> {
        let mut rows = Vec::new();
        for (number, json) in (row + 1..).zip(unpack(chunk)?) {
            if is_over() {
                return Ok(None);
            }
            rows.push(self.row(number, json));
        }
        Ok(Some(rows))
    }

    fn row(&self, number: u64, json: &[u8]) -> Row {
        let object = match ResourceInput::from_json(json) {
            Ok(ResourceInput(object)) => object,
            Err(error) => return Row { number, external_id: None, bound: Err(error) },
        };
        let external_id = object.get("externalId").and_then(Input::as_str).map(str::to_owned);
        Row { number, external_id, bound: self.bind(object) }
    }

    fn bind(&self, object: Object) -> Result<NewResource> {
        self.check_base(&object)?;
        let options = DraftOptions { import: true, create: true, ..DraftOptions::default() };
        let draft = draft(self.hasher, self.config, &self.model, object, options)?;
        let id = made_id(self.env, self.state, self.config, &self.model, draft.id.as_deref(), &|| Ok(self.next))?;
        let mut new = new_resource(draft, id);
        if let Some((policy, [attribute, display, value])) = self.authenticator {
            let mut element = Complex::default();
            element.set(display, Value::String(policy.to_owned()));
            element.set(value, Value::String(format!("{}.{policy}", new.id)));
            new.attributes.set(attribute, Value::Multi(vec![Value::Complex(element)]));
        }
        Ok(new)
    }

    /// Sees that a user has nothing that no user of this import may have.
    fn check_base(&self, object: &Object) -> Result<()> {
        for (name, input) in object.iter().filter(|(_, input)| !input.is_unassigned()) {
            if let Some(path) = self.refused.iter().find(|path| self.is_of(name, input, path)) {
                let detail = format!("{path} cannot be imported: leave it out, and set it when the user is there");
                return Err(Error::new(ErrorKind::InvalidValue, detail).on(path.as_str()));
            }
        }
        Ok(())
    }

    /// Whether what stands under a name is the attribute of a path, a part of it, or has it in it.
    fn is_of(&self, name: &str, input: &Input, path: &str) -> bool {
        if name.eq_ignore_ascii_case(path) {
            return true;
        }
        let extension = |attribute| self.model.extension_of(attribute).map(|extension| &extension.schema);
        match (self.model.find(name), self.model.find(path)) {
            (Some(PathTarget::Attribute(named)), Some(PathTarget::Attribute(refused))) => {
                named.attribute == refused.attribute
            }
            (Some(PathTarget::Attribute(named)), Some(PathTarget::Extension(index))) => {
                let refused = self.model.extensions().get(index).map(|extension| &extension.schema);
                extension(named.attribute).is_some_and(|own| Some(own) == refused)
            }
            (Some(PathTarget::Extension(named)), Some(PathTarget::Extension(refused))) => named == refused,
            // An extension may stand there without the one attribute of it.
            (Some(PathTarget::Extension(_)), Some(PathTarget::Attribute(refused))) => match input {
                Input::Object(within) => self.model.definition(refused.attribute).is_some_and(|definition| {
                    extension(refused.attribute).is_some_and(|urn| urn.eq_ignore_ascii_case(name))
                        && within.get(&definition.attribute.name).is_some_and(|input| !input.is_unassigned())
                }),
                _ => false,
            },
            _ => false,
        }
    }
}
