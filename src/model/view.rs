//! Reading a resource without copying it, be it decoded or stored: what filters, sort and rendering look at.

use super::registry::common;
use super::stored::{StoredEntries, StoredValues};
use super::{AttributeId, Complex, Instant, TypeModel, Value, value};

/// A value, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// A string or a reference.
    String(&'a str),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Decimal(f64),
    /// A dateTime: as written, and the instant.
    DateTime(&'a str, Instant),
    /// A dateTime of the store's own making.
    Instant(Instant),
    /// Bytes.
    Binary(&'a [u8]),
    /// Any JSON value, as its text.
    Any(&'a str),
    /// Sub-attributes.
    Complex(ComplexRef<'a>),
    /// Several values.
    Multi(MultiRef<'a>),
}

impl<'a> ValueRef<'a> {
    /// The text of a string or reference.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            ValueRef::String(text) => Some(text),
            _ => None,
        }
    }

    /// The sub-attributes of a complex value.
    pub fn as_complex(self) -> Option<ComplexRef<'a>> {
        match self {
            ValueRef::Complex(complex) => Some(complex),
            _ => None,
        }
    }

    /// Copies it.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::String(text) => Value::String(text.to_owned()),
            ValueRef::Boolean(flag) => Value::Boolean(flag),
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Decimal(number) => Value::Decimal(number),
            ValueRef::DateTime(text, instant) => Value::DateTime(value::DateTime { text: text.to_owned(), instant }),
            ValueRef::Instant(instant) => Value::DateTime(instant.into()),
            ValueRef::Binary(bytes) => Value::Binary(bytes.to_vec()),
            ValueRef::Any(json) => Value::Any(json.to_owned()),
            ValueRef::Complex(complex) => Value::Complex(complex.to_complex()),
            ValueRef::Multi(values) => Value::Multi(values.iter().map(ValueRef::to_value).collect()),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::String(text) => ValueRef::String(text),
            Value::Boolean(flag) => ValueRef::Boolean(*flag),
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Decimal(number) => ValueRef::Decimal(*number),
            Value::DateTime(time) => ValueRef::DateTime(&time.text, time.instant),
            Value::Binary(bytes) => ValueRef::Binary(bytes),
            Value::Any(json) => ValueRef::Any(json),
            Value::Complex(complex) => ValueRef::Complex(ComplexRef::Decoded(complex)),
            Value::Multi(values) => ValueRef::Multi(MultiRef::Decoded(values)),
        }
    }
}

/// A set of attributes with values, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum ComplexRef<'a> {
    /// Decoded.
    Decoded(&'a Complex),
    /// As stored.
    Stored(StoredEntries<'a>),
    /// The `meta` of a resource.
    Meta(MetaRef<'a>),
}

/// What `meta` holds without the parts that only an answer knows: `location` and `version`.
#[derive(Clone, Copy, Debug)]
pub struct MetaRef<'a> {
    /// `meta.resourceType`.
    pub resource_type: &'a str,
    /// `meta.created`.
    pub created: Instant,
    /// `meta.lastModified`.
    pub last_modified: Instant,
}

impl<'a> MetaRef<'a> {
    fn get(self, id: AttributeId) -> Option<ValueRef<'a>> {
        match id {
            common::META_RESOURCE_TYPE => Some(ValueRef::String(self.resource_type)),
            common::META_CREATED => Some(ValueRef::Instant(self.created)),
            common::META_LAST_MODIFIED => Some(ValueRef::Instant(self.last_modified)),
            _ => None,
        }
    }
}

impl<'a> ComplexRef<'a> {
    /// The value of an attribute.
    pub fn get(self, id: AttributeId) -> Option<ValueRef<'a>> {
        match self {
            ComplexRef::Decoded(complex) => complex.get(id).map(ValueRef::from),
            ComplexRef::Stored(entries) => entries.get(id),
            ComplexRef::Meta(meta) => meta.get(id),
        }
    }

    /// The attributes with their values, in the order of their ids.
    pub fn iter(self) -> Box<dyn Iterator<Item = (AttributeId, ValueRef<'a>)> + 'a> {
        match self {
            ComplexRef::Decoded(complex) => Box::new(complex.iter().map(|(id, value)| (id, value.into()))),
            ComplexRef::Stored(entries) => Box::new(entries),
            ComplexRef::Meta(meta) => {
                let ids = [common::META_RESOURCE_TYPE, common::META_CREATED, common::META_LAST_MODIFIED];
                Box::new(ids.into_iter().filter_map(move |id| meta.get(id).map(|value| (id, value))))
            }
        }
    }

    /// Copies it.
    pub fn to_complex(self) -> Complex {
        match self {
            ComplexRef::Decoded(complex) => complex.clone(),
            _ => self.iter().map(|(id, value)| (id, value.to_value())).collect(),
        }
    }
}

/// Several values, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum MultiRef<'a> {
    /// Decoded.
    Decoded(&'a [Value]),
    /// As stored.
    Stored(StoredValues<'a>),
    /// The `schemas` of a resource: its core schema, and the extensions it has values of or shows empty.
    Schemas(&'a TypeModel, ComplexRef<'a>),
}

impl<'a> MultiRef<'a> {
    /// The values, in order.
    pub fn iter(self) -> MultiIter<'a> {
        match self {
            MultiRef::Decoded(values) => MultiIter::Decoded(values.iter()),
            MultiRef::Stored(values) => MultiIter::Stored(values),
            MultiRef::Schemas(model, attributes) => MultiIter::Schemas { model, attributes, next: 0 },
        }
    }
}

/// The values of a [`MultiRef`].
#[derive(Clone, Debug)]
pub enum MultiIter<'a> {
    /// Decoded.
    Decoded(std::slice::Iter<'a, Value>),
    /// As stored.
    Stored(StoredValues<'a>),
    /// URNs.
    Schemas {
        /// The resource type.
        model: &'a TypeModel,
        /// The resource's attributes.
        attributes: ComplexRef<'a>,
        /// 0 for the core schema, then one more than the extension's index.
        next: usize,
    },
}

impl<'a> Iterator for MultiIter<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        match self {
            MultiIter::Decoded(values) => values.next().map(ValueRef::from),
            MultiIter::Stored(values) => values.next(),
            MultiIter::Schemas { model, attributes, next } => {
                if *next == 0 {
                    *next = 1;
                    return Some(ValueRef::String(&model.resource_type().schema));
                }
                while let Some(extension) = model.extensions().get(*next - 1) {
                    *next += 1;
                    if extension.attributes.iter().any(|id| attributes.get(*id).is_some() || shows_empty(model, *id)) {
                        return Some(ValueRef::String(&extension.schema));
                    }
                }
                None
            }
        }
    }
}

/// Whether an attribute is shown where it has no value, which makes its extension one of the `schemas`.
fn shows_empty(model: &TypeModel, id: AttributeId) -> bool {
    !model.constraints().is_empty() && model.constraint(id).is_some_and(|constraint| constraint.show_empty)
}

/// A resource, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct ResourceView<'a> {
    /// The resource type.
    pub model: &'a TypeModel,
    /// `id`.
    pub id: &'a str,
    /// The commit sequence of the last change: what the entity tag is made of.
    pub version: u64,
    /// `meta.created`.
    pub created: Instant,
    /// `meta.lastModified`.
    pub last_modified: Instant,
    /// Everything else that is stored.
    pub attributes: ComplexRef<'a>,
    /// What is derived: `members`, `groups`, `meta` with its location and version. Looked at first.
    pub derived: Option<&'a Complex>,
}

impl<'a> ResourceView<'a> {
    /// The value of a top-level attribute, the common ones included.
    pub fn get(&self, id: AttributeId) -> Option<ValueRef<'a>> {
        if let Some(derived) = self.derived.and_then(|derived| derived.get(id)) {
            return Some(derived.into());
        }
        match id {
            common::SCHEMAS => Some(ValueRef::Multi(MultiRef::Schemas(self.model, self.attributes))),
            common::ID => Some(ValueRef::String(self.id)),
            common::META => Some(ValueRef::Complex(ComplexRef::Meta(MetaRef {
                resource_type: self.model.name(),
                created: self.created,
                last_modified: self.last_modified,
            }))),
            id => self.attributes.get(id),
        }
    }

    /// The same resource with derived attributes.
    #[must_use]
    pub fn with_derived(self, derived: &'a Complex) -> Self {
        ResourceView { derived: Some(derived), ..self }
    }
}
