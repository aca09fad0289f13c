//! Conditions on one value of a multi-valued attribute that came without brackets, where a tenant declares that they are
//! meant so: `attributes.name eq "DOB" and attributes.value eq "1980"` is `attributes[name eq "DOB" and value eq "1980"]`.
//!
//! They stand at the same `and`. A value can equal one text only, so a second `eq` on a sub-attribute begins with another
//! value: two criteria are two pairs, in their order.

use super::{AttrPath, CompareOp, FilterExpr};
use crate::model::{BindOptions, Definition, PathTarget, Target, TypeModel};

/// The conditions of one `and`, those that belong together made one; none where there are no such.
pub(super) fn joined(items: &[FilterExpr], model: &TypeModel, options: BindOptions) -> Option<Vec<FilterExpr>> {
    let mut attributes = model.attributes().filter_map(|id| model.definition(id));
    if !attributes.any(|definition| definition.one_element) {
        return None;
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut all: Vec<Entry> = Vec::new();
    for item in items {
        let Some((definition, child)) = part(item, model, options) else {
            all.push(Entry::Other(item.clone()));
            continue;
        };
        let is_eq = matches!(item, FilterExpr::Compare { op: CompareOp::Eq, .. });
        let last = groups.iter_mut().rposition(|group| group.definition.id == definition.id);
        let open =
            last.filter(|last| !is_eq || groups.get(*last).is_some_and(|group| !group.equal.contains(&child.id)));
        let index = open.unwrap_or_else(|| {
            groups.push(Group { definition, equal: Vec::new(), items: Vec::new(), written: Vec::new() });
            all.push(Entry::Group(groups.len() - 1));
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(index) {
            group.equal.extend(is_eq.then_some(child.id));
            group.items.push(inside(item, child));
            group.written.push(item.clone());
        }
    }
    let exprs = all.into_iter().filter_map(|entry| match entry {
        Entry::Other(item) => Some(item),
        Entry::Group(index) => groups.get(index).and_then(Group::made),
    });
    Some(exprs.collect())
}

enum Entry {
    Other(FilterExpr),
    Group(usize),
}

/// Conditions on one value.
struct Group<'m> {
    definition: &'m Definition,
    /// The sub-attributes that an `eq` names.
    equal: Vec<crate::model::AttributeId>,
    /// The conditions, as they stand in brackets.
    items: Vec<FilterExpr>,
    /// The conditions as they came.
    written: Vec<FilterExpr>,
}

impl Group<'_> {
    fn made(&self) -> Option<FilterExpr> {
        if let [single] = self.written.as_slice() {
            return Some(single.clone());
        }
        let offset = self.written.first().and_then(path_of).map_or(0, |path| path.offset);
        let filter = self.items.iter().cloned().reduce(FilterExpr::and)?;
        let path = AttrPath { text: self.definition.path.clone(), offset };
        Some(FilterExpr::ValuePath { path, filter: Box::new(filter) })
    }
}

fn path_of(item: &FilterExpr) -> Option<&AttrPath> {
    match item {
        FilterExpr::Compare { path, .. } | FilterExpr::Present(path) => Some(path),
        _ => None,
    }
}

/// The attribute and the sub-attribute that a condition is on, if the attribute is one of those.
fn part<'m>(item: &FilterExpr, model: &'m TypeModel, options: BindOptions) -> Option<(&'m Definition, &'m Definition)> {
    let path = &path_of(item)?.text;
    let bare = || options.bare_extension_names.then(|| model.resolve_in_extensions(path)).flatten();
    match model.find_as(path, options).or_else(bare)? {
        PathTarget::Attribute(Target { attribute, sub: Some(sub) }) => {
            let definition = model.definition(attribute).filter(|definition| definition.one_element)?;
            Some((definition, model.definition(sub)?))
        }
        _ => None,
    }
}

/// The condition as it stands in brackets.
fn inside(item: &FilterExpr, child: &Definition) -> FilterExpr {
    let name = |path: &AttrPath| AttrPath { text: child.attribute.name.clone(), offset: path.offset };
    match item {
        FilterExpr::Present(path) => FilterExpr::Present(name(path)),
        FilterExpr::Compare { path, op, value, value_offset } => {
            FilterExpr::Compare { path: name(path), op: *op, value: value.clone(), value_offset: *value_offset }
        }
        other => other.clone(),
    }
}
