//! Values of attributes, typed and bound to a schema.

use super::{AttributeId, Instant};

/// The value of an attribute. Never empty: what has no value (RFC 7643 section 2.5) is not there.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string, or a reference.
    String(String),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite floating point number.
    Decimal(f64),
    /// A dateTime.
    DateTime(DateTime),
    /// Bytes.
    Binary(Vec<u8>),
    /// Sub-attributes; at least one.
    Complex(Complex),
    /// Any JSON value but null, as its text without white space: what [`any`](super::any) makes.
    Any(String),
    /// Several values; at least one, none of them `Multi`.
    Multi(Vec<Value>),
}

impl Value {
    /// The text of a string or reference.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The sub-attributes of a complex value.
    pub fn as_complex(&self) -> Option<&Complex> {
        match self {
            Value::Complex(complex) => Some(complex),
            _ => None,
        }
    }

    /// The values of a multi-valued attribute; a single value is a list of one.
    pub fn as_multi(&self) -> &[Value] {
        match self {
            Value::Multi(values) => values,
            single => std::slice::from_ref(single),
        }
    }
}

/// A dateTime: as it was written, and the instant it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// As it was written; answers repeat it.
    pub text: String,
    /// What it means; comparisons use it.
    pub instant: Instant,
}

impl DateTime {
    /// Reads an `xsd:dateTime` (RFC 7643 section 2.3.5).
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let instant = Instant::parse(&text)?;
        Some(DateTime { text, instant })
    }
}

impl From<Instant> for DateTime {
    fn from(instant: Instant) -> Self {
        DateTime { text: instant.to_string(), instant }
    }
}

/// A set of attributes with values, in the order of their ids: a complex value, or a whole resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Complex(Vec<(AttributeId, Value)>);

impl Complex {
    /// No attributes.
    pub const fn new() -> Self {
        Complex(Vec::new())
    }

    fn position(&self, id: AttributeId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |(id, _)| *id)
    }

    /// The value of an attribute.
    pub fn get(&self, id: AttributeId) -> Option<&Value> {
        let position = self.position(id).ok()?;
        self.0.get(position).map(|(_, value)| value)
    }

    /// The value of an attribute, to change.
    ///
    /// Whoever empties it removes it afterwards: see [`Complex::prune`].
    pub fn get_mut(&mut self, id: AttributeId) -> Option<&mut Value> {
        let position = self.position(id).ok()?;
        self.0.get_mut(position).map(|(_, value)| value)
    }

    /// Sets an attribute, and gives back the value it had.
    pub fn set(&mut self, id: AttributeId, value: Value) -> Option<Value> {
        match self.position(id) {
            Ok(position) => self.0.get_mut(position).map(|(_, old)| std::mem::replace(old, value)),
            Err(position) => {
                self.0.insert(position, (id, value));
                None
            }
        }
    }

    /// Removes an attribute, and gives back the value it had.
    pub fn remove(&mut self, id: AttributeId) -> Option<Value> {
        self.position(id).ok().map(|position| self.0.remove(position).1)
    }

    /// Keeps the attributes that the predicate accepts.
    pub fn retain(&mut self, mut keep: impl FnMut(AttributeId, &Value) -> bool) {
        self.0.retain(|(id, value)| keep(*id, value));
    }

    /// Drops empty complex and multi-valued values, at every depth: they are no values (RFC 7643 section 2.5).
    pub fn prune(&mut self) {
        self.0.retain_mut(|(_, value)| keep_non_empty(value));
    }

    /// The attributes with their values, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AttributeId, &Value)> + Clone {
        self.0.iter().map(|(id, value)| (*id, value))
    }

    /// How many attributes have a value.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no attribute has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn keep_non_empty(value: &mut Value) -> bool {
    match value {
        Value::Complex(complex) => {
            complex.prune();
            !complex.is_empty()
        }
        Value::Multi(values) => {
            values.retain_mut(keep_non_empty);
            !values.is_empty()
        }
        _ => true,
    }
}

impl FromIterator<(AttributeId, Value)> for Complex {
    /// Of several values for one attribute, the last stays.
    fn from_iter<I: IntoIterator<Item = (AttributeId, Value)>>(entries: I) -> Self {
        let mut complex = Complex::new();
        for (id, value) in entries {
            complex.set(id, value);
        }
        complex
    }
}

impl IntoIterator for Complex {
    type Item = (AttributeId, Value);
    type IntoIter = std::vec::IntoIter<(AttributeId, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
