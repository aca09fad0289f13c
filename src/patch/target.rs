//! The target location of an operation: from a path to a place in the resource type. It must not know any resource.

use super::{Dialect, deviations};
use crate::filter::{BoundFilter, FilterExpr, PathExpr, bind_element, parse_path_with};
use crate::model::{Definition, Extension, PathTarget, Target, TypeModel, UnknownPath, common};
use crate::{Error, ErrorKind, Result};

/// Where an operation acts.
#[derive(Debug)]
pub(super) enum Location<'m> {
    /// The resource itself.
    Resource,
    /// All attributes of an extension.
    Extension(&'m Extension),
    /// `schemas`, which follows from the data.
    Schemas(Option<Selection>),
    /// `members` of a group, which are rows elsewhere.
    Members(Place<'m>),
    /// Any other attribute.
    Attribute(Place<'m>),
}

/// An attribute, some of its values, or a sub-attribute of them.
#[derive(Debug)]
pub(super) struct Place<'m> {
    /// The single-valued attributes that the attribute is part of, the outermost first. Only in schemas that go beyond
    /// RFC 7643 are there any.
    pub within: Vec<&'m Definition>,
    /// The attribute.
    pub definition: &'m Definition,
    /// The sub-attribute.
    pub sub: Option<&'m Definition>,
    /// Which values; all if there is no filter.
    pub selection: Option<Selection>,
}

/// The filter of a value path.
#[derive(Debug)]
pub(super) struct Selection {
    /// As it was written.
    pub expr: FilterExpr,
    /// Bound to the attribute.
    pub bound: BoundFilter,
}

/// Finds what a path names.
///
/// # Errors
/// `InvalidPath`, or `InvalidFilter` for what is in brackets.
pub(super) fn locate<'m>(model: &'m TypeModel, path: &PathExpr, dialect: &Dialect) -> Result<Location<'m>> {
    let invalid = |unknown: UnknownPath| invalid_path(unknown.detail).at_offset(path.attr.offset);
    let target = match resolve(model, &path.attr.text, dialect).map_err(invalid)? {
        PathTarget::Core | PathTarget::Extension(_) if path.filter.is_some() => {
            return Err(invalid_path("a schema has no values to select: name one of its attributes before the filter"));
        }
        PathTarget::Core => return Ok(Location::Resource),
        PathTarget::Extension(index) => {
            let extension = model.extensions().get(index);
            return extension.map(Location::Extension).ok_or_else(|| invalid_path("there is no such extension"));
        }
        PathTarget::Attribute(target) => target,
    };
    let mut place = place_of(model, target)?;
    let definition = place.definition;
    if let Some(filter) = &path.filter {
        if !definition.attribute.multi_valued || place.sub.is_some() {
            let path = &place.sub.unwrap_or(definition).path;
            return Err(
                invalid_path(format!("{path} is no multi-valued attribute: it has no values to select")).on(path)
            );
        }
        // What cannot be modified is refused as such, whatever is selected of it.
        if place.read_only(model).is_some() {
            return Ok(Location::Attribute(place));
        }
        if deviations::is_whole_list(definition, path, dialect) {
            return Ok(Location::whole(model, definition));
        }
        let bound = bind_element(filter, model, definition.id, dialect.bind)?;
        place.selection = Some(Selection { expr: filter.clone(), bound });
        if let Some(name) = path.sub.as_deref().filter(|name| !deviations::is_value_itself(definition, name, dialect)) {
            let id = model.resolve_sub(definition.id, name).map_err(invalid)?;
            place.sub = model.definition(id);
        }
    }
    if definition.id == common::SCHEMAS {
        return Ok(Location::Schemas(place.selection));
    }
    let is_members = model.members().is_some_and(|members| members.attribute == definition.id);
    Ok(if is_members { Location::Members(place) } else { Location::Attribute(place) })
}

/// The place that a target is: what is inside single-valued attributes is an attribute like others, and what is a
/// sub-attribute of a multi-valued one is part of each of its values.
fn place_of(model: &TypeModel, target: Target) -> Result<Place<'_>> {
    let mut within: Vec<&Definition> = model.trail(target).into_iter().filter_map(|id| model.definition(id)).collect();
    let last = within.pop().ok_or_else(|| invalid_path("there is no such attribute"))?;
    let (attribute, sub) = match within.as_slice() {
        // As in the RFC. Several values inside a single one are an attribute, which a filter may select from.
        [attribute]
            if attribute.attribute.multi_valued || (last.children.is_empty() && !last.attribute.multi_valued) =>
        {
            (*attribute, Some(last))
        }
        _ => (last, None),
    };
    if sub.is_some() {
        within.clear();
    }
    if let Some(several) = within.iter().find(|part| part.attribute.multi_valued) {
        let (path, several) = (&last.path, &several.path);
        let detail =
            format!("{path} is part of {several}, which has several values: give {several} whole values instead");
        return Err(invalid_path(detail).on(path));
    }
    Ok(Place { within, definition: attribute, sub, selection: None })
}

/// Reads a path and finds what it names.
///
/// # Errors
/// `InvalidPath`, or `InvalidFilter` for what is in brackets.
pub(super) fn locate_text<'m>(model: &'m TypeModel, path: &str, dialect: &Dialect) -> Result<Location<'m>> {
    locate(model, &parse_path_with(path, dialect.bind)?, dialect)
}

/// Whether a path that can be read names nothing of this resource type.
pub(super) fn is_unknown(model: &TypeModel, path: &PathExpr, dialect: &Dialect) -> bool {
    match (resolve(model, &path.attr.text, dialect), &path.sub) {
        (Err(_), _) => true,
        (Ok(PathTarget::Attribute(target)), Some(sub)) => {
            let is_named = |definition| {
                deviations::is_whole_list(definition, path, dialect)
                    || deviations::is_value_itself(definition, sub, dialect)
            };
            if model.definition(target.attribute).is_some_and(is_named) {
                return false;
            }
            let is_complex = model.definition(target.leaf()).is_some_and(|leaf| !leaf.children.is_empty());
            model.resolve_sub(if is_complex { target.leaf() } else { target.attribute }, sub).is_err()
        }
        (Ok(_), _) => false,
    }
}

fn resolve(model: &TypeModel, path: &str, dialect: &Dialect) -> std::result::Result<PathTarget, UnknownPath> {
    model.resolve_as(path, dialect.bind).or_else(|unknown| {
        let found = dialect.bind.bare_extension_names.then(|| deviations::extension_name_without_urn(model, path));
        found.flatten().ok_or(unknown)
    })
}

impl<'m> Location<'m> {
    /// The place of a whole attribute.
    pub fn whole(model: &TypeModel, definition: &'m Definition) -> Self {
        let place = Place { within: Vec::new(), definition, sub: None, selection: None };
        match model.members() {
            Some(members) if members.attribute == definition.id => Location::Members(place),
            _ if definition.id == common::SCHEMAS => Location::Schemas(None),
            _ => Location::Attribute(place),
        }
    }

    /// The attribute that no client may modify, if the location is one or is part of one.
    pub fn read_only(&self, model: &TypeModel) -> Option<&'m Definition> {
        match self {
            Location::Resource | Location::Extension(_) | Location::Schemas(_) => None,
            Location::Members(place) | Location::Attribute(place) => place.read_only(model),
        }
    }
}

impl<'m> Place<'m> {
    fn read_only(&self, model: &TypeModel) -> Option<&'m Definition> {
        let mut attributes = self.within.iter().copied().chain([self.definition]);
        let attribute = attributes.find(|definition| read_only(model, definition));
        attribute.or(self.sub.filter(|sub| !sub.is_writable()))
    }
}

/// `groups` follows from the members of groups, whatever its schema says, unless the profile lets clients write it.
fn read_only(model: &TypeModel, definition: &Definition) -> bool {
    let is_groups = model.groups().is_some_and(|groups| groups.attribute == definition.id);
    !definition.is_writable() || (is_groups && !model.writes_groups())
}

fn invalid_path(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidPath, detail)
}
