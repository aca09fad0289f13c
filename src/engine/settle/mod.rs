//! What a profile derives: attributes that follow from others, values that are there unless a client says otherwise, and
//! what the resources are called that a value names. It runs on every write, before the resource is checked and stored.

mod apply;
mod bind;
mod known;
mod places;

use std::collections::BTreeMap;

pub(super) use apply::{Occasion, settle};
pub(super) use known::{check_known, check_not_in_use};

use crate::model::{AttributeId, Target, Value};
use places::Place;

/// The rules of a tenant's profile, bound to its schemas.
#[derive(Debug, Default)]
pub(super) struct Rules(BTreeMap<u16, Vec<Rule>>);

/// A rule of a resource type, by attribute numbers.
#[derive(Debug)]
enum Rule {
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
struct Mirror {
    of: Target,
    list: AttributeId,
    /// What tells the element from others.
    tells: Vec<(AttributeId, Value)>,
    value: AttributeId,
    /// What else an element has that is made.
    with: Vec<(AttributeId, Value)>,
}

impl Rules {
    fn of(&self, kind: u16) -> &[Rule] {
        self.0.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}
