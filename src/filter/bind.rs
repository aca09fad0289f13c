//! From names to attributes: a filter as written becomes one whose every path is an attribute of a resource type, and
//! whose every literal has that attribute's type. It looks at the schema alone, never at data.

use super::deep::nested;
use super::joined::joined;
use super::operand::Misfit;
use super::{AttrPath, CompareOp, FilterExpr, Literal, Operand, Test};
use crate::model::{
    AttributeId, AttributeType, BindOptions, Definition, Operators, PathTarget, Target, TypeModel, UnknownPath,
};
use crate::{Error, ErrorKind, Result};

/// A filter bound to a resource type: every path is an attribute, every literal has the attribute's type.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundFilter {
    /// Always or never. No part of `And`, `Or` or `Not`, where it is folded away; in `Element` it asks for any value.
    Constant(bool),
    /// All hold; two or more.
    And(Vec<BoundFilter>),
    /// Any holds; two or more.
    Or(Vec<BoundFilter>),
    /// It does not hold.
    Not(Box<BoundFilter>),
    /// The attribute has a value that is not empty.
    Present(Target),
    /// Some value compares so; for `ne`, some value differs or there is none.
    Compare(Target, CompareOp, Operand),
    /// One value of the attribute meets the filter, whose targets are sub-attributes of it: `Target::attribute` is the
    /// sub-attribute itself (or the attribute, for the value of a simple multi-valued one).
    ///
    /// Behind a sub-attribute that is complex, one stands in another.
    Element(AttributeId, Box<BoundFilter>),
    /// The same as `Present` and `Compare`, of a sub-attribute of a sub-attribute: the attributes on the way down, three or
    /// more, and what is asked of the last one's values.
    Deep(Vec<AttributeId>, Test),
}

/// Binds a filter to a resource type.
///
/// What [`eval`](super::eval) does not see is settled here: `a eq null` becomes "not present"; a bare multi-valued
/// complex attribute is compared by its `value`; a `primary` without a value counts as false (RFC 7643 section 2.4);
/// the URN of an extension with `pr` asks for any attribute of it.
///
/// # Errors
/// `InvalidFilter`, with the path, the byte offset, and the nearest known name: for an unknown attribute, a literal of
/// the wrong type, an operator that the type lacks, or an attribute that is never told, such as `password`.
pub fn bind(filter: &FilterExpr, model: &TypeModel, options: BindOptions) -> Result<BoundFilter> {
    Binder { model, all: &[], options, is_search: true, parent: None }.filter(filter)
}

/// Binds a filter to several resource types, for a search over all of them (RFC 7644 section 3.4.2.1): one bound filter
/// for each, in the same order. An attribute that a type lacks has no value there.
///
/// # Errors
/// As [`bind`]; an unknown attribute is one that no type has.
pub fn bind_any(filter: &FilterExpr, types: &[&TypeModel], options: BindOptions) -> Result<Vec<BoundFilter>> {
    types
        .iter()
        .map(|model| Binder { model, all: types, options, is_search: true, parent: None }.filter(filter))
        .collect()
}

/// Binds the filter of a value path, whose paths are sub-attributes of `parent`; or `value`, for the value itself of a
/// simple multi-valued attribute.
///
/// # Errors
/// As [`bind`]; also if `parent` is neither complex nor multi-valued.
pub fn bind_element(
    filter: &FilterExpr,
    model: &TypeModel,
    parent: AttributeId,
    options: BindOptions,
) -> Result<BoundFilter> {
    let Some(definition) = model.definition(parent) else {
        return Err(Error::new(ErrorKind::Internal, "the attribute of a value path is not one of the resource type"));
    };
    let path = AttrPath { text: definition.path.clone(), offset: 0 };
    // What a search may compare is no matter of a path, and a path names just what it names.
    let options = BindOptions { wildcards: false, ..options };
    let binder = Binder { model, all: &[], options, is_search: false, parent: None };
    binder.inside(&path, definition)?.filter(filter)
}

impl BoundFilter {
    /// Whether it looks at the attribute or sub-attribute.
    pub fn mentions(&self, attribute: AttributeId) -> bool {
        match self {
            BoundFilter::Constant(_) => false,
            BoundFilter::And(items) | BoundFilter::Or(items) => items.iter().any(|item| item.mentions(attribute)),
            BoundFilter::Not(inner) => inner.mentions(attribute),
            BoundFilter::Present(target) | BoundFilter::Compare(target, _, _) => {
                target.attribute == attribute || target.sub == Some(attribute)
            }
            BoundFilter::Element(parent, inner) => *parent == attribute || inner.mentions(attribute),
            BoundFilter::Deep(trail, _) => trail.contains(&attribute),
        }
    }

    pub(super) fn not(inner: BoundFilter) -> Self {
        match inner {
            BoundFilter::Constant(flag) => BoundFilter::Constant(!flag),
            other => BoundFilter::Not(Box::new(other)),
        }
    }

    /// All of them (`neutral`: true) or any of them (false), without the constants.
    fn combine(items: Vec<BoundFilter>, neutral: bool) -> Self {
        if items.contains(&BoundFilter::Constant(!neutral)) {
            return BoundFilter::Constant(!neutral);
        }
        let mut kept: Vec<_> = items.into_iter().filter(|item| *item != BoundFilter::Constant(neutral)).collect();
        match (kept.len(), neutral) {
            (0, _) => BoundFilter::Constant(neutral),
            (1, _) => kept.pop().unwrap_or(BoundFilter::Constant(neutral)),
            (_, true) => BoundFilter::And(kept),
            (_, false) => BoundFilter::Or(kept),
        }
    }
}

/// Where a filter is bound: to a whole resource, or inside the brackets of a value path.
#[derive(Clone, Copy)]
pub(super) struct Binder<'a> {
    pub model: &'a TypeModel,
    /// The types of a search over several: what one of them has, the others lack without error.
    all: &'a [&'a TypeModel],
    pub options: BindOptions,
    /// Whether the operators of an attribute are held to.
    is_search: bool,
    pub parent: Option<Parent<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    /// The path as written.
    path: &'a AttrPath,
    pub definition: &'a Definition,
}

/// What is compared: the path as written and what it names, and where the literal stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, 'p> {
    pub path: &'p AttrPath,
    pub target: Target,
    pub definition: &'a Definition,
    pub value_offset: usize,
}

/// What a path names where it stands.
enum Found<'a> {
    Attribute(Target, &'a Definition),
    /// All of the core schema, or of the extension of this index.
    Schema(Option<usize>),
    /// Another type's attribute.
    Elsewhere,
}

impl<'a> Binder<'a> {
    fn filter(&self, filter: &FilterExpr) -> Result<BoundFilter> {
        match filter {
            FilterExpr::And(items) => {
                let joined = if self.parent.is_none() { joined(items, self.model, self.options) } else { None };
                match joined.as_deref() {
                    Some([single]) => self.filter(single),
                    Some(items) => Ok(BoundFilter::combine(self.filters(items)?, true)),
                    None => Ok(BoundFilter::combine(self.filters(items)?, true)),
                }
            }
            FilterExpr::Or(items) => Ok(BoundFilter::combine(self.filters(items)?, false)),
            FilterExpr::Not(inner) => Ok(BoundFilter::not(self.filter(inner)?)),
            FilterExpr::Present(path) => self.present(path),
            FilterExpr::Compare { path, op, value, value_offset } => self.compare(path, *op, value, *value_offset),
            FilterExpr::ValuePath { path, filter } => self.value_path(path, filter),
        }
    }

    fn filters(&self, items: &[FilterExpr]) -> Result<Vec<BoundFilter>> {
        items.iter().map(|item| self.filter(item)).collect()
    }

    fn present(&self, path: &AttrPath) -> Result<BoundFilter> {
        match self.find(path)? {
            Found::Attribute(target, definition) => {
                self.check_operators(path, definition, Operators::PR)?;
                Ok(Test::Present.of(target, self.model))
            }
            // Every resource of the type has its core schema.
            Found::Schema(None) => Ok(BoundFilter::Constant(true)),
            Found::Schema(Some(index)) => {
                let attributes = self.model.extensions().get(index).map_or(&[][..], |extension| &extension.attributes);
                let searchable = |id: &&AttributeId| self.model.definition(**id).is_some_and(Definition::is_searchable);
                let items = attributes.iter().filter(searchable).map(|id| BoundFilter::Present(Target::whole(*id)));
                Ok(BoundFilter::combine(items.collect(), false))
            }
            Found::Elsewhere => Ok(BoundFilter::Constant(false)),
        }
    }

    fn compare(&self, path: &AttrPath, op: CompareOp, value: &Literal, value_offset: usize) -> Result<BoundFilter> {
        let (target, definition) = match self.find(path)? {
            Found::Attribute(target, definition) => (target, definition),
            Found::Schema(_) => {
                let detail =
                    format!("\"{}\" is a schema: only pr applies to it, or name one of its attributes", path.text);
                return Err(invalid(path, detail));
            }
            Found::Elsewhere => {
                let holds = (op == CompareOp::Ne) != (*value == Literal::Null);
                return Ok(BoundFilter::Constant(holds));
            }
        };
        if *value == Literal::Null {
            self.check_operators(path, definition, op.into())?;
        }
        match (value, op) {
            (Literal::Null, CompareOp::Eq) => return Ok(BoundFilter::not(Test::Present.of(target, self.model))),
            (Literal::Null, CompareOp::Ne) => return Ok(Test::Present.of(target, self.model)),
            (Literal::Null, _) => {
                return Err(invalid(path, "null is compared with eq or ne only").at_offset(value_offset));
            }
            _ => {}
        }
        let (target, definition) = self.comparable(path, target, definition)?;
        self.check_operators(path, definition, op.into())?;
        let place = Place { path, target, definition, value_offset };
        match value {
            Literal::String(text)
                if self.options.wildcards && definition.attribute.attribute_type == AttributeType::String =>
            {
                self.pattern(&place, op, text)
            }
            literal => self.typed(&place, op, literal),
        }
    }

    /// A comparison with a literal as it is.
    pub(super) fn typed(&self, place: &Place<'a, '_>, op: CompareOp, value: &Literal) -> Result<BoundFilter> {
        let Place { path, target, definition, value_offset } = *place;
        let operand = Operand::of(definition, op, value, self.options).map_err(|misfit| match misfit {
            Misfit::Operator(detail) => invalid(path, detail),
            Misfit::Literal(detail) => invalid(path, detail).at_offset(value_offset),
        })?;
        match operand {
            Operand::Boolean(flag) if self.is_primary(definition) => Ok(primary(self.model, target, op, flag)),
            operand => Ok(Test::Compare(op, operand).of(target, self.model)),
        }
    }

    /// Refuses an operator that a search may not use with an attribute.
    pub(super) fn check_operators(&self, path: &AttrPath, definition: &Definition, operators: Operators) -> Result<()> {
        let parent = || definition.parent.and_then(|id| self.model.definition(id)).and_then(|parent| parent.operators);
        match definition.operators.or_else(parent) {
            Some(allowed) if self.is_search && !allowed.contains(operators) => {
                Err(invalid(path, format!("{} can be compared with {allowed} only", definition.path)))
            }
            _ => Ok(()),
        }
    }

    /// The attribute itself; its `value`, where it is complex and multi-valued.
    fn comparable(
        &self,
        path: &AttrPath,
        target: Target,
        definition: &'a Definition,
    ) -> Result<(Target, &'a Definition)> {
        if definition.attribute.attribute_type != AttributeType::Complex {
            return Ok((target, definition));
        }
        let value = self.model.definitions().child(definition, "value");
        match value {
            Some(value) if definition.attribute.multi_valued || self.options.bare_values => {
                check_searchable(path, value)?;
                Ok((Target { sub: Some(value.id), ..target }, value))
            }
            _ => {
                let example = value.or_else(|| definition.children.first().and_then(|id| self.model.definition(*id)));
                let example = example.map(|child| format!(" such as {}", child.path)).unwrap_or_default();
                Err(invalid(path, format!("{} is complex: compare a sub-attribute of it{example}", definition.path)))
            }
        }
    }

    /// Whether it is the `primary` of a multi-valued attribute's values.
    fn is_primary(&self, definition: &Definition) -> bool {
        let parent = definition.parent.and_then(|id| self.model.definition(id));
        parent.is_some_and(|parent| parent.attribute.multi_valued)
            && definition.attribute.name.eq_ignore_ascii_case("primary")
    }

    fn value_path(&self, path: &AttrPath, filter: &FilterExpr) -> Result<BoundFilter> {
        if self.parent.is_some() {
            return Err(invalid(path, "value paths do not nest: name a sub-attribute"));
        }
        match self.find(path)? {
            Found::Attribute(target, definition)
                if target.sub.is_none() || definition.attribute.attribute_type == AttributeType::Complex =>
            {
                match self.inside(path, definition)?.filter(filter)? {
                    // No value meets it, whatever the values are.
                    BoundFilter::Constant(false) => Ok(BoundFilter::Constant(false)),
                    inner => Ok(nested(&self.model.trail(target), inner)),
                }
            }
            Found::Attribute(_, definition) => {
                Err(invalid(path, format!("{} is a sub-attribute: [ ] stands behind an attribute", definition.path)))
            }
            Found::Schema(_) => {
                Err(invalid(path, format!("\"{}\" is a schema: [ ] stands behind an attribute", path.text)))
            }
            // The type that has it looks into the brackets.
            Found::Elsewhere => Ok(BoundFilter::Constant(false)),
        }
    }

    /// The same binder, inside the brackets behind an attribute.
    fn inside(&self, path: &'a AttrPath, definition: &'a Definition) -> Result<Binder<'a>> {
        if definition.attribute.attribute_type != AttributeType::Complex && !definition.attribute.multi_valued {
            return Err(invalid(
                path,
                format!("{} has one value without sub-attributes: leave the [ ] out", definition.path),
            ));
        }
        Ok(Binder { parent: Some(Parent { path, definition }), ..*self })
    }

    fn find(&self, path: &AttrPath) -> Result<Found<'a>> {
        let found = match self.parent {
            Some(parent) => find_sub(self.model, parent.definition, &path.text).map(PathTarget::Attribute),
            None => self.resolve(self.model, &path.text),
        };
        let target = match found {
            Ok(PathTarget::Attribute(target)) => target,
            Ok(PathTarget::Core) => return Ok(Found::Schema(None)),
            Ok(PathTarget::Extension(index)) => return Ok(Found::Schema(Some(index))),
            Err(_) if self.is_elsewhere(path) => return Ok(Found::Elsewhere),
            Err(unknown) => return Err(invalid(path, self.most_helpful(path, unknown).detail)),
        };
        let Some(definition) = self.model.definition(target.leaf()) else {
            return Err(Error::new(ErrorKind::Internal, "a resource type names an attribute that it does not define"));
        };
        for part in self.model.trail(target).into_iter().filter_map(|id| self.model.definition(id)) {
            check_searchable(path, part)?;
        }
        Ok(Found::Attribute(target, definition))
    }

    /// What a path names in a type. Some dialects name an attribute of an extension without its URN.
    fn resolve(&self, model: &TypeModel, path: &str) -> std::result::Result<PathTarget, UnknownPath> {
        let found = model.resolve_as(path, self.options);
        let bare = || model.resolve_in_extensions(path).filter(|_| self.options.bare_extension_names);
        found.or_else(|unknown| bare().ok_or(unknown))
    }

    /// Of the types of a search, the one that has something near to an unknown path tells of it.
    fn most_helpful(&self, path: &AttrPath, unknown: UnknownPath) -> UnknownPath {
        if unknown.nearest.is_some() || self.parent.is_some() {
            return unknown;
        }
        let others = self.all.iter().filter_map(|model| model.resolve(&path.text).err());
        others.into_iter().find(|other| other.nearest.is_some()).unwrap_or(unknown)
    }

    /// Whether another type of the search has it, at the same place.
    fn is_elsewhere(&self, path: &AttrPath) -> bool {
        self.all.iter().any(|model| match self.parent {
            None => self.resolve(model, &path.text).is_ok(),
            Some(parent) => match self.resolve(model, &parent.path.text) {
                Ok(PathTarget::Attribute(target)) => {
                    let definition = model.definition(target.leaf());
                    definition.is_some_and(|definition| find_sub(model, definition, &path.text).is_ok())
                }
                _ => false,
            },
        })
    }
}

/// What a name means inside the brackets behind an attribute.
fn find_sub(model: &TypeModel, parent: &Definition, name: &str) -> std::result::Result<Target, UnknownPath> {
    if parent.children.is_empty() {
        if name.eq_ignore_ascii_case("value") {
            return Ok(Target::whole(parent.id));
        }
        let detail = format!("the values of {} have no sub-attributes: inside [ ] call them value", parent.path);
        return Err(UnknownPath { detail, nearest: Some("value".to_owned()) });
    }
    if let Some(target) = name.split_once('.').and_then(|(name, below)| find_below(model, parent, name, below)) {
        return Ok(target);
    }
    let found = model.resolve_sub(parent.id, name);
    // `emails[emails.type eq "work"]`
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    if found.is_err() && last != name && model.resolve_sub(parent.id, last).is_ok() {
        let detail = format!("inside [ ] sub-attributes stand alone: write {last} instead of {name}");
        return Err(UnknownPath { detail, nearest: Some(last.to_owned()) });
    }
    found.map(Target::whole)
}

/// What the names of a path mean below an attribute: a sub-attribute of a sub-attribute.
fn find_below(model: &TypeModel, parent: &Definition, name: &str, below: &str) -> Option<Target> {
    let definitions = model.definitions();
    let first = definitions.child(parent, name)?;
    let last = below.split('.').try_fold(first, |whole, name| definitions.child(whole, name))?;
    Some(Target { attribute: first.id, sub: Some(last.id) })
}

/// A comparison of `primary`, whose absence counts as false, told so that absence needs no rule of its own.
fn primary(model: &TypeModel, target: Target, op: CompareOp, flag: bool) -> BoundFilter {
    let wants_true = flag == (op == CompareOp::Eq);
    let is_true = |target| Test::Compare(CompareOp::Eq, Operand::Boolean(true)).of(target, model);
    let trail = model.trail(target);
    let (sub, within) = match trail.split_last() {
        Some((sub, within)) if !within.is_empty() => (*sub, within),
        // Inside brackets the question is about one value.
        _ if wants_true => return is_true(target),
        _ => return BoundFilter::not(is_true(target)),
    };
    let any_value = match wants_true {
        true => is_true(target),
        false => nested(within, BoundFilter::not(is_true(Target::whole(sub)))),
    };
    match op {
        CompareOp::Ne => {
            // A value of empty parts is one whose `primary` is false, so it is not none.
            let some = nested(within, BoundFilter::Constant(true));
            let none = BoundFilter::not(some);
            BoundFilter::Or(vec![any_value, none])
        }
        _ => any_value,
    }
}

/// What no answer may tell, no filter may find out.
fn check_searchable(path: &AttrPath, definition: &Definition) -> Result<()> {
    if definition.is_searchable() {
        return Ok(());
    }
    Err(invalid(path, format!("{} is never returned, so it cannot be filtered by", definition.path)))
}

pub(super) fn invalid(path: &AttrPath, detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidFilter, detail).on(&path.text).at_offset(path.offset)
}
