//! A tenant's schemas and resource types, compiled: every attribute has a number, and is found by it or by its path.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Attribute, AttributeType, Constraints, Mutability, Operators, Preparation, ResourceType, Returned, Schema,
    TypeModel, USER_SCHEMA, Uniqueness,
};
use crate::{Error, ErrorKind, Result};

/// The number of an attribute in a tenant: stored rows name attributes by it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);

/// The common attributes of RFC 7643 section 3.1, whose numbers are the same in every tenant.
pub mod common {
    use super::AttributeId;

    /// `schemas`.
    pub const SCHEMAS: AttributeId = AttributeId(1);
    /// `id`.
    pub const ID: AttributeId = AttributeId(2);
    /// `externalId`.
    pub const EXTERNAL_ID: AttributeId = AttributeId(3);
    /// `meta`.
    pub const META: AttributeId = AttributeId(4);
    /// `meta.resourceType`.
    pub const META_RESOURCE_TYPE: AttributeId = AttributeId(5);
    /// `meta.created`.
    pub const META_CREATED: AttributeId = AttributeId(6);
    /// `meta.lastModified`.
    pub const META_LAST_MODIFIED: AttributeId = AttributeId(7);
    /// `meta.location`.
    pub const META_LOCATION: AttributeId = AttributeId(8);
    /// `meta.version`.
    pub const META_VERSION: AttributeId = AttributeId(9);
    /// The first number of the built-in schemas' attributes.
    pub const FIRST_FREE: u32 = 16;
    /// The first number of other schemas' attributes: the built-in ones can grow up to here.
    pub const FIRST_CUSTOM: u32 = 1_024;
}

/// Which attribute has which number: kept in the store, so that numbers outlive the process.
///
/// Keys are `urn|name`, `urn|name.sub` and so on, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeNumbers {
    numbers: BTreeMap<String, AttributeId>,
    next: u32,
}

impl Default for AttributeNumbers {
    fn default() -> Self {
        AttributeNumbers { numbers: BTreeMap::new(), next: common::FIRST_FREE }
    }
}

impl AttributeNumbers {
    /// The same numbers and those that were stored; new ones begin behind all of them, and not below `first`.
    #[must_use]
    pub fn extended(&self, stored: impl IntoIterator<Item = (String, AttributeId)>, first: u32) -> Self {
        let mut numbers = self.numbers.clone();
        numbers.extend(stored);
        let next = numbers.values().map(|id| id.0 + 1).max().unwrap_or(first).max(first);
        AttributeNumbers { numbers, next }
    }

    /// Every key with its number.
    pub fn iter(&self) -> impl Iterator<Item = (&str, AttributeId)> {
        self.numbers.iter().map(|(key, id)| (key.as_str(), *id))
    }

    fn number(&mut self, key: String) -> AttributeId {
        let next = &mut self.next;
        *self.numbers.entry(key).or_insert_with(|| {
            *next += 1;
            AttributeId(*next - 1)
        })
    }
}

/// An attribute as the engine sees it: its characteristics, its number, and where it stands.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The number.
    pub id: AttributeId,
    /// The attribute that it is a sub-attribute of; that may be a sub-attribute itself, in a schema that goes beyond the
    /// RFC.
    pub parent: Option<AttributeId>,
    /// The URN of its schema; empty for the common attributes.
    pub schema: Arc<str>,
    /// The full path, for errors and projections: `name.givenName`, or with the URN for an extension's.
    pub path: String,
    /// How its text is prepared before it is compared.
    pub preparation: Preparation,
    /// Its sub-attributes.
    pub children: Vec<AttributeId>,
    /// The name that answers show, and clients may send, instead of its own.
    pub answered_as: Option<String>,
    /// Whether conditions on its sub-attributes that a filter joins with `and` are about one of its values.
    pub one_element: bool,
    /// The operators that a filter may compare it with; none: all that its type has. A sub-attribute without any has those
    /// of its attribute.
    pub operators: Option<Operators>,
    /// Its characteristics. `sub_attributes` is left empty: see `children`.
    pub attribute: Attribute,
}

impl Definition {
    /// Whether this is its name, or the one that answers show; letter case does not matter.
    pub fn is_named(&self, name: &str) -> bool {
        self.attribute.name.eq_ignore_ascii_case(name)
            || self.answered_as.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name))
    }

    /// The name that answers show.
    pub fn told_name(&self) -> &str {
        self.answered_as.as_deref().unwrap_or(&self.attribute.name)
    }

    /// Whether clients may send it: everything but readOnly.
    pub fn is_writable(&self) -> bool {
        self.attribute.mutability != Mutability::ReadOnly
    }

    /// Whether a filter or a sort may look at it: everything that some answer may tell.
    pub fn is_searchable(&self) -> bool {
        self.attribute.returned != Returned::Never && self.attribute.mutability != Mutability::WriteOnly
    }
}

/// Definitions by number.
#[derive(Clone, Debug, Default)]
pub struct Definitions(Vec<Option<Definition>>);

impl Definitions {
    /// The definition of a number; none if its schema is not registered any more.
    pub fn get(&self, id: AttributeId) -> Option<&Definition> {
        self.0.get(id.0 as usize)?.as_ref()
    }

    /// Every definition, in the order of the numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.0.iter().flatten()
    }

    /// The sub-attribute of this name; letter case does not matter.
    pub fn child(&self, parent: &Definition, name: &str) -> Option<&Definition> {
        let children = parent.children.iter().filter_map(|id| self.get(*id));
        children.into_iter().find(|child| child.is_named(name))
    }

    /// The numbers on the way down to an attribute: those that it is part of, the outermost first, and its own.
    pub fn trail(&self, id: AttributeId) -> Vec<AttributeId> {
        let mut trail: Vec<AttributeId> =
            std::iter::successors(Some(id), |id| self.get(*id).and_then(|definition| definition.parent)).collect();
        trail.reverse();
        trail
    }

    /// Whether an attribute is another one, or part of it at whatever depth.
    pub fn is_within(&self, id: AttributeId, whole: AttributeId) -> bool {
        let mut up = std::iter::successors(Some(id), |id| self.get(*id).and_then(|definition| definition.parent));
        up.any(|id| id == whole)
    }

    /// Lets conditions on sub-attributes that a filter joins with `and` be about one value of this attribute.
    pub fn set_one_element(&mut self, id: AttributeId) {
        if let Some(definition) = self.get_mut(id) {
            definition.one_element = true;
        }
    }

    /// Sets the operators that a filter may compare an attribute or sub-attribute with.
    pub fn set_operators(&mut self, id: AttributeId, operators: Operators) {
        if let Some(definition) = self.get_mut(id) {
            definition.operators = Some(operators);
        }
    }

    fn get_mut(&mut self, id: AttributeId) -> Option<&mut Definition> {
        self.0.get_mut(id.0 as usize)?.as_mut()
    }

    fn add(&mut self, definition: Definition) {
        let index = definition.id.0 as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.0.get_mut(index) {
            *slot = Some(definition);
        }
    }
}

/// A tenant's schemas and resource types, compiled. Immutable: a change makes a new one.
#[derive(Clone, Debug)]
pub struct Registry {
    schemas: Vec<Schema>,
    types: Vec<Arc<TypeModel>>,
    definitions: Arc<Definitions>,
}

impl Registry {
    /// Compiles schemas and resource types. `numbers` gains an entry for every attribute that had none.
    ///
    /// A resource type's number is its position in `resource_types`, plus one: the caller keeps the order, and puts
    /// none in the place of a type that was removed.
    ///
    /// # Errors
    /// `InvalidValue` when a schema or resource type contradicts RFC 7643 or another one.
    pub fn build(
        schemas: Vec<Schema>,
        resource_types: Vec<Option<ResourceType>>,
        numbers: &mut AttributeNumbers,
    ) -> Result<Self> {
        Self::build_with(schemas, resource_types, numbers, &|_| false)
    }

    /// [`Registry::build`], where some schemas may go beyond RFC 7643: those whose URN `beyond` accepts. Their
    /// sub-attributes may be complex, down to [`MAX_LEVELS`](super::MAX_LEVELS), and their attributes may be of type
    /// [`Any`](AttributeType::Any).
    ///
    /// # Errors
    /// As [`Registry::build`].
    pub fn build_with(
        schemas: Vec<Schema>,
        resource_types: Vec<Option<ResourceType>>,
        numbers: &mut AttributeNumbers,
        beyond: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let mut definitions = Definitions::default();
        for attribute in super::builtin::common_attributes() {
            definitions.add(attribute);
        }
        let mut known = BTreeMap::new();
        for schema in &schemas {
            super::check::schema(schema, beyond(&schema.id))?;
            let core_of_some = resource_types.iter().flatten().any(|t| t.schema.eq_ignore_ascii_case(&schema.id));
            let top = define_schema(schema, core_of_some, numbers, &mut definitions);
            if known.insert(schema.id.to_ascii_lowercase(), top).is_some() {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("the schema {} is registered already", schema.id),
                ));
            }
        }
        let definitions = Arc::new(definitions);
        let mut types: Vec<Arc<TypeModel>> = Vec::new();
        for (index, resource_type) in resource_types.into_iter().enumerate() {
            let Some(resource_type) = resource_type else { continue };
            super::check::resource_type(&resource_type, types.iter().map(|t| &**t.resource_type()))?;
            let number = u16::try_from(index + 1)
                .map_err(|_| Error::new(ErrorKind::TooMany, "a tenant has at most 65,535 resource types"))?;
            types.push(Arc::new(TypeModel::compile(number, resource_type, &known, &definitions)?));
        }
        Ok(Registry { schemas, types, definitions })
    }

    /// The same with constraints, by the numbers of the resource types that they are of. Where versions are bare, answers
    /// tell them as numbers, and not as weak entity tags.
    #[must_use]
    pub fn constrained(mut self, mut constraints: BTreeMap<u16, Constraints>, bare_versions: bool) -> Self {
        let mut definitions = Definitions::clone(&self.definitions);
        for (id, constraint) in constraints.values().flatten() {
            if let (Some(definition), Some(name)) = (definitions.get_mut(*id), &constraint.answered_as) {
                definition.answered_as = Some(name.clone());
            }
        }
        self.definitions = Arc::new(definitions);
        for model in &mut self.types {
            let constraints = constraints.remove(&model.number()).unwrap_or_default();
            *model = Arc::new(model.constrained(constraints, bare_versions, &self.definitions));
        }
        self
    }

    /// The same with changed definitions: for what is declared of attributes beside their schemas.
    #[must_use]
    pub fn with_definitions(mut self, change: impl FnOnce(&mut Definitions)) -> Self {
        let mut definitions = Definitions::clone(&self.definitions);
        change(&mut definitions);
        self.definitions = Arc::new(definitions);
        for model in &mut self.types {
            Arc::make_mut(model).set_definitions(&self.definitions);
        }
        self
    }

    /// The same with other names for what a resource type has: each a path or the head of one, such as the URN of a
    /// schema, and the path that it stands for. What the schemas define goes before an alias.
    ///
    /// # Errors
    /// `UnknownType`; `InvalidValue` for an alias of nothing, or one that is the name of something else already.
    pub fn with_aliases(mut self, resource_type: &str, aliases: Vec<(String, String)>) -> Result<Self> {
        let number = self.resource_type(resource_type)?.number();
        for model in self.types.iter_mut().filter(|model| model.number() == number) {
            let model = Arc::make_mut(model);
            model.set_aliases(Vec::new());
            for (alias, real) in &aliases {
                let detail = match (model.find(alias), model.resolve(real)) {
                    (Some(_), _) => format!("the alias \"{alias}\" is the name of something else already"),
                    (_, Err(unknown)) => format!("the alias \"{alias}\": {}", unknown.detail),
                    _ => continue,
                };
                return Err(Error::new(ErrorKind::InvalidValue, detail).on(alias));
            }
            model.set_aliases(aliases.clone());
        }
        Ok(self)
    }

    /// Every schema.
    pub fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// The schema of a URN; letter case does not matter.
    pub fn schema(&self, urn: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Every resource type.
    pub fn types(&self) -> &[Arc<TypeModel>] {
        &self.types
    }

    /// The resource type of a name, id or endpoint (with or without its slash); letter case does not matter.
    ///
    /// # Errors
    /// `UnknownType`, naming those that exist.
    pub fn resource_type(&self, name: &str) -> Result<&Arc<TypeModel>> {
        let endpoint = name.trim_start_matches('/');
        self.types
            .iter()
            .find(|t| {
                let t = t.resource_type();
                t.name.eq_ignore_ascii_case(name)
                    || t.id.eq_ignore_ascii_case(name)
                    || t.endpoint.trim_start_matches('/').eq_ignore_ascii_case(endpoint)
            })
            .ok_or_else(|| {
                let names: Vec<&str> = self.types.iter().map(|t| t.resource_type().name.as_str()).collect();
                Error::new(
                    ErrorKind::UnknownType,
                    format!("there is no resource type \"{name}\"; this tenant has {}", names.join(", ")),
                )
            })
    }

    /// Takes the endpoint off the front of a path without slashes around it, `Users/2819c223`: the endpoint, which may be
    /// none that there is, and what stands behind it. An endpoint of two segments is found where there is one.
    pub fn split_path<'a>(&self, path: &'a str) -> (&'a str, Option<&'a str>) {
        let mut slashes = path.match_indices('/').map(|(at, _)| at);
        let Some(first) = slashes.next() else { return (path, None) };
        let second = slashes.next().unwrap_or(path.len());
        let end = if path.get(..second).is_some_and(|two| self.has_endpoint(two)) { second } else { first };
        (path.get(..end).unwrap_or(path), path.get(end + 1..))
    }

    /// Whether a resource type has this endpoint, with or without its slash; letter case does not matter.
    pub fn has_endpoint(&self, endpoint: &str) -> bool {
        let is = |known: &str| known.trim_start_matches('/').eq_ignore_ascii_case(endpoint.trim_start_matches('/'));
        self.types.iter().any(|model| is(&model.resource_type().endpoint))
    }

    /// The resource type of a number.
    pub fn type_by_number(&self, number: u16) -> Option<&Arc<TypeModel>> {
        self.types.iter().find(|t| t.number() == number)
    }

    /// Every attribute.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }
}

fn define_schema(
    schema: &Schema,
    is_core: bool,
    numbers: &mut AttributeNumbers,
    definitions: &mut Definitions,
) -> Vec<AttributeId> {
    let urn: Arc<str> = Arc::from(schema.id.as_str());
    let mut definer = Definer { urn, numbers, definitions };
    let path = |name: &str| if is_core { name.to_owned() } else { format!("{}:{name}", schema.id) };
    schema.attributes.iter().map(|it| definer.define(it, None, &it.name, path(&it.name))).collect()
}

/// Gives the attributes of a schema their numbers.
struct Definer<'a> {
    urn: Arc<str>,
    numbers: &'a mut AttributeNumbers,
    definitions: &'a mut Definitions,
}

impl Definer<'_> {
    /// An attribute with all below it; `name` is its path in the schema.
    fn define(&mut self, attribute: &Attribute, parent: Option<AttributeId>, name: &str, path: String) -> AttributeId {
        let id = self.numbers.number(format!("{}|{name}", self.urn).to_ascii_lowercase());
        let children = attribute.sub_attributes.iter().map(|sub| {
            let (name, path) = (format!("{name}.{}", sub.name), format!("{path}.{}", sub.name));
            self.define(sub, Some(id), &name, path)
        });
        let children = children.collect();
        self.definitions.add(Definition {
            id,
            parent,
            schema: Arc::clone(&self.urn),
            path,
            preparation: preparation(&self.urn, attribute),
            children,
            answered_as: None,
            one_element: false,
            operators: None,
            attribute: Attribute { sub_attributes: Vec::new(), ..attribute.clone() },
        });
        id
    }
}

fn preparation(schema: &str, attribute: &Attribute) -> Preparation {
    let is_user_name = schema.eq_ignore_ascii_case(USER_SCHEMA) && attribute.name.eq_ignore_ascii_case("userName");
    match attribute.attribute_type {
        AttributeType::String if is_user_name && !attribute.case_exact => Preparation::UserName,
        AttributeType::String if !attribute.case_exact => Preparation::Folded,
        // A reference is caseExact by default (RFC 7643 section 2.3.7) unless its schema says otherwise.
        AttributeType::Reference if !attribute.case_exact => Preparation::Folded,
        _ => Preparation::Exact,
    }
}

impl Definition {
    /// Whether its values must be the only ones of their kind somewhere.
    pub fn is_unique(&self) -> bool {
        self.attribute.uniqueness != Uniqueness::None
    }
}
