//! A handle of a tenant, and what its verbs share. Each verb has a file of its own.

use std::sync::Arc;

use super::bounds::Bounds;
use super::config::Config;
use super::hooks::Scope;
use super::password::Hasher;
use super::represent::represent;
use super::store::{Inner, TenantState};
use super::write::Stored;
use super::{Limits, Store, StoreOptions, WriteOptions};
use crate::message::{Projection, Representation};
use crate::model::{
    AttributeId, Complex, Constraint, Input, Membership, Object, PathTarget, Registry, TypeModel, Value, bind,
};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// A tenant of a store: its verbs. Cheap to clone.
///
/// ```
/// use scimdb::{Store, StoreOptions};
/// use scimdb::engine::{ReadOptions, WriteOptions};
/// use scimdb::message::ResourceInput;
///
/// let tenant = Store::open_in_memory(StoreOptions::default())?.tenant("default")?;
/// let user = br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bjensen"}"#;
/// let created = tenant.create("User", ResourceInput::from_json(user)?, &WriteOptions::default())?;
/// let read = tenant.get("User", &created.id, &ReadOptions::default())?;
/// assert_eq!(read.json, created.json);
/// # Ok::<(), scimdb::Error>(())
/// ```
#[derive(Clone)]
pub struct Tenant {
    pub(super) store: Store,
    pub(super) state: Arc<TenantState>,
    pub(super) bounds: Bounds,
}

/// What a write made.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The resource after the write.
    pub representation: Representation,
    /// Whether anything changed: a write that changes nothing keeps version and lastModified.
    pub changed: bool,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant").field("name", &self.state.name).finish_non_exhaustive()
    }
}

impl Tenant {
    pub(super) fn new(store: Store, state: Arc<TenantState>) -> Self {
        Tenant { store, state, bounds: Bounds::default() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// The schemas and resource types, as of now.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped.
    pub fn registry(&self) -> Result<Arc<Registry>> {
        Ok(Arc::clone(&self.state.config()?.registry))
    }

    /// The profile, as of now.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped.
    pub fn profile(&self) -> Result<Arc<Profile>> {
        Ok(Arc::clone(&self.state.config()?.profile))
    }

    /// What searches and bulk requests are held to: by the store, and by the profile, which can only lower it.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped.
    pub fn limits(&self) -> Result<Limits> {
        Ok(self.inner().limits(&*self.state.config()?))
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.store.inner
    }

    /// Renders what a write left, with what is derived as of now. The projection was made before the write: a request
    /// that is refused must not have changed anything.
    pub(super) fn answer(
        &self,
        config: &Config,
        model: &TypeModel,
        stored: &Stored,
        projection: &Projection,
        options: &WriteOptions,
    ) -> Result<Representation> {
        let snapshot = self.inner().writer.snapshot()?;
        let view = stored.resource.view(model);
        represent(&*snapshot, self.state.id, config, stored.at, &view, projection, &options.base)
    }
}

/// A request's resource, bound: without `members`, with its password hashed.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) attributes: Complex,
    pub(super) members: Vec<String>,
    /// The groups that it is to be a direct member of, where clients write them and this one did.
    pub(super) groups: Option<Vec<String>>,
    /// What it says to have no value, where a replacement would keep what it leaves out.
    pub(super) emptied: Vec<AttributeId>,
    pub(super) id: Option<String>,
    pub(super) meta: Option<Object>,
    /// The schemas that it was bound by.
    pub(super) registry: Arc<Registry>,
}

/// How a draft is made.
#[derive(Clone, Copy, Default)]
pub(super) struct DraftOptions {
    /// Keeps readOnly attributes.
    pub(super) trusted: bool,
    /// For rows of an import: a password in PHC form is a hash that another store made, and `schemas` may be missing.
    pub(super) import: bool,
    /// For new resources: some readOnly attributes can be set then, if the profile says so.
    pub(super) create: bool,
}

impl DraftOptions {
    /// Of a resource that a client creates.
    pub(super) fn of_create() -> Self {
        DraftOptions { create: true, ..DraftOptions::default() }
    }
}

impl Inner {
    /// What searches and bulk requests of a tenant are held to.
    pub(super) fn limits(&self, config: &Config) -> Limits {
        let StoreOptions { default_page, max_page, cursor_ttl, max_bulk_operations, .. } = self.options;
        let own = config.profile.limits();
        let max_page = own.max_page.map_or(max_page, |own| own.min(max_page));
        let own_bulk = own.max_bulk_operations.map(|own| usize::try_from(own).unwrap_or(usize::MAX));
        Limits {
            default_page: own.default_page.unwrap_or(default_page).min(max_page),
            max_page,
            cursor_ttl,
            max_bulk_operations: own_bulk.map_or(max_bulk_operations, |own| own.min(max_bulk_operations)),
        }
    }

    /// Binds what a client sent.
    pub(super) fn draft(
        &self,
        config: &Config,
        model: &TypeModel,
        object: Object,
        options: DraftOptions,
    ) -> Result<Draft> {
        draft(&self.hasher, config, model, object, options)
    }
}

/// Binds what a client sent.
pub(super) fn draft(
    hasher: &Hasher,
    config: &Config,
    model: &TypeModel,
    object: Object,
    options: DraftOptions,
) -> Result<Draft> {
    let mut bind_options = bind::BindOptions { trusted: options.trusted, ..config.dialect().bind };
    bind_options.lenient_schemas |= options.import;
    let accepted = if options.create { accepted_on_create(model, &object) } else { Vec::new() };
    // Nobody else asks for it.
    let keeps = config.profile.keeps_extensions() || config.profile.replaces_partly(model.name());
    let emptied = if keeps && !options.create { emptied(model, &object, bind_options) } else { Vec::new() };
    let bind::Bound { mut attributes, id, meta } = bind::bind_resource(model, object, bind_options)?;
    for (id, value) in accepted {
        attributes.set(id, value);
    }
    let members = take_members(model, &mut attributes)?;
    let groups = take_groups(model, &mut attributes)?.filter(|_| !options.trusted);
    if let Some(password) = model.password()
        && let Some(Value::String(clear)) = attributes.get_mut(password)
        && !(options.import && super::password::is_hash(clear)?)
    {
        model.check_password(clear)?;
        *clear = hasher.hash(clear)?;
    }
    Ok(Draft { attributes, members, groups, emptied, id, meta, registry: Arc::clone(&config.registry) })
}

/// Takes `members` out of bound attributes: the ids of the members, in order.
fn take_members(model: &TypeModel, attributes: &mut Complex) -> Result<Vec<String>> {
    let Some(attribute) = model.members() else { return Ok(Vec::new()) };
    let Some(values) = attributes.remove(attribute.attribute) else { return Ok(Vec::new()) };
    let elements = values.as_multi().iter().filter_map(Value::as_complex);
    elements.map(|element| member_id(attribute, element).ok_or_else(no_member_id)).collect()
}

/// Takes `groups` out of bound attributes: the ids of the groups, where clients write them; none where it is not there.
pub(super) fn take_groups(model: &TypeModel, attributes: &mut Complex) -> Result<Option<Vec<String>>> {
    let Some(attribute) = model.groups() else { return Ok(None) };
    let Some(values) = attributes.remove(attribute.attribute).filter(|_| model.writes_groups()) else {
        return Ok(None);
    };
    let elements = values.as_multi().iter().filter_map(Value::as_complex);
    let no_id = || Error::new(ErrorKind::InvalidValue, "a group needs a value: its id").on("groups.value");
    elements.map(|element| member_id(attribute, element).ok_or_else(no_id)).collect::<Result<_>>().map(Some)
}

/// The attributes that a client sends null or an empty list for, by themselves or in the object of their extension.
fn emptied(model: &TypeModel, object: &Object, options: bind::BindOptions) -> Vec<AttributeId> {
    let mut found = Vec::new();
    for (name, input) in object.iter() {
        let path = model.resolve_as(name, options);
        match (path, input) {
            (Ok(PathTarget::Attribute(target)), input) if target.sub.is_none() && is_none(input) => {
                found.push(target.attribute);
            }
            (Ok(PathTarget::Extension(index)), input) => {
                let Some(extension) = model.extensions().get(index) else { continue };
                let named = |name: &str| model.resolve_as(&format!("{}:{name}", extension.schema), options).ok();
                let entries = match input {
                    Input::Object(object) => Some(object),
                    _ => None,
                };
                let entries = entries.into_iter().flat_map(Object::iter).filter(|(_, input)| is_none(input));
                let targets = entries.filter_map(|(name, _)| named(name));
                found.extend(targets.filter_map(|target| match target {
                    PathTarget::Attribute(target) if target.sub.is_none() => Some(target.attribute),
                    _ => None,
                }));
                if *input == Input::Null {
                    found.extend(&extension.attributes);
                }
            }
            _ => {}
        }
    }
    found
}

fn is_none(input: &Input) -> bool {
    match input {
        Input::Null => true,
        Input::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// What a client sets of readOnly attributes that the profile lets it set when it creates a resource.
fn accepted_on_create(model: &TypeModel, object: &Object) -> Vec<(AttributeId, Value)> {
    let accepted = |(id, constraint): (&AttributeId, &Constraint)| {
        let definition = model.definition(*id).filter(|definition| !definition.is_writable())?;
        let sent = object.get(&definition.attribute.name)?.as_str()?;
        let value = constraint.accepted_on_create.iter().find(|value| value.eq_ignore_ascii_case(sent))?;
        Some((*id, Value::String(value.clone())))
    };
    model.constraints().iter().filter_map(accepted).collect()
}

/// The id of a member: its `value`, or else the last segment of its `$ref`.
fn member_id(attribute: &Membership, element: &Complex) -> Option<String> {
    let text = |id| element.get(id).and_then(Value::as_str).filter(|text| !text.is_empty());
    let by_reference = || text(attribute.reference?)?.rsplit('/').next();
    text(attribute.value).or_else(by_reference).map(str::to_owned)
}

fn no_member_id() -> Error {
    Error::new(ErrorKind::InvalidValue, "a member needs a value: the id of a resource").on("members.value")
}

/// What [`super::hooks`] need to know of a write through this tenant.
pub(super) fn scope<'a>(
    tenant: &'a TenantState,
    config: &'a Config,
    model: &'a TypeModel,
    actor: Option<&'a str>,
) -> Scope<'a> {
    Scope { tenant: tenant.id, config, model, actor, import: None, name: &tenant.name, version: None, host: None }
}
