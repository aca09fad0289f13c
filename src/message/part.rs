//! Taking the named values of a message out of a plain object, each with its type checked and its path named.
//!
//! Names are found without regard to letter case; null is the same as absent (RFC 7643 section 2.5).

use super::input::parse_input;
use crate::model::{Input, Object, nearest};
use crate::{Error, ErrorKind, Result};

/// An object of a message, and where it stands in the message: `Operations[2]`, or nothing at the top.
pub(crate) struct Part {
    object: Object,
    at: String,
}

impl Part {
    /// The top of a message.
    ///
    /// # Errors
    /// `InvalidSyntax` when the bytes are not a JSON object.
    pub(crate) fn from_json(json: &[u8], message: &str) -> Result<Self> {
        Self::from_input(parse_input(json)?, message)
    }

    /// The top of a message that was parsed already; `message` is what it should be, for the error.
    ///
    /// # Errors
    /// `InvalidSyntax` when it is not an object.
    pub(crate) fn from_input(input: Input, message: &str) -> Result<Self> {
        Self::within(input, String::new()).map_err(|error| error.within(message))
    }

    /// An object at this place.
    ///
    /// # Errors
    /// `InvalidSyntax` when it is not an object.
    pub(crate) fn within(input: Input, at: String) -> Result<Self> {
        match input {
            Input::Object(object) => Ok(Part { object, at }),
            other => Err(wrong_type(at, "an object", &other)),
        }
    }

    /// The path of a name in this object.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    /// An error about a name in this object; `detail` follows the path in the sentence.
    pub(crate) fn error(&self, kind: ErrorKind, name: &str, detail: &str) -> Error {
        let path = self.path(name);
        Error::new(kind, format!("{path} {detail}")).on(path)
    }

    /// The names that are left.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.object.iter().map(|(name, _)| name)
    }

    /// Whether the name stands there, even as null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some()
    }

    /// Whether the name has a string.
    pub(crate) fn is_string(&self, name: &str) -> bool {
        matches!(self.object.get(name), Some(Input::String(_)))
    }

    /// The value as it is, null included.
    pub(crate) fn take_any(&mut self, name: &str) -> Option<Input> {
        self.object.remove(name)
    }

    fn take(&mut self, name: &str) -> Option<Input> {
        self.object.remove(name).filter(|input| *input != Input::Null)
    }

    pub(crate) fn take_string(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Input::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(self.path(name), "a string", &other)),
        }
    }

    pub(crate) fn need_string(&mut self, name: &str) -> Result<String> {
        self.take_string(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn take_boolean(&mut self, name: &str) -> Result<Option<bool>> {
        match self.take(name) {
            None => Ok(None),
            Some(Input::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong_type(self.path(name), "true or false", &other)),
        }
    }

    pub(crate) fn take_integer(&mut self, name: &str) -> Result<Option<i64>> {
        match self.take(name) {
            None => Ok(None),
            Some(Input::Integer(number)) => Ok(Some(number)),
            Some(Input::Decimal(_)) => Err(self.error(ErrorKind::InvalidSyntax, name, "is a whole number of 64 bits")),
            Some(other) => Err(wrong_type(self.path(name), "a whole number", &other)),
        }
    }

    /// The items of an array; none when the name is absent.
    pub(crate) fn take_array(&mut self, name: &str) -> Result<Option<Vec<Input>>> {
        match self.take(name) {
            None => Ok(None),
            Some(Input::Array(items)) => Ok(Some(items)),
            Some(other) => Err(wrong_type(self.path(name), "an array", &other)),
        }
    }

    /// The items of an array of strings; empty when the name is absent.
    pub(crate) fn take_strings(&mut self, name: &str) -> Result<Vec<String>> {
        let path = self.path(name);
        let items = self.take_array(name)?.unwrap_or_default().into_iter().enumerate();
        items
            .map(|(index, item)| match item {
                Input::String(text) => Ok(text),
                other => Err(wrong_type(format!("{path}[{index}]"), "a string", &other)),
            })
            .collect()
    }

    /// The items of an array, each an object of its own; none when the name is absent.
    pub(crate) fn take_objects(&mut self, name: &str) -> Result<impl ExactSizeIterator<Item = Result<Part>> + use<>> {
        let items = self.take_array(name)?.unwrap_or_default();
        let path = self.path(name);
        Ok(items.into_iter().enumerate().map(move |(index, item)| Part::within(item, format!("{path}[{index}]"))))
    }

    /// The same for an array that must hold at least one.
    pub(crate) fn need_objects(&mut self, name: &str) -> Result<impl ExactSizeIterator<Item = Result<Part>> + use<>> {
        let objects = self.take_objects(name)?;
        if objects.len() == 0 { Err(self.missing(name)) } else { Ok(objects) }
    }

    /// Takes `schemas`, and sees that it names the message.
    ///
    /// # Errors
    /// `InvalidSyntax` when it does not, or is missing.
    pub(crate) fn need_schema(&mut self, urn: &str) -> Result<()> {
        let schemas = self.take_strings("schemas")?;
        if schemas.iter().any(|schema| schema.eq_ignore_ascii_case(urn)) {
            return Ok(());
        }
        Err(self.error(ErrorKind::InvalidSyntax, "schemas", &format!("must hold \"{urn}\"")))
    }

    /// Sees that nothing is left: for documents of ours, where an unknown name is a typing error. `known` are the names
    /// that there are.
    ///
    /// # Errors
    /// `InvalidSyntax`, with the nearest known name.
    pub(crate) fn finish(self, known: &[&str]) -> Result<()> {
        let Some((name, _)) = self.object.iter().next() else { return Ok(()) };
        if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(self.error(ErrorKind::InvalidSyntax, name, "has no place beside the rest of it"));
        }
        let hint = match nearest(name, &mut known.iter().map(|known| (*known, *known))) {
            Some(near) => format!("is unknown; did you mean {near}?"),
            None => format!("is unknown; there are {}", known.join(", ")),
        };
        Err(self.error(ErrorKind::InvalidSyntax, name, &hint))
    }

    /// An object; none when the name is absent.
    ///
    /// # Errors
    /// `InvalidSyntax` when it is something else.
    pub(crate) fn take_object(&mut self, name: &str) -> Result<Option<Part>> {
        let path = self.path(name);
        self.take(name).map(|input| Part::within(input, path)).transpose()
    }

    fn missing(&self, name: &str) -> Error {
        self.error(ErrorKind::InvalidSyntax, name, "is missing")
    }
}

fn wrong_type(path: String, expected: &str, got: &Input) -> Error {
    let detail = format!(
        "{}expected {expected}, not {}",
        if path.is_empty() { String::new() } else { format!("{path}: ") },
        got.type_name()
    );
    let error = Error::new(ErrorKind::InvalidSyntax, detail);
    if path.is_empty() { error } else { error.on(path) }
}
