//! What of a resource type is indexed: every searchable attribute that has simple values and is stored. What is below a
//! sub-attribute, and what may be any value, is left to the evaluator.

use super::layout::GRAMS_FROM;
use crate::model::{
    AttributeId, AttributeType, Definition, NORMALISER_VERSION, Preparation, Target, TypeModel, common,
};

/// An attribute with simple values, or a sub-attribute of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Leaf {
    /// Where its values stand.
    pub(in crate::engine) target: Target,
    /// Whether the attribute is multi-valued: its values then belong to elements, not to resources.
    pub(in crate::engine) is_element: bool,
    /// Whether the values are text, so that `co` and `ew` apply.
    pub(in crate::engine) is_text: bool,
    /// How text is prepared.
    pub(in crate::engine) preparation: Preparation,
    /// Changes with everything that decides what bytes a value is indexed as.
    pub(in crate::engine) fingerprint: u32,
}

/// The leaves of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Catalog {
    /// In the order of the attribute's, then the sub-attribute's number.
    pub(in crate::engine) leaves: Vec<Leaf>,
    /// Attributes whose values are elements, in order.
    pub(in crate::engine) spaces: Vec<AttributeId>,
    /// Attributes registered later have this number or a larger one.
    pub(in crate::engine) next_number: u32,
    /// Distinct values of a leaf from which on they have an inverted index of substrings.
    pub(in crate::engine) grams_from: u32,
}

impl Catalog {
    /// What is indexed of a resource type.
    pub(in crate::engine) fn of(model: &TypeModel) -> Self {
        let mut leaves = Vec::new();
        let mut spaces = Vec::new();
        for attribute in model.attributes() {
            let Some(definition) = model.definition(attribute) else { continue };
            if !definition.is_searchable() || is_derived(model, attribute) {
                continue;
            }
            let is_element = definition.attribute.multi_valued;
            if is_element {
                spaces.push(attribute);
            }
            if definition.children.is_empty() {
                leaves.extend(leaf(Target::whole(attribute), definition, is_element, None));
            }
            // It decides which element a resource is sorted by.
            let primary = model.definitions().child(definition, "primary").filter(|_| is_element).map(|child| child.id);
            for child in definition.children.iter().filter_map(|child| model.definition(*child)) {
                let derived = matches!(child.id, common::META_VERSION | common::META_LOCATION);
                if child.is_searchable() && !derived && !child.attribute.multi_valued {
                    leaves.extend(leaf(Target { attribute, sub: Some(child.id) }, child, is_element, primary));
                }
            }
        }
        leaves.sort_by_key(|leaf| leaf.target);
        spaces.sort_unstable();
        let next_number = model.definitions().iter().map(|definition| definition.id.0 + 1).max().unwrap_or(0);
        Catalog { leaves, spaces, next_number, grams_from: GRAMS_FROM }
    }

    /// The leaf of a target.
    pub(in crate::engine) fn leaf(&self, target: Target) -> Option<&Leaf> {
        let found = self.leaves.binary_search_by_key(&target, |leaf| leaf.target).ok()?;
        self.leaves.get(found)
    }
}

/// Whether an attribute is made from membership rows at each read.
fn is_derived(model: &TypeModel, attribute: AttributeId) -> bool {
    [model.members(), model.groups()].into_iter().flatten().any(|membership| membership.attribute == attribute)
}

fn leaf(target: Target, definition: &Definition, is_element: bool, primary: Option<AttributeId>) -> Option<Leaf> {
    let kind = definition.attribute.attribute_type;
    if matches!(kind, AttributeType::Complex | AttributeType::Any) {
        return None;
    }
    let is_text = matches!(kind, AttributeType::String | AttributeType::Reference);
    let preparation = definition.preparation;
    let primary = primary.map_or(0, |primary| primary.0);
    let described = format!("{NORMALISER_VERSION} {kind:?} {preparation:?} {is_element} {primary}");
    let digest = blake3::hash(described.as_bytes());
    let fingerprint = digest.as_bytes().first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk));
    Some(Leaf { target, is_element, is_text, preparation, fingerprint })
}
