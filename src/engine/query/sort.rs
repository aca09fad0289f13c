//! Sort keys (RFC 7644 section 3.4.2.3): bytes that order as the attribute's values do.

use crate::engine::storage::keys::ordered;
use crate::model::{AttributeType, BindOptions, Definition, PathTarget, ResourceView, Target, TypeModel, ValueRef};
use crate::{Error, ErrorKind, Result};

/// What results are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct SortBy {
    pub(super) target: Target,
    pub(super) descending: bool,
}

impl SortBy {
    /// What it orders by.
    pub(in crate::engine) fn target(&self) -> Target {
        self.target
    }

    /// Finds the attribute of a `sortBy`.
    ///
    /// # Errors
    /// `InvalidPath` when it names nothing that can be sorted by.
    pub(in crate::engine) fn bind(
        model: &TypeModel,
        path: &str,
        descending: bool,
        options: BindOptions,
    ) -> Result<Self> {
        let invalid = |detail: String| Error::new(ErrorKind::InvalidPath, detail).on(path);
        let target = match model.resolve_as(path, options) {
            Ok(PathTarget::Attribute(target)) => target,
            Ok(_) => return Err(invalid(format!("sortBy: \"{path}\" is a schema; name one of its attributes"))),
            Err(unknown) => return Err(invalid(format!("sortBy: {}", unknown.detail))),
        };
        let Some(definition) = model.definition(target.leaf()) else {
            return Err(invalid(format!("sortBy: no attribute \"{path}\"")));
        };
        let whole = model.definition(target.attribute).unwrap_or(definition);
        for told in [whole, definition] {
            if !told.is_searchable() {
                return Err(invalid(format!("sortBy: {} cannot be sorted by", told.path)));
            }
        }
        if model.is_deep(target) || (target.sub.is_some() && !definition.children.is_empty()) {
            let detail =
                format!("sortBy: {} has no order: name an attribute, or a simple sub-attribute", definition.path);
            return Err(invalid(detail));
        }
        let is_any = |it: &Definition| it.attribute.attribute_type == AttributeType::Any;
        let any = |it: &Definition| invalid(format!("sortBy: {} may be any value, and has no order", it.path));
        if definition.children.is_empty() {
            return if is_any(definition) { Err(any(definition)) } else { Ok(SortBy { target, descending }) };
        }
        // A multi-valued complex attribute is sorted by its value, as filters compare it.
        match model.definitions().child(definition, "value").filter(|_| definition.attribute.multi_valued) {
            Some(value) if !value.is_searchable() => {
                Err(invalid(format!("sortBy: {} cannot be sorted by", value.path)))
            }
            Some(value) if is_any(value) => Err(any(value)),
            Some(value) if value.children.is_empty() => {
                Ok(SortBy { target: Target { attribute: target.attribute, sub: Some(value.id) }, descending })
            }
            _ => Err(invalid(format!("sortBy: {} is complex; name one of its sub-attributes", definition.path))),
        }
    }

    /// As one writes it.
    pub(super) fn describe(self, model: &TypeModel) -> String {
        let order = if self.descending { "descending" } else { "ascending" };
        format!("sortBy {} {order}", model.path_of(self.target))
    }

    /// The key of a resource; none if it has no value. A multi-valued attribute counts by its primary value, or else by
    /// its first.
    pub(in crate::engine) fn key(&self, view: &ResourceView<'_>) -> Option<Vec<u8>> {
        let leaf = view.model.definition(self.target.leaf())?;
        let attribute = view.model.definition(self.target.attribute)?;
        let mut value = view.get(self.target.attribute)?;
        if let ValueRef::Multi(values) = value {
            let primary = view.model.definitions().child(attribute, "primary").map(|child| child.id);
            let is_primary = |element: &ValueRef<'_>| {
                let flag = primary.and_then(|id| element.as_complex()?.get(id));
                matches!(flag, Some(ValueRef::Boolean(true)))
            };
            value = values.iter().find(is_primary).or_else(|| values.iter().next())?;
        }
        if let Some(sub) = self.target.sub {
            value = value.as_complex()?.get(sub)?;
        }
        let mut key = Vec::with_capacity(32);
        match value {
            ValueRef::String(text) => key.extend_from_slice(leaf.preparation.prepare(text).as_bytes()),
            ValueRef::Multi(_) | ValueRef::Complex(_) | ValueRef::Any(_) => return None,
            simple => ordered(simple, &mut key),
        }
        Some(key)
    }
}
