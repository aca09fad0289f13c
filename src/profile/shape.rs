//! What a profile makes of schemas and resource types: those that it brings, and other characteristics and constraints of
//! their attributes.

use std::collections::BTreeMap;
use std::ops::BitOr;

use regex_lite::Regex;

use super::Profile;
use super::known_type;
use super::overlay::{self, Overlay, Required};
use crate::message::{Part, resource_type_part, schema_part};
use crate::model::bind::bind_single;
use crate::model::{
    Attribute, AttributeId, BindOptions, Constraint, Constraints, Known, Mutability, Operators, PathTarget, Registry,
    ResourceType, Schema, Target, TypeModel, Uniqueness, Value, common, nearest,
};
use crate::{Error, ErrorKind, Result};

/// The schemas, resource types and attributes of a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    schemas: Vec<Schema>,
    types: Vec<ResourceType>,
    overlays: Vec<Overlay>,
}

impl Shape {
    /// Takes the members out of the document.
    pub(super) fn read(part: &mut Part) -> Result<Self> {
        Ok(Shape {
            schemas: part.take_objects("schemas")?.map(|part| schema_part(part?)).collect::<Result<_>>()?,
            types: part.take_objects("resourceTypes")?.map(|part| resource_type_part(part?)).collect::<Result<_>>()?,
            overlays: overlay::read(part)?,
        })
    }

    /// Sees that the resource types are there that overlays name.
    ///
    /// # Errors
    /// `InvalidArgument`, with the place in the document.
    pub(super) fn check_named(&self, registry: &Registry) -> Result<()> {
        for Overlay { resource_type, path, known, types, .. } in &self.overlays {
            if let Some((name, _)) = known {
                known_type(registry, name, &|| format!("attributes.{resource_type}.{path}.known"))?;
            }
            for name in types {
                known_type(registry, name, &|| format!("attributes.{resource_type}.{path}.types"))?;
            }
        }
        Ok(())
    }

    /// These over those of another profile.
    pub(super) fn over(self, base: Shape) -> Self {
        Shape {
            schemas: base.schemas.into_iter().chain(self.schemas).collect(),
            types: base.types.into_iter().chain(self.types).collect(),
            overlays: base.overlays.into_iter().chain(self.overlays).collect(),
        }
    }
}

impl Profile {
    /// Whether tenants of the profile have schemas of their own: others share those that are built in.
    pub(crate) fn has_shape(&self) -> bool {
        self.shape != Shape::default() || !self.choices.aliases.is_empty() || self.numbers_as_versions()
    }

    /// The URNs of the schemas that the profile brings or adds to.
    pub(crate) fn schema_urns(&self) -> impl Iterator<Item = &str> {
        self.shape.schemas.iter().map(|schema| schema.id.as_str())
    }

    /// Adds the schemas of the profile: one whose URN is there is merged into it, attribute by attribute.
    pub(crate) fn add_schemas(&self, schemas: &mut Vec<Schema>) {
        for own in &self.shape.schemas {
            match schemas.iter_mut().find(|schema| schema.id.eq_ignore_ascii_case(&own.id)) {
                Some(schema) => own.attributes.iter().for_each(|attribute| put(&mut schema.attributes, attribute)),
                None => schemas.push(own.clone()),
            }
        }
    }

    /// The resource types of the profile, the last of those of one name.
    pub(crate) fn resource_types(&self) -> Vec<&ResourceType> {
        let types = &self.shape.types;
        let is_last = |(index, one): &(usize, &ResourceType)| {
            !types.iter().skip(index + 1).any(|later| later.name.eq_ignore_ascii_case(&one.name))
        };
        types.iter().enumerate().filter(is_last).map(|(_, one)| one).collect()
    }

    /// Gives attributes the characteristics that the profile says. What it says beyond them, [`Profile::constraints`]
    /// tells.
    ///
    /// # Errors
    /// `InvalidValue` for an attribute that does not exist, or that is common to all and cannot be changed.
    pub(crate) fn adjust<'t>(
        &self,
        schemas: &mut [Schema],
        types: impl Iterator<Item = &'t ResourceType> + Clone,
    ) -> Result<()> {
        for overlay in &self.shape.overlays {
            let named = |one: &&ResourceType| one.name.eq_ignore_ascii_case(&overlay.resource_type);
            let Some(resource_type) = types.clone().find(named) else {
                let names: Vec<&str> = types.clone().map(|one| one.name.as_str()).collect();
                let near = nearest(&overlay.resource_type, &mut names.iter().map(|name| (*name, *name)));
                let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                let detail = format!("there is no resource type \"{}\"{hint}", overlay.resource_type);
                return Err(overlay.error(&detail));
            };
            adjust_one(overlay, resource_type, schemas)?;
        }
        Ok(())
    }

    /// What is asked of attributes beyond their characteristics, by the numbers of resource types.
    ///
    /// # Errors
    /// `InvalidValue` for an attribute that does not exist, or a value that is none of it.
    pub(crate) fn constraints(&self, registry: &Registry) -> Result<BTreeMap<u16, Constraints>> {
        let mut all: BTreeMap<u16, Constraints> = BTreeMap::new();
        for overlay in &self.shape.overlays {
            let model = registry.resource_type(&overlay.resource_type)?;
            let target = overlay.target(model)?;
            let constraints = all.entry(model.number()).or_default();
            let constraint = constraints.entry(target.leaf()).or_default();
            constrain(overlay, model, target, constraint)?;
            self.check_fit(overlay, model, target, constraint)?;
        }
        for overlay in self.shape.overlays.iter().filter(|overlay| overlay.answered_as.is_some()) {
            let model = registry.resource_type(&overlay.resource_type)?;
            let constraints = all.get(&model.number()).cloned().unwrap_or_default();
            Profile::check_name(overlay, model, overlay.target(model)?, &constraints)?;
        }
        Ok(all)
    }

    /// Lets a registry know the operators that filters may compare attributes with, the attributes of which criteria that
    /// are joined by `and` mean one value, and other names.
    ///
    /// # Errors
    /// `InvalidValue` for an attribute that does not exist, or an alias of nothing.
    pub(crate) fn name_and_compare(&self, registry: Registry) -> Result<Registry> {
        let mut compared: Vec<(AttributeId, &Overlay)> = Vec::new();
        for overlay in
            self.shape.overlays.iter().filter(|overlay| overlay.joined.is_some() || !overlay.operators.is_empty())
        {
            let model = registry.resource_type(&overlay.resource_type)?;
            compared.push((overlay.target(model)?.leaf(), overlay));
        }
        // What is said last counts.
        let is_joined = |id: AttributeId| {
            let said = compared.iter().rev().filter(|(other, _)| *other == id);
            said.filter_map(|(_, overlay)| overlay.joined).next() == Some(true)
        };
        let mut registry = registry.with_definitions(|definitions| {
            for &(id, overlay) in &compared {
                if is_joined(id) {
                    definitions.set_one_element(id);
                }
                if !overlay.operators.is_empty() {
                    definitions.set_operators(
                        id,
                        overlay
                            .operators
                            .iter()
                            .filter_map(|word| Operators::from_keyword(word))
                            .fold(Operators::default(), BitOr::bitor),
                    );
                }
            }
        });
        let names: Vec<String> = registry.types().iter().map(|model| model.name().to_owned()).collect();
        for (alias, of) in self.aliases() {
            let is_of_some = registry.types().iter().any(|model| model.find(of).is_some());
            if !is_of_some {
                let at = format!("aliases.{alias}");
                let detail = format!("the profile: {at}: no resource type has \"{of}\"");
                return Err(Error::new(ErrorKind::InvalidValue, detail).on(at));
            }
        }
        for name in names {
            let model = registry.resource_type(&name)?;
            let known = |(_, of): &&(String, String)| model.find(of).is_some();
            let aliases: Vec<_> = self.aliases().iter().filter(known).cloned().collect();
            if !aliases.is_empty() {
                registry = registry.with_aliases(&name, aliases)?;
            }
        }
        Ok(registry)
    }
}

/// Adds an attribute, or puts it in the place of the one of its name.
fn put(among: &mut Vec<Attribute>, attribute: &Attribute) {
    match among.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&attribute.name)) {
        Some(known) => *known = attribute.clone(),
        None => among.push(attribute.clone()),
    }
}

impl Overlay {
    pub(super) fn error(&self, detail: &str) -> Error {
        let at = format!("attributes.{}.{}", self.resource_type, self.path);
        Error::new(ErrorKind::InvalidValue, format!("the profile: {at}: {detail}")).on(at)
    }

    fn target(&self, model: &TypeModel) -> Result<Target> {
        match model.resolve(&self.path) {
            Ok(PathTarget::Attribute(target)) => Ok(target),
            Ok(_) => Err(self.error("names a schema; name one of its attributes")),
            Err(unknown) => Err(self.error(&unknown.detail)),
        }
    }

    fn has_characteristics(&self) -> bool {
        let Overlay { mutability, returned, case_exact, uniqueness, required, .. } = self;
        mutability.is_some()
            || returned.is_some()
            || case_exact.is_some()
            || uniqueness.is_some()
            || matches!(required, Some(Required::Always | Required::Never))
    }
}

/// Changes the characteristics of an attribute in the schema that it is of.
fn adjust_one(overlay: &Overlay, resource_type: &ResourceType, schemas: &mut [Schema]) -> Result<()> {
    if !overlay.has_characteristics() {
        return Ok(());
    }
    let urns = resource_type.schema_extensions.iter().map(|extension| extension.schema.as_str());
    let urn_of = |urn: &&str| {
        overlay.path.get(..urn.len()).is_some_and(|head| head.eq_ignore_ascii_case(urn))
            && overlay.path.as_bytes().get(urn.len()) == Some(&b':')
    };
    let all = urns.chain(std::iter::once(resource_type.schema.as_str()));
    let qualified = all.filter(urn_of).max_by_key(|urn| urn.len());
    let (urn, path) = match qualified {
        Some(urn) => (urn, overlay.path.get(urn.len() + 1..).unwrap_or_default()),
        None => (resource_type.schema.as_str(), overlay.path.as_str()),
    };
    let schema = schemas.iter_mut().find(|schema| schema.id.eq_ignore_ascii_case(urn));
    let mut names = path.split('.');
    let first = names.next().unwrap_or_default();
    if ["schemas", "id", "externalId", "meta"].iter().any(|name| name.eq_ignore_ascii_case(first)) {
        let is_only_required = overlay.mutability.is_none()
            && overlay.returned.is_none()
            && overlay.case_exact.is_none()
            && overlay.uniqueness.is_none();
        return match overlay.required {
            // What all resources have, no schema can require: it becomes a constraint.
            Some(_) if is_only_required && first.eq_ignore_ascii_case("externalId") => Ok(()),
            _ => Err(overlay
                .error("it is common to all resources: only externalId can be required, and nothing else changed")),
        };
    }
    let among = schema.map(|schema| schema.attributes.as_mut_slice()).unwrap_or_default();
    let mut found = among.iter_mut().find(|attribute| attribute.name.eq_ignore_ascii_case(first));
    for name in names {
        found = found
            .and_then(|attribute| attribute.sub_attributes.iter_mut().find(|sub| sub.name.eq_ignore_ascii_case(name)));
    }
    let Some(attribute) = found else {
        return Err(overlay.error(&format!("{} has no such attribute", resource_type.name)));
    };
    attribute.mutability = overlay.mutability.unwrap_or(attribute.mutability);
    // What becomes writable has something to write: the groups of a user are told by their ids.
    let is_read_only = |sub: &Attribute| sub.mutability == Mutability::ReadOnly;
    if attribute.mutability == Mutability::ReadWrite
        && attribute.sub_attributes.iter().all(is_read_only)
        && let Some(value) = attribute.sub_attributes.iter_mut().find(|sub| sub.name.eq_ignore_ascii_case("value"))
    {
        value.mutability = Mutability::ReadWrite;
    }
    attribute.returned = overlay.returned.unwrap_or(attribute.returned);
    attribute.case_exact = overlay.case_exact.unwrap_or(attribute.case_exact);
    attribute.uniqueness = overlay.uniqueness.unwrap_or(attribute.uniqueness);
    match overlay.required {
        Some(Required::Always) => attribute.required = true,
        Some(_) => attribute.required = false,
        None => {}
    }
    Ok(())
}

fn constrain(overlay: &Overlay, model: &TypeModel, target: Target, into: &mut Constraint) -> Result<()> {
    let is_common = target.attribute.0 < common::FIRST_FREE;
    match overlay.required {
        Some(Required::Create) => into.required_on_create = true,
        Some(Required::Replace) => into.required_on_replace = true,
        Some(Required::Always) if is_common => (into.required_on_create, into.required_on_replace) = (true, true),
        _ => {}
    }
    if matches!(overlay.required, Some(Required::Create | Required::Replace)) && target.sub.is_some() {
        return Err(overlay.error("required \"create\" and \"replace\" are for whole attributes"));
    }
    into.max_values = overlay.max_values.or(into.max_values);
    into.min_length = overlay.min_length.or(into.min_length);
    into.max_length = overlay.max_length.or(into.max_length);
    if let Some(pattern) = &overlay.pattern {
        let regex = Regex::new(pattern).map_err(|error| overlay.error(&error.to_string()))?;
        into.pattern = Some(regex);
    }
    let replace = |list: &mut Vec<String>, new: &[String]| {
        if !new.is_empty() {
            *list = new.to_vec();
        }
    };
    replace(&mut into.values, &overlay.values);
    replace(&mut into.accepted_on_create, &overlay.accepted_on_create);
    replace(&mut into.types, &overlay.types);
    into.since = overlay.since.or(into.since);
    into.show_empty = overlay.show_empty.unwrap_or(into.show_empty);
    into.keep_on_replace = overlay.keep_on_replace.unwrap_or(into.keep_on_replace);
    if overlay.answered_as.is_some() {
        into.answered_as.clone_from(&overlay.answered_as);
    }
    if overlay.shown_as.is_some() {
        into.shown_as.clone_from(&overlay.shown_as);
    }
    if let Some((resource_type, display)) = &overlay.known {
        into.known = Some(known(overlay, model, target, resource_type, display.as_deref())?);
    }
    into.default = value(overlay, model, target, overlay.default.as_ref())?.or(into.default.take());
    into.default_on_replace =
        value(overlay, model, target, overlay.default_on_replace.as_ref())?.or(into.default_on_replace.take());
    Ok(())
}

fn known(
    overlay: &Overlay,
    model: &TypeModel,
    target: Target,
    resource_type: &str,
    display: Option<&str>,
) -> Result<Known> {
    let display: Option<AttributeId> = match display {
        None => None,
        Some(name) if target.sub.is_some() => match model.resolve_sub(target.attribute, name) {
            Ok(id) => Some(id),
            Err(unknown) => return Err(overlay.error(&unknown.detail)),
        },
        Some(_) => {
            return Err(overlay.error("known.display is a sub-attribute beside one: name the sub-attribute value"));
        }
    };
    Ok(Known { resource_type: resource_type.to_owned(), display })
}

/// A value of the document, typed.
fn value(
    overlay: &Overlay,
    model: &TypeModel,
    target: Target,
    input: Option<&crate::model::Input>,
) -> Result<Option<Value>> {
    let Some(input) = input else { return Ok(None) };
    let Some(definition) = model.definition(target.leaf()) else { return Ok(None) };
    if definition.attribute.uniqueness != Uniqueness::None || definition.attribute.multi_valued {
        return Err(overlay.error("a default is for single values that need not be unique"));
    }
    let options = BindOptions { trusted: true, ..BindOptions::default() };
    bind_single(model, definition, input.clone(), options).map_err(|error| overlay.error(error.detail()))
}
