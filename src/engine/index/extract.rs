//! From a resource to the values that are indexed of it, in one walk over what is stored.

use std::sync::Arc;

use super::catalog::Catalog;
use crate::engine::storage::keys::ordered;
use crate::model::{
    AttributeId, AttributeType, ComplexRef, Definitions, Preparation, ResourceView, TypeModel, ValueRef, common, sealed,
};

/// Takes what a resource has.
pub(super) trait Sink {
    /// The value of a column: of an element of the resource by its number, or else of number 0.
    fn value(&mut self, column: u32, element: u32, key: &[u8]);

    /// How many elements an attribute has, and which of them represents the others. Their values came before.
    fn elements(&mut self, space: u32, count: u32, representative: u32);
}

/// What becomes of an attribute.
#[derive(Clone, Copy)]
enum Place {
    /// It is not indexed.
    Nothing,
    /// Its value belongs to a column.
    Value(Simple),
    /// Some of its sub-attributes have a column.
    Parent,
    /// It is multi-valued; its values, where they are simple, belong to a column.
    Elements { space: u32, primary: Option<AttributeId>, values: Option<Simple> },
}

/// A column, and what its values are.
#[derive(Clone, Copy)]
struct Simple {
    column: u32,
    kind: AttributeType,
    preparation: Preparation,
}

/// Where the values of a resource type belong.
pub(super) struct Extractor {
    definitions: Arc<Definitions>,
    /// By the number of the attribute or sub-attribute.
    places: Vec<Place>,
    key: Vec<u8>,
}

impl Extractor {
    pub(super) fn new(catalog: &Catalog, model: &TypeModel) -> Self {
        let definitions = Arc::clone(model.definitions());
        let mut places = vec![Place::Nothing; catalog.next_number as usize];
        let mut put = |id: AttributeId, place| {
            if let Some(entry) = places.get_mut(id.0 as usize) {
                *entry = place;
            }
        };
        for (space, attribute) in (0..).zip(&catalog.spaces) {
            let definition = definitions.get(*attribute);
            let primary = definition.and_then(|definition| definitions.child(definition, "primary"));
            put(*attribute, Place::Elements { space, primary: primary.map(|child| child.id), values: None });
        }
        for (column, leaf) in (0..).zip(&catalog.leaves) {
            let Some(definition) = definitions.get(leaf.target.leaf()) else { continue };
            let simple = Simple { column, kind: definition.attribute.attribute_type, preparation: leaf.preparation };
            let space = catalog.spaces.binary_search(&leaf.target.attribute).ok().and_then(|at| u32::try_from(at).ok());
            match (space, leaf.target.sub) {
                (None, None) => put(leaf.target.attribute, Place::Value(simple)),
                (Some(space), None) => {
                    put(leaf.target.attribute, Place::Elements { space, primary: None, values: Some(simple) });
                }
                (Some(_), Some(sub)) => put(sub, Place::Value(simple)),
                (None, Some(sub)) => {
                    put(leaf.target.attribute, Place::Parent);
                    put(sub, Place::Value(simple));
                }
            }
        }
        Extractor { definitions, places, key: Vec::new() }
    }

    /// Whether it is of the model's attributes.
    pub(super) fn is_of(&self, model: &TypeModel) -> bool {
        Arc::ptr_eq(&self.definitions, model.definitions())
    }

    /// Tells everything that is indexed of a resource.
    pub(super) fn extract(&mut self, view: &ResourceView<'_>, sink: &mut impl Sink) {
        for id in [common::SCHEMAS, common::ID, common::META] {
            if let Some(value) = view.get(id) {
                self.attribute(id, value, sink);
            }
        }
        each_entry(view.attributes, |id, value| self.attribute(id, value, sink));
    }

    fn place(&self, id: AttributeId) -> Place {
        self.places.get(id.0 as usize).copied().unwrap_or(Place::Nothing)
    }

    fn attribute(&mut self, id: AttributeId, value: ValueRef<'_>, sink: &mut impl Sink) {
        match self.place(id) {
            Place::Nothing => {}
            Place::Value(simple) => self.value(simple, 0, value, sink),
            Place::Parent => {
                if let ValueRef::Complex(complex) = value {
                    each_entry(complex, |id, value| self.sub(id, 0, value, sink));
                }
            }
            Place::Elements { space, primary, values } => {
                let (mut count, mut representative) = (0, None);
                let mut element = |value: ValueRef<'_>| {
                    match value {
                        ValueRef::Complex(complex) => each_entry(complex, |id, value| {
                            if primary == Some(id)
                                && representative.is_none()
                                && matches!(value, ValueRef::Boolean(true))
                            {
                                representative = Some(count);
                            }
                            self.sub(id, count, value, sink);
                        }),
                        simple => {
                            if let Some(values) = values {
                                self.value(values, count, simple, sink);
                            }
                        }
                    }
                    count += 1;
                };
                match value {
                    ValueRef::Multi(several) => several.iter().for_each(&mut element),
                    // The attribute was single-valued once.
                    single => element(single),
                }
                if count > 0 {
                    sink.elements(space, count, representative.unwrap_or(0));
                }
            }
        }
    }

    fn sub(&mut self, id: AttributeId, element: u32, value: ValueRef<'_>, sink: &mut impl Sink) {
        if let Place::Value(simple) = self.place(id) {
            self.value(simple, element, value, sink);
        }
    }

    fn value(&mut self, simple: Simple, element: u32, value: ValueRef<'_>, sink: &mut impl Sink) {
        match value {
            ValueRef::String(text) if matches!(simple.kind, AttributeType::String | AttributeType::Reference) => {
                let text = sealed::comparable(text);
                if simple.preparation == Preparation::Exact {
                    sink.value(simple.column, element, text.as_bytes());
                } else if text.is_ascii() {
                    // What preparing comes to here, without an allocation.
                    self.key.clear();
                    self.key.extend_from_slice(text.as_bytes());
                    self.key.make_ascii_lowercase();
                    sink.value(simple.column, element, &self.key);
                } else {
                    sink.value(simple.column, element, simple.preparation.prepare(text).as_bytes());
                }
            }
            value if fits(simple.kind, value) => {
                self.key.clear();
                ordered(value, &mut self.key);
                sink.value(simple.column, element, &self.key);
            }
            // A changed schema left it behind.
            _ => {}
        }
    }
}

/// Whether a value that is no text is of the attribute's type, so that its key has an order among theirs.
fn fits(kind: AttributeType, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Boolean(_) => kind == AttributeType::Boolean,
        ValueRef::Integer(_) | ValueRef::Decimal(_) => matches!(kind, AttributeType::Integer | AttributeType::Decimal),
        ValueRef::DateTime(..) | ValueRef::Instant(_) => kind == AttributeType::DateTime,
        ValueRef::Binary(_) => kind == AttributeType::Binary,
        ValueRef::String(_) | ValueRef::Any(_) | ValueRef::Complex(_) | ValueRef::Multi(_) => false,
    }
}

/// Visits attributes with their values, without a box around the iterator of the usual forms.
fn each_entry<'a>(complex: ComplexRef<'a>, mut visit: impl FnMut(AttributeId, ValueRef<'a>)) {
    match complex {
        ComplexRef::Decoded(entries) => entries.iter().for_each(|(id, value)| visit(id, value.into())),
        ComplexRef::Stored(entries) => entries.for_each(|(id, value)| visit(id, value)),
        ComplexRef::Meta(_) => complex.iter().for_each(|(id, value)| visit(id, value)),
    }
}
