//! What the rules of a profile are, by attribute numbers.

use std::collections::BTreeMap;

use super::places::Place;
use crate::model::{AttributeId, Target, Value};

/// The rules of a tenant's profile, bound to its schemas.
#[derive(Debug, Default)]
pub(in crate::engine) struct Rules(BTreeMap<u16, Vec<Rule>>);

/// A rule of a resource type, by attribute numbers.
#[derive(Debug)]
pub(in crate::engine) enum Rule {
    /// The first value that a place has.
    First { set: Target, from: Vec<Place> },
    /// The values of places, one behind the other.
    Join { set: Target, join: Vec<Place>, separator: String },
    /// An attribute and an element of another say the same.
    Mirror(Box<Mirror>),
    /// A switch follows another one.
    Follow { set: Target, follows: Target },
    /// Resources of the type are not deleted while resources of another name them.
    InUse { by: u16, attribute: Target },
}

/// An attribute and an element of a multi-valued complex one that say the same.
#[derive(Debug)]
pub(in crate::engine) struct Mirror {
    pub(in crate::engine) of: Target,
    pub(in crate::engine) list: AttributeId,
    /// What tells the element from others.
    pub(in crate::engine) tells: Vec<(AttributeId, Value)>,
    pub(in crate::engine) value: AttributeId,
    /// What else an element has that is made.
    pub(in crate::engine) with: Vec<(AttributeId, Value)>,
}

impl Rules {
    /// Rules by the numbers of resource types.
    pub(super) fn new(rules: BTreeMap<u16, Vec<Rule>>) -> Self {
        Rules(rules)
    }

    /// Those of the resource type of a number.
    pub(in crate::engine) fn of(&self, kind: u16) -> &[Rule] {
        self.0.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}
