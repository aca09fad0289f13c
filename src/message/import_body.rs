//! The body of an import that is queued: `{"users": […], "group": {"value": …}, "authenticatorPolicy": {"value": …}}`. It
//! may be larger than the memory, so it is read from a stream, and each user is handed on as it comes. No schema is known
//! here.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::input::{parse_input, syntax_error};
use super::lines::MAX_LINE;
use super::part::Part;
use crate::model::{Input, nearest};
use crate::{Error, ErrorKind, Result};

/// The names at the top of the body.
const NAMES: [&str; 4] = ["schemas", "users", "group", "authenticatorPolicy"];

/// Bytes that are read at a time.
const READ_BYTES: usize = 64 << 10;

/// What is taken of a body at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportLimits {
    /// Bytes of the body.
    pub bytes: u64,
    /// Users in it.
    pub users: u64,
}

/// What a body says beside its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportTerms {
    /// The id of the group that the users become members of.
    pub group: String,
    /// The policy of the authenticator that each of them gets.
    pub authenticator_policy: Option<String>,
    /// How many users there were.
    pub users: u64,
}

/// Where the parts of a body go while it is read.
pub trait ImportSink {
    /// The group is known: before the users, if it stands before them.
    ///
    /// # Errors
    /// What ends the import.
    fn group(&mut self, id: &str) -> Result<()>;

    /// A user: a JSON object, as it was sent.
    ///
    /// # Errors
    /// What ends the import.
    fn user(&mut self, json: &str) -> Result<()>;
}

/// Reads a body to its end. Its members may stand in any order.
///
/// # Errors
/// `InvalidSyntax` with the byte offset for what is no such body, `InvalidValue` for one that names no group,
/// `PayloadTooLarge`. An error of the stream: an [`Error`] that it wraps as it is, else `Io`. The sink's own.
pub fn read_import(body: &mut dyn Read, limits: ImportLimits, sink: &mut dyn ImportSink) -> Result<ImportTerms> {
    let gauge = Gauge {
        taken: Cell::new(0),
        marked: Cell::new(0),
        most: limits.bytes,
        problem: Cell::new(None),
        is_over: Cell::new(false),
    };
    let meter = Meter { body, buffer: vec![0; READ_BYTES], at: 0, end: 0, gauge: &gauge };
    let mut parser = serde_json::Deserializer::from_reader(meter);
    let seed = BodySeed { sink, gauge: &gauge, most_users: limits.users };
    let read = seed.deserialize(&mut parser).and_then(|parts| parser.end().map(|()| parts));
    let Parts { group, authenticator_policy, users, .. } = read.map_err(|error| {
        gauge.problem.take().unwrap_or_else(|| {
            // What stopped the parser is the last byte that it took, if there was one.
            let offset = gauge.taken.get().saturating_sub(u64::from(!error.is_eof()));
            wrong_text(&error).at_offset(usize::try_from(offset).unwrap_or(usize::MAX))
        })
    })?;
    let missing = |name: &str, detail: &str| Error::new(ErrorKind::InvalidValue, format!("{name} {detail}")).on(name);
    let users = users.ok_or_else(|| missing("users", "is missing: an array of the users to import"))?;
    let group = group.ok_or_else(|| missing("group.value", "is missing: the id of the group of the users"))?;
    Ok(ImportTerms { group, authenticator_policy, users })
}

fn wrong_text(error: &serde_json::Error) -> Error {
    if !error.is_data() {
        return syntax_error(error);
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    Error::new(ErrorKind::InvalidSyntax, format!("the body is no import: {what}"))
}

/// How much was read, and what stopped the reading: the parser's own errors carry only text.
struct Gauge {
    taken: Cell<u64>,
    /// How much had been taken when the last part began.
    marked: Cell<u64>,
    most: u64,
    problem: Cell<Option<Error>>,
    /// Whether there was one. The parser looks for the end of what it is in even then, and must not wait for that.
    is_over: Cell<bool>,
}

impl Gauge {
    /// A new part begins.
    fn mark(&self) {
        self.marked.set(self.taken.get());
    }

    fn take(&self) -> Result<()> {
        let taken = self.taken.get() + 1;
        self.taken.set(taken);
        if taken > self.most {
            let detail = format!("the import has more than {} bytes: send it in parts", self.most);
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
        }
        if taken - self.marked.get() > MAX_LINE as u64 {
            let detail = format!("a part of the import, a user say, is longer than {MAX_LINE} bytes");
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
        }
        Ok(())
    }

    fn refuse<E: serde::de::Error>(&self, error: Error) -> E {
        self.is_over.set(true);
        self.problem.set(Some(error));
        E::custom("refused")
    }

    fn refuse_reading(&self, error: Error) -> io::Error {
        self.is_over.set(true);
        self.problem.set(Some(error));
        io::Error::other("refused")
    }
}

/// A stream whose bytes are counted one by one, as the parser takes them.
struct Meter<'a> {
    body: &'a mut dyn Read,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    gauge: &'a Gauge,
}

impl Meter<'_> {
    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.end) = (0, 0);
        loop {
            match self.body.read(&mut self.buffer) {
                Ok(count) => {
                    self.end = count;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.gauge.refuse_reading(of_stream(error))),
            }
        }
    }
}

/// What a stream says: an error of ours that it wraps, or one of the machine.
fn of_stream(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(ErrorKind::Io, "the import could not be read to its end").caused_by(error),
    }
}

impl Read for Meter<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(first) = into.first_mut() else { return Ok(0) };
        if self.gauge.is_over.get() {
            return Err(io::Error::other("refused"));
        }
        if self.at == self.end {
            self.fill()?;
        }
        let Some(byte) = self.buffer.get(self.at..self.end).and_then(<[u8]>::first) else { return Ok(0) };
        *first = *byte;
        self.at += 1;
        match self.gauge.take() {
            Ok(()) => Ok(1),
            Err(error) => Err(self.gauge.refuse_reading(error)),
        }
    }
}

/// What was found of a body.
#[derive(Default)]
struct Parts {
    seen: Vec<&'static str>,
    group: Option<String>,
    authenticator_policy: Option<String>,
    users: Option<u64>,
}

struct BodySeed<'a> {
    sink: &'a mut dyn ImportSink,
    gauge: &'a Gauge,
    most_users: u64,
}

impl<'de> DeserializeSeed<'de> for BodySeed<'_> {
    type Value = Parts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with users and their group")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Parts, A::Error> {
        let BodySeed { sink, gauge, most_users } = self;
        let mut parts = Parts::default();
        while let Some(sent) = members.next_key::<String>()? {
            gauge.mark();
            let name = known(&sent).map_err(|error| gauge.refuse(error))?;
            if parts.seen.contains(&name) {
                let detail = format!("\"{name}\" stands twice in the body; letter case makes no difference");
                return Err(gauge.refuse(Error::new(ErrorKind::InvalidSyntax, detail).on(name)));
            }
            parts.seen.push(name);
            match name {
                "users" => {
                    let users = UsersSeed { sink: &mut *sink, gauge, most: most_users };
                    parts.users = Some(members.next_value_seed(users)?);
                }
                "schemas" => drop(members.next_value::<IgnoredAny>()?),
                _ => {
                    let raw = members.next_value::<Box<RawValue>>()?;
                    let value = reference(name, raw.get()).map_err(|error| gauge.refuse(error))?;
                    if name == "group" {
                        if let Some(id) = &value {
                            sink.group(id).map_err(|error| gauge.refuse(error))?;
                        }
                        parts.group = value;
                    } else {
                        parts.authenticator_policy = value;
                    }
                }
            }
            gauge.mark();
        }
        Ok(parts)
    }
}

/// The name that was sent, as it is written here.
fn known(sent: &str) -> Result<&'static str> {
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(sent)).ok_or_else(|| {
        let near = nearest(sent, &mut NAMES.iter().map(|name| (*name, *name)));
        let hint =
            near.map_or_else(|| format!("; there are {}", NAMES.join(", ")), |near| format!("; did you mean {near}?"));
        Error::new(ErrorKind::InvalidSyntax, format!("{sent} is unknown in an import{hint}")).on(sent)
    })
}

/// The `value` of a reference; what else clients put into one is of no account. None for null.
fn reference(name: &str, json: &str) -> Result<Option<String>> {
    // Where it stands in the body, the parser of this part does not know.
    let input = parse_input(json.as_bytes()).map_err(|error| Error::new(error.kind(), error.detail()).on(name))?;
    if input == Input::Null {
        return Ok(None);
    }
    let mut part = Part::within(input, name.to_owned())?;
    let value = part.take_string("value")?.filter(|value| !value.is_empty());
    for known in ["display", "$ref", "type"] {
        drop(part.take_any(known));
    }
    part.finish(&["value", "display", "$ref", "type"])?;
    match value {
        Some(value) => Ok(Some(value)),
        None => {
            let path = format!("{name}.value");
            Err(Error::new(ErrorKind::InvalidValue, format!("{path} is missing")).on(path))
        }
    }
}

struct UsersSeed<'a> {
    sink: &'a mut dyn ImportSink,
    gauge: &'a Gauge,
    most: u64,
}

impl<'de> DeserializeSeed<'de> for UsersSeed<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for UsersSeed<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("users, an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u64, A::Error> {
        let UsersSeed { sink, gauge, most } = self;
        let mut count = 0;
        while let Some(raw) = items.next_element::<Box<RawValue>>()? {
            let json = raw.get();
            if count == most {
                let detail = format!("the import has more than {most} users: send it in parts");
                return Err(gauge.refuse(Error::new(ErrorKind::PayloadTooLarge, detail).on("users")));
            }
            if !json.starts_with('{') {
                let path = format!("users[{count}]");
                let error = Error::new(ErrorKind::InvalidSyntax, format!("{path} is no object: a user is one"));
                return Err(gauge.refuse(error.on(path)));
            }
            sink.user(json).map_err(|error| gauge.refuse(error))?;
            count += 1;
            gauge.mark();
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept {
        groups: Vec<String>,
        users: Vec<String>,
    }

    impl ImportSink for Kept {
        fn group(&mut self, id: &str) -> Result<()> {
            self.groups.push(id.to_owned());
            Ok(())
        }

        fn user(&mut self, json: &str) -> Result<()> {
            self.users.push(json.to_owned());
            Ok(())
        }
    }

    /// Gives a byte at a time, and then an error if there is one.
    struct Drops<'a>(&'a [u8], Option<Error>);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty()
                && let Some(error) = self.1.take()
            {
                return Err(io::Error::other(error));
            }
            self.0.read(&mut into[..1])
        }
    }

    const LIMITS: ImportLimits = ImportLimits { bytes: 4 << 20, users: 3 };

    fn read(text: &str) -> Result<(ImportTerms, Kept)> {
        let mut kept = Kept::default();
        read_import(&mut Drops(text.as_bytes(), None), LIMITS, &mut kept).map(|terms| (terms, kept))
    }

    #[test]
    fn members_stand_in_any_order_and_users_stay_as_they_were_sent() {
        let users = r#"[{"externalId": "a\u00e9", "x": [1.50, {}]} , {"b":"}"}]"#;
        let group = r#"{"value": "USG_FTEMP", "$ref": "../Groups/1"}"#;
        for text in [
            format!(r#"{{"users": {users}, "group": {group}, "AuthenticatorPolicy": {{"value": "AT"}}}}"#),
            format!(
                r#" {{"authenticatorPolicy": {{"value": "AT"}}, "schemas": [], "group": {group}, "Users": {users}}} "#
            ),
        ] {
            let (terms, kept) = read(&text).unwrap();
            let policy = Some("AT".to_owned());
            assert_eq!(terms, ImportTerms { group: "USG_FTEMP".into(), authenticator_policy: policy, users: 2 });
            assert_eq!(kept.users, [r#"{"externalId": "a\u00e9", "x": [1.50, {}]}"#, r#"{"b":"}"}"#]);
            assert_eq!(kept.groups, ["USG_FTEMP"]);
        }
        let (terms, _) = read(r#"{"users":[],"group":{"value":"1"},"authenticatorPolicy":null}"#).unwrap();
        assert_eq!((terms.users, terms.authenticator_policy), (0, None));
    }

    #[test]
    fn what_is_no_import_is_refused_with_its_place() {
        use ErrorKind::{InvalidSyntax, InvalidValue, PayloadTooLarge};
        let cases = [
            ("", InvalidSyntax, None, Some(0)),
            ("[]", InvalidSyntax, None, Some(0)),
            (r#"{"users": [{]"#, InvalidSyntax, None, Some(12)),
            (r#"{"users": [{}"#, InvalidSyntax, None, Some(13)),
            (r#"{"users": null}"#, InvalidSyntax, None, None),
            (r#"{"users": [{}, 7]}"#, InvalidSyntax, Some("users[1]"), None),
            (r#"{"users": [], "groups": {}}"#, InvalidSyntax, Some("groups"), None),
            (r#"{"users": [], "USERS": []}"#, InvalidSyntax, Some("users"), None),
            (r#"{"users": []}"#, InvalidValue, Some("group.value"), None),
            (r#"{"group": {"value": "1"}}"#, InvalidValue, Some("users"), None),
            (r#"{"users": [], "group": {"value": ""}}"#, InvalidValue, Some("group.value"), None),
            (r#"{"users": [], "group": {"id": "1", "value": "1"}}"#, InvalidSyntax, Some("group.id"), None),
            (r#"{"users": [], "group": {"value": "1"}} x"#, InvalidSyntax, None, Some(39)),
            (r#"{"users": [{},{},{},{}], "group": {"value": "1"}}"#, PayloadTooLarge, Some("users"), None),
        ];
        for (text, kind, attribute, offset) in cases {
            let error = read(text).map(|(terms, _)| terms).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, attribute), "{text}: {error}");
            assert!(offset.is_none() || error.offset() == offset, "{text}: {:?}", error.offset());
        }
    }

    #[test]
    fn nobody_waits_for_more_of_what_is_refused() {
        /// A body that must not be read further.
        struct Ends<'a>(&'a [u8]);
        impl Read for Ends<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                assert!(!self.0.is_empty(), "it was refused already");
                self.0.read(into)
            }
        }
        for text in [r#"{"users": [{}, 7,"#, r#"{"users": [], "groups":"#, r#"{"group": {"value": 7}"#] {
            let error = read_import(&mut Ends(text.as_bytes()), LIMITS, &mut Kept::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSyntax, "{text}");
        }
    }

    #[test]
    fn a_stream_that_breaks_off_or_never_ends_is_told() {
        let cut = Error::new(ErrorKind::Cancelled, "the client went away");
        let mut body = Drops(br#"{"users": [{"a": 1}"#, Some(cut));
        let error = read_import(&mut body, LIMITS, &mut Kept::default()).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Cancelled, "the client went away"));
        let long = format!(r#"{{"users": [{{"a": "{}"}}]}}"#, "x".repeat(MAX_LINE));
        assert_eq!(read(&long).map(|(terms, _)| terms).unwrap_err().kind(), ErrorKind::PayloadTooLarge);
        let limits = ImportLimits { bytes: 20, users: 3 };
        let error = read_import(&mut &b"{\"users\": [          ]}"[..], limits, &mut Kept::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    }
}
