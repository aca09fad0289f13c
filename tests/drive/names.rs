//! What two stores call the same thing: their ids, times, cursors and secrets differ, everything else must not. It must not
//! know what a request means.

use std::collections::HashMap;

use scimdb::model::Instant;
use serde_json::{Map, Value};

/// The names of a driver's store, and the core's for the same.
#[derive(Default)]
pub struct Names {
    /// By what the driver says.
    core: HashMap<String, String>,
    /// By what the core says.
    driver: HashMap<String, String>,
}

impl Names {
    /// A request to the driver as the core must get it. What looks like an id and came with the request is the same in both
    /// from here on.
    pub fn translated(&mut self, request: &Value) -> Value {
        match request {
            Value::String(text) => Value::String(self.translated_text(text, true)),
            Value::Array(values) => values.iter().map(|value| self.translated(value)).collect(),
            Value::Object(object) => {
                let translated = object.iter().map(|(name, value)| (name.clone(), self.translated(value)));
                Value::Object(translated.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn translated_text(&mut self, text: &str, is_request: bool) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match self.core.get(piece) {
                Some(known) => out.push_str(known),
                None => {
                    if is_request && is_id(piece) {
                        self.bind(piece, piece);
                    }
                    out.push_str(piece);
                }
            }
        }
        out
    }

    fn bind(&mut self, theirs: &str, ours: &str) {
        self.core.insert(theirs.to_owned(), ours.to_owned());
        self.driver.insert(ours.to_owned(), theirs.to_owned());
    }

    /// Compares what the driver says with what the core says, and learns new names from it.
    pub fn compare(&mut self, theirs: &Value, ours: &Value, place: &str) -> Result<(), String> {
        let differ = || Err(format!("{place} is {theirs}, and must be {ours}"));
        match (theirs, ours) {
            (Value::String(left), Value::String(right)) => {
                let is_random = ["nextCursor", "previousCursor", "secret"].iter().any(|name| place.ends_with(name));
                if is_random && !left.is_empty() && !right.is_empty() {
                    self.bind(left, right);
                    return Ok(());
                }
                if self.same_text(left, right) { Ok(()) } else { differ() }
            }
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
                .iter()
                .zip(right)
                .enumerate()
                .try_for_each(|(index, (left, right))| self.compare(left, right, &format!("{place}/{index}"))),
            (Value::Object(left), Value::Object(right)) => {
                if let Some(more) = left.keys().find(|name| !right.contains_key(*name)) {
                    return Err(format!("{place}/{more} is {}, and must not be there", left[more]));
                }
                right.iter().try_for_each(|(name, right)| {
                    let place = format!("{place}/{name}");
                    let left = left.get(name).ok_or_else(|| format!("{place} is missing, and must be {right}"))?;
                    self.compare(left, right, &place)
                })
            }
            (left, right) if left == right => Ok(()),
            _ => differ(),
        }
    }

    fn same_text(&mut self, theirs: &str, ours: &str) -> bool {
        if theirs == ours && !pieces(theirs).any(|piece| self.core.get(piece).is_some_and(|known| known != piece)) {
            return true;
        }
        let (left, right): (Vec<&str>, Vec<&str>) = (pieces(theirs).collect(), pieces(ours).collect());
        left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| self.same_piece(left, right))
    }

    fn same_piece(&mut self, theirs: &str, ours: &str) -> bool {
        match (self.core.get(theirs), self.driver.get(ours)) {
            (Some(known), _) if known == ours => true,
            _ if is_recent(theirs) && is_recent(ours) => {
                self.core.insert(theirs.to_owned(), ours.to_owned());
                true
            }
            (None, None) if theirs == ours => true,
            (None, None) if is_made(theirs) && is_made(ours) || same_derived(theirs, ours) => {
                self.bind(theirs, ours);
                true
            }
            _ => false,
        }
    }
}

/// A text in pieces: runs of what names are made of, and what stands between them. An escape of a URL stands between.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if rest.starts_with('%') && rest.get(1..3).is_some() {
            3
        } else if rest.get(..36).is_some_and(is_id) {
            36
        } else {
            let first = is_of_name(rest.as_bytes()[0]);
            let is_end = |at: &usize| {
                let byte = rest.as_bytes()[*at];
                byte == b'%' || is_of_name(byte) != first || (!first && rest.get(*at..*at + 36).is_some_and(is_id))
            };
            (1..rest.len()).filter(|at| rest.is_char_boundary(*at)).find(is_end).unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
}

/// Whether it is a UUID: what the store makes ids of.
fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// Whether a store made it: an id, or the random name of an import.
fn is_made(text: &str) -> bool {
    let is_import = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    is_id(text) || (text.len() == 20 && text.bytes().all(is_import))
}

/// Whether it is a time of this run, rather than one that the corpus names.
fn is_recent(text: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the stores take their times from the machine")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let is_time = text.len() >= 20 && text.as_bytes()[10] == b'T';
    is_time && Instant::parse(text).is_some_and(|time| time.to_unix().0.abs_diff(now as i64) < 86_400)
}

/// Whether both are versions of the same number with a digest of what is derived, ids among it: `12.0a1b`.
fn same_derived(theirs: &str, ours: &str) -> bool {
    let parts = |text: &str| {
        let (number, digest) = text.split_once('.')?;
        let is_version = number.parse::<u64>().is_ok() && u32::from_str_radix(digest, 16).is_ok();
        is_version.then(|| number.to_owned())
    };
    parts(theirs).is_some() && parts(theirs) == parts(ours)
}
