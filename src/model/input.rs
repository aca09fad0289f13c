//! What a client sent, before any schema has looked at it: a neutral tree of names and plain values.
//!
//! The module `message` makes it from JSON and the command line from CSV; nothing here knows either.

/// A plain value.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// No value.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number that fits in 64 bits.
    Integer(i64),
    /// Any other number; finite.
    Decimal(f64),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Input>),
    /// Named values.
    Object(Object),
}

impl Input {
    /// What it is, for an error message.
    pub fn type_name(&self) -> &'static str {
        match self {
            Input::Null => "null",
            Input::Boolean(_) => "a boolean",
            Input::Integer(_) | Input::Decimal(_) => "a number",
            Input::String(_) => "a string",
            Input::Array(_) => "an array",
            Input::Object(_) => "an object",
        }
    }

    /// Whether it is no value in the sense of RFC 7643 section 2.5: null or an empty list.
    pub fn is_unassigned(&self) -> bool {
        match self {
            Input::Null => true,
            Input::Array(items) => items.iter().all(Input::is_unassigned),
            _ => false,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Input::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Named values in the order in which they were sent. Names are compared without regard to letter case
/// (RFC 7643 section 2.1); whoever builds one sees to it that no name stands in it twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Input)>);

impl Object {
    /// No names.
    pub const fn new() -> Self {
        Object(Vec::new())
    }

    /// From names that the caller has seen to be distinct, without regard to letter case.
    pub fn from_distinct(entries: Vec<(String, Input)>) -> Self {
        Object(entries)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Input> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds a name, or changes its value; gives back the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: Input) -> Option<Input> {
        let name = name.into();
        match self.0.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(&name)) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.0.push((name, value));
                None
            }
        }
    }

    /// Removes a name, and gives back its value.
    pub fn remove(&mut self, name: &str) -> Option<Input> {
        let position = self.0.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(self.0.remove(position).1)
    }

    /// The names with their values, as sent.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Input)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names with their values, to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Input)> {
        self.0.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// How many names.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Object {
    type Item = (String, Input);
    type IntoIter = std::vec::IntoIter<(String, Input)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Input::String(text.to_owned())
    }
}

impl From<Object> for Input {
    fn from(object: Object) -> Self {
        Input::Object(object)
    }
}

impl FromIterator<(String, Input)> for Object {
    /// Of several values for one name, the last stays.
    fn from_iter<I: IntoIterator<Item = (String, Input)>>(entries: I) -> Self {
        let mut object = Object::new();
        for (name, value) in entries {
            object.insert(name, value);
        }
        object
    }
}
