//! add and replace without a path: the value is a set of attributes of the resource, or of one of its extensions.

use super::apply::Patcher;
use super::target::{Location, is_unknown, locate};
use super::values::{self, invalid_value};
use super::{Dialect, Op, deviations};
use crate::filter::parse_path_with;
use crate::model::bind::is_repeated_schemas;
use crate::model::{AttributeId, Definition, Extension, Input, Object, PathTarget, TypeModel};
use crate::{Error, ErrorKind, Result};

impl Patcher<'_> {
    /// add or replace of the attributes that the value names.
    pub fn put_resource(&mut self, op: Op, value: &Input) -> Result<()> {
        let Input::Object(object) = value else {
            let detail =
                format!("a {} without path takes an object of attributes, not {}", op.keyword(), value.type_name());
            return Err(invalid_value("value", detail));
        };
        self.put_set(op, None, object)
    }

    /// add or replace of the attributes of an extension that the value names.
    pub fn put_extension(&mut self, op: Op, extension: &Extension, value: &Input) -> Result<()> {
        match value {
            Input::Object(object) => self.put_set(op, Some(extension), object),
            Input::Null if op == Op::Replace => self.remove_extension(extension),
            Input::Null => Ok(()),
            other => {
                let detail = format!("{} takes an object of attributes, not {}", extension.schema, other.type_name());
                Err(invalid_value(&extension.schema, detail))
            }
        }
    }

    fn put_set(&mut self, op: Op, extension: Option<&Extension>, object: &Object) -> Result<()> {
        for (name, input) in object.iter() {
            if extension.is_some_and(|it| is_repeated_schemas(self.model, &it.attributes, name)) {
                continue;
            }
            let Some(location) = find(self.model, extension, name, self.dialect)? else { continue };
            if let Some(definition) = location.read_only(self.model) {
                if deviations::ignore_read_only(definition, input, self.id, self.dialect) {
                    continue;
                }
                return Err(values::read_only(definition));
            }
            self.put(op, &location, input)?;
        }
        Ok(())
    }
}

/// What a name in a set of attributes means; none for what is to be ignored.
fn find<'m>(
    model: &'m TypeModel,
    extension: Option<&Extension>,
    name: &str,
    dialect: &Dialect,
) -> Result<Option<Location<'m>>> {
    let among: &[AttributeId] = extension.map_or(model.core_attributes(), |extension| &extension.attributes);
    let mut definitions = among.iter().filter_map(|id| model.definition(*id));
    if let Some(definition) = definitions.find(|d| d.is_named(name)) {
        return Ok(Some(Location::whole(model, definition)));
    }
    let schema = extension.map(|extension| extension.schema.as_str());
    if let Some(definition) = model.attribute_by_alias(schema, name) {
        return Ok(Some(Location::whole(model, definition)));
    }
    let full = match extension {
        Some(extension) => format!("{}:{name}", extension.schema),
        None => name.to_owned(),
    };
    if extension.is_none() {
        match model.resolve(name) {
            Ok(PathTarget::Extension(index)) => return Ok(model.extensions().get(index).map(Location::Extension)),
            Ok(PathTarget::Core) => return Ok(Some(Location::Resource)),
            _ => {}
        }
    }
    if deviations::is_path(name, dialect) {
        let path = parse_path_with(&full, dialect.bind)?;
        if !is_unknown(model, &path, dialect) {
            return locate(model, &path, dialect).map(Some);
        }
    } else if dialect.bind.bare_extension_names
        && let Some(definition) = deviations::extension_name_without_urn(model, name).and_then(|t| whole_of(model, t))
    {
        return Ok(Some(Location::whole(model, definition)));
    }
    if dialect.bind.ignore_unknown {
        return Ok(None);
    }
    let detail = match model.resolve(&full) {
        Err(unknown) => unknown.detail,
        Ok(_) => format!("\"{name}\" is a path: send it as the \"path\" of an operation of its own"),
    };
    Err(Error::new(ErrorKind::InvalidSyntax, detail).on(name))
}

fn whole_of(model: &TypeModel, target: PathTarget) -> Option<&Definition> {
    match target {
        PathTarget::Attribute(target) if target.sub.is_none() => model.definition(target.attribute),
        _ => None,
    }
}
