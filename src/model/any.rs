//! Values of attributes of type any: JSON text, made of what a client sent.
//!
//! The text is what is stored and what answers repeat. It has no white space, so that the same value sent twice is the
//! same text. Only what a filter compares is read back here: a string, a number or a boolean that stands alone.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Definition, Input};
use crate::{Error, ErrorKind, Result};

/// How deeply arrays and objects may stand in each other in one value: stops a value that takes the stack of whatever
/// reads it.
pub const MAX_ANY_DEPTH: usize = 32;

/// A value that is neither array nor object.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyScalar<'a> {
    /// A boolean.
    Boolean(bool),
    /// A whole number that fits in 64 bits.
    Integer(i64),
    /// Any other number.
    Decimal(f64),
    /// Text, its escapes resolved.
    String(Cow<'a, str>),
}

/// The JSON text of a value.
///
/// # Errors
/// `InvalidValue` for a value that is nested too deep, naming the attribute.
pub(super) fn text_of(definition: &Definition, input: &Input) -> Result<String> {
    let mut out = String::new();
    if put(&mut out, input, MAX_ANY_DEPTH) {
        return Ok(out);
    }
    let detail = format!("{} is nested more than {MAX_ANY_DEPTH} levels deep", definition.path);
    Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path))
}

/// Writes a value; false where it has more levels than may be.
fn put(out: &mut String, input: &Input, levels: usize) -> bool {
    match input {
        Input::Null => out.push_str("null"),
        Input::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        // Memory takes every byte, so there is no error to tell.
        Input::Integer(number) => drop(write!(out, "{number}")),
        // As short as it can be, and with a point or an exponent, so that it is read as a fraction again.
        Input::Decimal(number) => drop(write!(out, "{number:?}")),
        Input::String(text) => put_text(out, text),
        Input::Array(_) | Input::Object(_) if levels == 0 => return false,
        Input::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                if !put(out, item, levels - 1) {
                    return false;
                }
            }
            out.push(']');
        }
        Input::Object(object) => {
            out.push('{');
            for (index, (name, value)) in object.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                put_text(out, name);
                out.push(':');
                if !put(out, value, levels - 1) {
                    return false;
                }
            }
            out.push('}');
        }
    }
    true
}

/// Writes a string with the escapes that RFC 8259 section 7 asks for, and no others.
fn put_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => drop(write!(out, "\\u{:04x}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// Reads a value back, if it is neither array nor object.
pub fn scalar(json: &str) -> Option<AnyScalar<'_>> {
    match json.as_bytes().first()? {
        b'"' => text(json.strip_prefix('"')?.strip_suffix('"')?).map(AnyScalar::String),
        b't' if json == "true" => Some(AnyScalar::Boolean(true)),
        b'f' if json == "false" => Some(AnyScalar::Boolean(false)),
        b'-' | b'0'..=b'9' => {
            let whole = json.parse().ok().map(AnyScalar::Integer);
            whole.or_else(|| json.parse().ok().filter(|number: &f64| number.is_finite()).map(AnyScalar::Decimal))
        }
        _ => None,
    }
}

/// Whether a value is empty in the sense of `pr`: no text, no items, no names.
pub fn is_empty(json: &str) -> bool {
    matches!(json, "" | "null" | "\"\"" | "[]" | "{}")
}

/// What stands between the quotes, with the escapes that [`put_text`] writes resolved; none for others.
fn text(quoted: &str) -> Option<Cow<'_, str>> {
    if !quoted.contains('\\') {
        return Some(Cow::Borrowed(quoted));
    }
    let mut out = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut letters = escaped.chars();
        match letters.next()? {
            letter @ ('"' | '\\') => out.push(letter),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let digits = letters.as_str().get(..4)?;
                out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = letters.as_str().get(4..)?;
                continue;
            }
            _ => return None,
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{input_json, parse_input};

    fn written(input: &Input) -> Option<String> {
        let mut out = String::new();
        put(&mut out, input, MAX_ANY_DEPTH).then_some(out)
    }

    #[test]
    fn the_text_is_json_and_means_the_same() {
        let json = r#"{"a":[1,-2,0.5,1.0,-0.0,1e300,true,null,"é\n\"\\\u0001"],"b":{},"":[],"$c":9223372036854775807}"#;
        let input = parse_input(json.as_bytes()).unwrap();
        let text = written(&input).unwrap();
        assert_eq!(parse_input(text.as_bytes()).unwrap(), input, "{text}");
        assert_eq!(text, json);
    }

    #[test]
    fn scalars_are_read_back() {
        let text = |text: &str| Input::String(text.to_owned());
        let values = [
            (text("a\"b\\c\n\r\t\u{1}\u{7f}é\u{1f600}"), true),
            (text(""), true),
            (Input::Integer(i64::MIN), true),
            (Input::Decimal(-1.5e-7), true),
            (Input::Decimal(1.0), true),
            (Input::Boolean(true), true),
            (Input::Array(vec![text("a")]), false),
            (Input::Object(crate::model::Object::new()), false),
        ];
        for (input, is_scalar) in values {
            let json = written(&input).unwrap();
            assert_eq!(json, input_json(&input), "{json}");
            let back = scalar(&json).map(|scalar| match scalar {
                AnyScalar::Boolean(flag) => Input::Boolean(flag),
                AnyScalar::Integer(number) => Input::Integer(number),
                AnyScalar::Decimal(number) => Input::Decimal(number),
                AnyScalar::String(text) => Input::String(text.into_owned()),
            });
            assert_eq!(back, is_scalar.then_some(input), "{json}");
        }
        for damaged in ["", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "tru", "-", "nul"] {
            assert_eq!(scalar(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| (0..depth).fold(Input::Integer(1), |inner, _| Input::Array(vec![inner]));
        assert!(written(&nested(MAX_ANY_DEPTH)).is_some());
        assert!(written(&nested(MAX_ANY_DEPTH + 1)).is_none());
    }
}
