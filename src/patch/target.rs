//! The target location of an operation: from a path to a place in the resource type. It must not know any resource.

use super::{Dialect, deviations};
use crate::filter::{BoundFilter, FilterExpr, PathExpr, bind_element, parse_path_with};
use crate::model::{Definition, Extension, PathTarget, TypeModel, UnknownPath, common};
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
    let definition = model.definition(target.attribute).ok_or_else(|| invalid_path("there is no such attribute"))?;
    let mut sub = target.sub.and_then(|id| model.definition(id));
    let mut selection = None;
    if let Some(filter) = &path.filter {
        if !definition.attribute.multi_valued || sub.is_some() {
            let detail =
                format!("{} is no multi-valued attribute: it has no values to select", path_of(definition, sub));
            return Err(invalid_path(detail).on(path_of(definition, sub)));
        }
        // What cannot be modified is refused as such, whatever is selected of it.
        if read_only(model, definition) {
            return Ok(Location::Attribute(Place { definition, sub, selection }));
        }
        if deviations::is_whole_list(definition, path, dialect) {
            return Ok(Location::whole(model, definition));
        }
        let bound = bind_element(filter, model, definition.id, dialect.bind)?;
        selection = Some(Selection { expr: filter.clone(), bound });
        if let Some(name) = &path.sub {
            let id = model.resolve_sub(definition.id, name).map_err(invalid)?;
            sub = model.definition(id);
        }
    }
    if definition.id == common::SCHEMAS {
        return Ok(Location::Schemas(selection));
    }
    let is_members = model.members().is_some_and(|members| members.attribute == definition.id);
    let place = Place { definition, sub, selection };
    Ok(if is_members { Location::Members(place) } else { Location::Attribute(place) })
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
            let is_whole = |definition| deviations::is_whole_list(definition, path, dialect);
            !model.definition(target.attribute).is_some_and(is_whole)
                && model.resolve_sub(target.attribute, sub).is_err()
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
        let place = Place { definition, sub: None, selection: None };
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
            Location::Members(place) | Location::Attribute(place) => {
                let attribute = read_only(model, place.definition).then_some(place.definition);
                attribute.or(place.sub.filter(|sub| !sub.is_writable()))
            }
        }
    }
}

/// `groups` follows from the members of groups, whatever its schema says.
fn read_only(model: &TypeModel, definition: &Definition) -> bool {
    !definition.is_writable() || model.groups().is_some_and(|groups| groups.attribute == definition.id)
}

fn path_of<'m>(definition: &'m Definition, sub: Option<&'m Definition>) -> &'m str {
    &sub.unwrap_or(definition).path
}

fn invalid_path(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidPath, detail)
}
