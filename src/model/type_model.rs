//! A resource type, compiled: its attributes by number, and the few that the engine treats in a way of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::registry::common;
use super::{
    Attribute, AttributeId, AttributeType, Constraint, Constraints, Definition, Definitions, GROUP_SCHEMA, Mutability,
    PathTarget, ResourceType, Returned, Target, USER_SCHEMA, Uniqueness,
};
use crate::{Error, ErrorKind, Result};

/// A resource type with its schemas resolved.
#[derive(Clone, Debug)]
pub struct TypeModel {
    number: u16,
    resource_type: Arc<ResourceType>,
    core: Vec<AttributeId>,
    extensions: Vec<Extension>,
    unique: Vec<Target>,
    members: Option<Membership>,
    groups: Option<Membership>,
    password: Option<AttributeId>,
    labels: Vec<Target>,
    constraints: Arc<Constraints>,
    bare_versions: bool,
    pub(super) aliases: Vec<(String, String)>,
    definitions: Arc<Definitions>,
}

/// An extension of a resource type, resolved.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The URN, as registered.
    pub schema: String,
    /// Whether every resource must have it.
    pub required: bool,
    /// Its attributes, in the order of the schema.
    pub attributes: Vec<AttributeId>,
}

/// `members` of a group, or `groups` of a user (RFC 7643 sections 4.1.2 and 4.2): kept as rows of their own, not in
/// the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The attribute.
    pub attribute: AttributeId,
    /// Its `value`: the id of the other resource.
    pub value: AttributeId,
    /// Its `$ref`.
    pub reference: Option<AttributeId>,
    /// Its `type`: the resource type of a member; `direct` or `indirect` for a group.
    pub kind: Option<AttributeId>,
    /// Its `display`.
    pub display: Option<AttributeId>,
}

impl TypeModel {
    pub(super) fn compile(
        number: u16,
        resource_type: ResourceType,
        schemas: &BTreeMap<String, Vec<AttributeId>>,
        definitions: &Arc<Definitions>,
    ) -> Result<Self> {
        let attributes = |urn: &str| {
            schemas.get(&urn.to_ascii_lowercase()).cloned().ok_or_else(|| {
                let detail =
                    format!("the resource type {} needs the schema {urn}, which is not registered", resource_type.name);
                Error::new(ErrorKind::InvalidValue, detail).on("schema")
            })
        };
        let mut core = vec![common::SCHEMAS, common::ID, common::EXTERNAL_ID];
        core.extend(attributes(&resource_type.schema)?);
        core.push(common::META);
        let mut extensions = Vec::new();
        for extension in &resource_type.schema_extensions {
            extensions.push(Extension {
                schema: extension.schema.clone(),
                required: extension.required,
                attributes: attributes(&extension.schema)?,
            });
        }
        let mut model = TypeModel {
            number,
            core,
            extensions,
            unique: Vec::new(),
            members: None,
            groups: None,
            password: None,
            labels: Vec::new(),
            constraints: Arc::default(),
            bare_versions: false,
            aliases: Vec::new(),
            definitions: Arc::clone(definitions),
            resource_type: Arc::new(resource_type),
        };
        model.unique = model.find_unique();
        model.members = model.find_membership(GROUP_SCHEMA, "members");
        model.groups = model.find_membership(USER_SCHEMA, "groups");
        model.labels = model.find_labels();
        model.password = model.find_password()?;
        Ok(model)
    }

    /// `password` of users. Whatever a registered schema says, it is never told (RFC 7643 section 4.1.1).
    fn find_password(&self) -> Result<Option<AttributeId>> {
        if !self.resource_type.schema.eq_ignore_ascii_case(USER_SCHEMA) {
            return Ok(None);
        }
        let Ok(PathTarget::Attribute(target)) = self.resolve("password") else { return Ok(None) };
        let Some(Attribute { attribute_type, multi_valued, mutability, returned, uniqueness, .. }) =
            self.definition(target.attribute).map(|definition| &definition.attribute)
        else {
            return Ok(None);
        };
        let is_secret = *attribute_type == AttributeType::String
            && !multi_valued
            && *mutability == Mutability::WriteOnly
            && *returned == Returned::Never
            && *uniqueness == Uniqueness::None;
        if !is_secret {
            let detail = "password must stay a single string, writeOnly, returned never and of no uniqueness";
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("password"));
        }
        Ok(Some(target.attribute))
    }

    pub(super) fn set_definitions(&mut self, definitions: &Arc<Definitions>) {
        self.definitions = Arc::clone(definitions);
    }

    pub(super) fn set_aliases(&mut self, aliases: Vec<(String, String)>) {
        self.aliases = aliases;
    }

    fn find_unique(&self) -> Vec<Target> {
        let mut unique = Vec::new();
        for id in self.attributes() {
            let Some(definition) = self.definition(id) else { continue };
            if definition.is_unique() && id != common::ID {
                unique.push(Target::whole(id));
            }
            let children =
                definition.children.iter().filter(|child| self.definition(**child).is_some_and(Definition::is_unique));
            unique.extend(children.map(|child| Target { attribute: id, sub: Some(*child) }));
        }
        unique
    }

    fn find_membership(&self, schema: &str, name: &str) -> Option<Membership> {
        if !self.resource_type.schema.eq_ignore_ascii_case(schema) {
            return None;
        }
        let Ok(PathTarget::Attribute(target)) = self.resolve(name) else { return None };
        let definition = self.definition(target.attribute)?;
        if !definition.attribute.multi_valued || definition.attribute.attribute_type != AttributeType::Complex {
            return None;
        }
        let child = |name| self.definitions.child(definition, name).map(|child| child.id);
        Some(Membership {
            attribute: target.attribute,
            value: child("value")?,
            reference: child("$ref"),
            kind: child("type"),
            display: child("display"),
        })
    }

    fn find_labels(&self) -> Vec<Target> {
        let target = |path: &&str| match self.resolve(path) {
            Ok(PathTarget::Attribute(target)) => Some(target),
            _ => None,
        };
        ["displayName", "name.formatted", "userName"].iter().filter_map(target).collect()
    }

    /// Its number in the tenant: part of every stored key.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The resource type as it was registered.
    pub fn resource_type(&self) -> &Arc<ResourceType> {
        &self.resource_type
    }

    /// The name: `User`.
    pub fn name(&self) -> &str {
        &self.resource_type.name
    }

    /// The common attributes and those of the core schema.
    pub fn core_attributes(&self) -> &[AttributeId] {
        &self.core
    }

    /// The extensions.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Every top-level attribute: the common ones, the core schema's, the extensions'.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeId> + '_ {
        self.core.iter().chain(self.extensions.iter().flat_map(|e| &e.attributes)).copied()
    }

    /// The URN of the core schema, then those of the extensions.
    pub fn schema_urns(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.resource_type.schema.as_str()).chain(self.extensions.iter().map(|e| e.schema.as_str()))
    }

    /// The extension that an attribute belongs to; none for the core and the common attributes.
    pub fn extension_of(&self, attribute: AttributeId) -> Option<&Extension> {
        self.extensions.iter().find(|e| e.attributes.contains(&attribute))
    }

    /// What must be unique, besides `id`.
    pub fn unique(&self) -> &[Target] {
        &self.unique
    }

    /// `members`, where this is a type of groups.
    pub fn members(&self) -> Option<&Membership> {
        self.members.as_ref()
    }

    /// `groups`, where resources of this type tell their groups.
    pub fn groups(&self) -> Option<&Membership> {
        self.groups.as_ref()
    }

    /// `password`, where this is a type of users.
    pub fn password(&self) -> Option<AttributeId> {
        self.password
    }

    /// What to call a resource of this type, the best first: `displayName`, the formatted name, `userName`.
    pub fn labels(&self) -> &[Target] {
        &self.labels
    }

    /// What the tenant's profile asks of attributes beyond their characteristics.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// What the tenant's profile asks of an attribute beyond its characteristics, if anything.
    pub fn constraint(&self, id: AttributeId) -> Option<&Constraint> {
        self.constraints.get(&id)
    }

    /// The same under these constraints.
    #[must_use]
    pub(super) fn constrained(
        &self,
        constraints: Constraints,
        bare_versions: bool,
        definitions: &Arc<Definitions>,
    ) -> Self {
        let (constraints, definitions) = (Arc::new(constraints), Arc::clone(definitions));
        TypeModel { constraints, bare_versions, definitions, ..self.clone() }
    }

    /// Whether answers tell versions as numbers, and not as weak entity tags.
    pub fn has_bare_versions(&self) -> bool {
        self.bare_versions
    }

    /// Whether clients may write the groups of a resource of this type, which writes its memberships.
    pub fn writes_groups(&self) -> bool {
        let definition = self.groups.and_then(|groups| self.definition(groups.attribute));
        definition.is_some_and(|definition| definition.attribute.mutability == Mutability::ReadWrite)
    }

    /// The definition of an attribute of the tenant.
    pub fn definition(&self, id: AttributeId) -> Option<&Definition> {
        self.definitions.get(id)
    }

    /// Every attribute of the tenant.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// Whether a target is a sub-attribute of a sub-attribute, which RFC 7643 does not know.
    pub fn is_deep(&self, target: Target) -> bool {
        let parent = target.sub.and_then(|sub| self.definition(sub)).and_then(|definition| definition.parent);
        parent.is_some_and(|parent| parent != target.attribute)
    }

    /// The numbers on the way down from a target's attribute to what it names, both included.
    pub fn trail(&self, target: Target) -> Vec<AttributeId> {
        let mut trail = self.definitions.trail(target.leaf());
        let start = trail.iter().position(|id| *id == target.attribute).unwrap_or(0);
        trail.split_off(start)
    }

    /// The path of a target, for errors.
    pub fn path_of(&self, target: Target) -> &str {
        self.definition(target.leaf()).map_or("?", |definition| &definition.path)
    }
}
