//! Rules as a profile writes them become rules of attribute numbers.

use std::collections::BTreeMap;

use super::places::{Place, target, wrong};
use super::rule::{Mirror, Rule, Rules};
use crate::Result;
use crate::model::bind::bind_single;
use crate::model::{
    AttributeId, AttributeType, BindOptions, Definition, Input, Registry, Target, TypeModel, Value, common,
};
use crate::profile::{Profile, RuleKind};

impl Rules {
    /// Binds the rules of a profile.
    ///
    /// # Errors
    /// `InvalidValue`, naming the rule, for an attribute or resource type that does not exist, or that cannot be what the
    /// rule makes of it.
    pub(in crate::engine) fn bind(profile: &Profile, registry: &Registry) -> Result<Self> {
        let mut rules: BTreeMap<u16, Vec<Rule>> = BTreeMap::new();
        for rule in profile.rules() {
            let model = registry.resource_type(&rule.resource_type).map_err(|e| wrong(&rule.place, e.detail()))?;
            let bound = one(registry, model, &rule.kind, &rule.place)?;
            rules.entry(model.number()).or_default().push(bound);
        }
        Ok(Rules::new(rules))
    }
}

fn one(registry: &Registry, model: &TypeModel, kind: &RuleKind, place: &str) -> Result<Rule> {
    let places =
        |paths: &[String]| -> Result<Vec<Place>> { paths.iter().map(|path| Place::bind(model, path, place)).collect() };
    Ok(match kind {
        RuleKind::First { set, from } => {
            let (target, sources) = (written(model, set, place)?, places(from)?);
            for (source, path) in sources.iter().zip(from) {
                same_type(model, (target, set), (source.target(), path), place)?;
            }
            Rule::First { set: target, from: sources }
        }
        RuleKind::Join { set, join, separator } => {
            let (target, sources) = (written(model, set, place)?, places(join)?);
            if type_of(model, target) != Some(AttributeType::String) {
                return Err(wrong(place, "what is joined is a string: set a string attribute"));
            }
            for (source, path) in sources.iter().zip(join) {
                same_type(model, (target, set), (source.target(), path), place)?;
            }
            Rule::Join { set: target, join: sources, separator: separator.clone() }
        }
        RuleKind::Mirror { mirror, list, tells, value, with } => {
            Rule::Mirror(Box::new(mirrored(model, mirror, list, (tells, value, with), place)?))
        }
        RuleKind::Follow { set, follows } => {
            let (set, follows) = (written(model, set, place)?, target(model, follows, place)?);
            let is_switch =
                |target: Target| matches!(type_of(model, target), Some(AttributeType::Boolean | AttributeType::String));
            if !is_switch(set) || !is_switch(follows) {
                return Err(wrong(place, "switches are Booleans, or strings that say true or false"));
            }
            if set == follows {
                return Err(wrong(place, "a switch follows another one, not itself"));
            }
            Rule::Follow { set, follows }
        }
        RuleKind::InUse { by, attribute } => {
            let by = registry.resource_type(by).map_err(|error| wrong(place, error.detail()))?;
            let named = target(by, attribute, place)?;
            if !matches!(type_of(by, named), Some(AttributeType::String | AttributeType::Reference)) {
                return Err(wrong(place, &format!("\"{attribute}\" has no ids in it: name the string that is one")));
            }
            Rule::InUse { by: by.number(), attribute: named }
        }
    })
}

/// A target that a rule writes: of the resource itself, not of membership.
fn written(model: &TypeModel, path: &str, place: &str) -> Result<Target> {
    let target = target(model, path, place)?;
    let kept = [model.members(), model.groups()].into_iter().flatten();
    let is_membership = kept.into_iter().any(|membership| membership.attribute == target.attribute);
    let is_own = matches!(target.attribute, common::ID | common::META | common::SCHEMAS);
    if is_membership || is_own || model.password() == Some(target.attribute) {
        return Err(wrong(place, &format!("\"{path}\" is nothing that a rule can set")));
    }
    Ok(target)
}

fn type_of(model: &TypeModel, target: Target) -> Option<AttributeType> {
    model.definition(target.leaf()).map(|definition| definition.attribute.attribute_type)
}

/// Sees that values of one place can be those of another: each with its path.
fn same_type(model: &TypeModel, set: (Target, &str), of: (Target, &str), place: &str) -> Result<()> {
    let kind = |target| match type_of(model, target) {
        Some(AttributeType::Reference) => Some(AttributeType::String),
        kind => kind,
    };
    let (wanted, kind) = (kind(set.0), kind(of.0));
    if wanted == kind && !matches!(kind, Some(AttributeType::Complex | AttributeType::Any | AttributeType::Binary)) {
        return Ok(());
    }
    let word = |kind: Option<AttributeType>| kind.map_or("unknown", AttributeType::keyword);
    let detail = format!("\"{}\" is of type {}, and \"{}\" of type {}", set.1, word(wanted), of.1, word(kind));
    Err(wrong(place, &format!("{detail}: values of single attributes of one type are taken over")))
}

/// What tells an element, its value, and what else it has.
type Element<'a> = (&'a [(String, Input)], &'a str, &'a [(String, Input)]);

fn mirrored(model: &TypeModel, mirror: &str, list: &str, element: Element<'_>, place: &str) -> Result<Mirror> {
    let (tells, value, with) = element;
    let of = written(model, mirror, place)?;
    let list = written(model, list, place)?;
    let definition = model.definition(list.attribute).filter(|definition| {
        list.sub.is_none()
            && definition.attribute.multi_valued
            && definition.attribute.attribute_type == AttributeType::Complex
    });
    let Some(definition) = definition else {
        return Err(wrong(place, "in names a multi-valued complex attribute"));
    };
    let sub = |name: &str| child(model, definition, name, place);
    let parts = |named: &[(String, Input)]| -> Result<Vec<(AttributeId, Value)>> {
        named.iter().map(|(name, input)| typed(model, sub(name)?, input, place)).collect()
    };
    if tells.is_empty() {
        return Err(wrong(place, "where tells which element it is: give it a sub-attribute with its value"));
    }
    let shown = sub(value)?;
    same_type(model, (of, mirror), (Target { attribute: list.attribute, sub: Some(shown.id) }, value), place)?;
    Ok(Mirror { of, list: list.attribute, tells: parts(tells)?, value: shown.id, with: parts(with)? })
}

fn child<'m>(model: &'m TypeModel, parent: &Definition, name: &str, place: &str) -> Result<&'m Definition> {
    let found = model.resolve_sub(parent.id, name).map_err(|unknown| wrong(place, &unknown.detail))?;
    model.definition(found).ok_or_else(|| wrong(place, name))
}

fn typed(model: &TypeModel, definition: &Definition, input: &Input, place: &str) -> Result<(AttributeId, Value)> {
    let options = BindOptions { trusted: true, ..BindOptions::default() };
    let bound = bind_single(model, definition, input.clone(), options);
    let value = bound.map_err(|error| wrong(place, error.detail()))?;
    let value = value.ok_or_else(|| wrong(place, &format!("{} needs a value", definition.path)))?;
    Ok((definition.id, value))
}
