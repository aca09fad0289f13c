//! From JSON bytes to [`Input`], and back. Names and values are taken as they come: no schema is known here.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::text::to_json;
use crate::model::{Input, Object};
use crate::{Error, ErrorKind, Result};

/// How deeply arrays and objects may stand in each other: stops a body that would use up the stack. It is the limit
/// that the JSON parser has built in.
pub const MAX_DEPTH: usize = 127;

/// Names that one object may have: stops a body whose objects every later lookup would walk at length.
pub const MAX_NAMES: usize = 2_000;

/// Up to so many names, comparing each with each is cheaper than sorting them.
const FEW_NAMES: usize = 32;

/// A resource as a client sent it: a JSON object, bound to no schema.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceInput(pub Object);

impl ResourceInput {
    /// Reads a JSON object.
    ///
    /// ```
    /// use scimdb::message::ResourceInput;
    /// let input = ResourceInput::from_json(br#"{"userName": "bjensen"}"#).unwrap();
    /// assert_eq!(input.0.get("username").and_then(|name| name.as_str()), Some("bjensen"));
    /// assert_eq!(ResourceInput::from_json(b"{\"userName\": }").unwrap_err().offset(), Some(13));
    /// ```
    ///
    /// # Errors
    /// `InvalidSyntax` with the byte offset.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        match parse_input(json)? {
            Input::Object(object) => Ok(ResourceInput(object)),
            other => {
                let detail = format!("a resource is a JSON object, not {}", other.type_name());
                Err(Error::new(ErrorKind::InvalidSyntax, detail).at_offset(0))
            }
        }
    }

    /// Writes it as a JSON object.
    pub fn to_json(&self) -> String {
        to_json(&ObjectJson(&self.0))
    }
}

/// Reads any JSON value.
///
/// # Errors
/// `InvalidSyntax` with the byte offset: for what is not one JSON value in UTF-8, a name that stands twice in an
/// object, more than [`MAX_NAMES`] names, more than [`MAX_DEPTH`] levels.
pub fn parse_input(json: &[u8]) -> Result<Input> {
    let text = std::str::from_utf8(json).map_err(|error| {
        Error::new(ErrorKind::InvalidSyntax, "the body is not UTF-8").at_offset(error.valid_up_to())
    })?;
    let problem = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = InputSeed(&problem).deserialize(&mut parser).and_then(|input| parser.end().map(|()| input));
    parsed.map_err(|error| {
        let offset = byte_offset(text, &error);
        problem.take().unwrap_or_else(|| syntax_error(&error)).at_offset(offset)
    })
}

/// Writes any value as JSON, without white space.
pub fn input_json(input: &Input) -> String {
    to_json(&InputJson(input))
}

/// Where the parser stopped. It tells line and column, counted in bytes from one.
fn byte_offset(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let lines_before = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    (start + error.column().saturating_sub(1)).min(text.len())
}

/// What the parser says, in words for who sent the text.
pub(super) fn syntax_error(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let detail = match what {
        "recursion limit exceeded" => format!("the JSON is nested more than {MAX_DEPTH} levels deep"),
        _ if error.is_eof() => format!("the JSON ends too early: {what}"),
        _ => format!("the body is not JSON: {what}"),
    };
    Error::new(ErrorKind::InvalidSyntax, detail)
}

/// Builds an [`Input`] from whatever comes. What is JSON but not allowed is told through the cell, since the parser's
/// own errors carry only text.
#[derive(Clone, Copy)]
struct InputSeed<'p>(&'p Cell<Option<Error>>);

impl InputSeed<'_> {
    fn refuse<E: serde::de::Error>(self, error: Error) -> E {
        self.0.set(Some(error));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for InputSeed<'_> {
    type Value = Input;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Input, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for InputSeed<'_> {
    type Value = Input;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Input, E> {
        Ok(Input::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Input, E> {
        Ok(Input::Boolean(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Input, E> {
        Ok(Input::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Input, E> {
        Ok(i64::try_from(number).map_or(Input::Decimal(number as f64), Input::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Input, E> {
        Ok(Input::Decimal(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Input, E> {
        Ok(Input::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Input, E> {
        Ok(Input::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Input, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Input::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Input, A::Error> {
        let mut entries: Vec<(String, Input)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if entries.len() == MAX_NAMES {
                let detail = format!("an object of the body has more than {MAX_NAMES} names");
                return Err(self.refuse(Error::new(ErrorKind::InvalidSyntax, detail)));
            }
            entries.push((name, members.next_value_seed(self)?));
        }
        if let Some(name) = repeated_name(&entries) {
            let detail = format!("\"{name}\" stands twice in one object; letter case makes no difference");
            return Err(self.refuse(Error::new(ErrorKind::InvalidSyntax, detail).on(name)));
        }
        Ok(Input::Object(Object::from_distinct(entries)))
    }
}

/// The first name that stands twice; letter case makes no difference (RFC 7643 section 2.1).
fn repeated_name(entries: &[(String, Input)]) -> Option<&str> {
    if entries.len() <= FEW_NAMES {
        let repeats = |(index, (name, _)): (usize, &(String, Input))| {
            entries.iter().take(index).any(|(other, _)| other.eq_ignore_ascii_case(name))
        };
        return entries.iter().enumerate().find(|entry| repeats(*entry)).map(|(_, (name, _))| name.as_str());
    }
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    entries.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(name.to_ascii_lowercase()))
}

/// An [`Input`], to be written.
pub(super) struct InputJson<'a>(pub &'a Input);

impl Serialize for InputJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Input::Null => serializer.serialize_unit(),
            Input::Boolean(flag) => serializer.serialize_bool(*flag),
            Input::Integer(number) => serializer.serialize_i64(*number),
            Input::Decimal(number) => serializer.serialize_f64(*number),
            Input::String(text) => serializer.serialize_str(text),
            Input::Array(items) => serializer.collect_seq(items.iter().map(InputJson)),
            Input::Object(object) => ObjectJson(object).serialize(serializer),
        }
    }
}

/// An [`Object`], to be written.
pub(super) struct ObjectJson<'a>(pub &'a Object);

impl Serialize for ObjectJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, &InputJson(value))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_back() {
        let json = r#"{"a":[1,-2,0.5,true,null,"\u00e9\n"],"b":{},"c":9223372036854775807,"$ref":""}"#;
        let input = parse_input(json.as_bytes()).unwrap();
        assert_eq!(parse_input(input_json(&input).as_bytes()).unwrap(), input);
        assert_eq!(input_json(&input), json.replace("\\u00e9", "é"));
        assert_eq!(parse_input(b"9223372036854775808").unwrap(), Input::Decimal(9_223_372_036_854_775_808.0));
        assert_eq!(parse_input(b" 1e3 ").unwrap(), Input::Decimal(1000.0));
    }

    #[test]
    fn errors_carry_the_offset() {
        let cases: [(&[u8], usize); 12] = [
            (b"", 0),
            (b"{", 1),
            (b"{\"a\": }", 6),
            (b"{\n  \"a\": 1,\n  b: 2}", 14),
            (b"[1, 2,]", 6),
            (b"{} x", 3),
            (b"tru", 3),
            (b"[1e999]", 5),
            (b"\"\xff\"", 1),
            (b"{\"a\": \"\\x\"}", 8),
            ("{\"é\":\n \"é\" y}".as_bytes(), 13),
            (b"'", 0),
        ];
        for (json, offset) in cases {
            let error = parse_input(json).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidSyntax, Some(offset)), "{json:?} {error}");
        }
    }

    #[test]
    fn names_stand_once_and_are_bounded() {
        let error = parse_input(br#"{"name": {"givenName": 1, "GIVENNAME": 2}}"#).unwrap_err();
        assert_eq!(error.attribute(), Some("GIVENNAME"));
        let many = |count: usize, last: &str| {
            let names: Vec<String> = (0..count).map(|i| format!("\"n{i}\":1")).collect();
            format!("{{{},\"{last}\":1}}", names.join(","))
        };
        assert!(parse_input(many(MAX_NAMES - 1, "x").as_bytes()).is_ok());
        assert!(parse_input(many(MAX_NAMES, "x").as_bytes()).is_err());
        assert_eq!(parse_input(many(100, "N99").as_bytes()).unwrap_err().attribute(), Some("N99"));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse_input(nested(MAX_DEPTH).as_bytes()).is_ok());
        let error = parse_input(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert!(error.detail().contains("127 levels"), "{error}");
    }
}
