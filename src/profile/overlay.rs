//! What a profile says of single attributes: other characteristics (RFC 7643 section 7), and constraints beyond them.

use regex_lite::Regex;

use crate::message::Part;
use crate::model::{Input, Mutability, Returned, Uniqueness};
use crate::{Error, ErrorKind, Result};

/// The names of an overlay.
const NAMES: &[&str] = &[
    "required",
    "mutability",
    "returned",
    "caseExact",
    "uniqueness",
    "maxValues",
    "minLength",
    "maxLength",
    "pattern",
    "values",
    "known",
    "operators",
    "joined",
    "showEmpty",
    "since",
    "default",
    "defaultOnReplace",
    "acceptedOnCreate",
    "answeredAs",
    "shownAs",
    "keepOnReplace",
    "types",
];

/// The operators that a filter may have.
const OPERATORS: &[&str] = &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];

/// When an attribute is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Required {
    Never,
    Always,
    Create,
    Replace,
}

/// What is said of one attribute of one resource type. What is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overlay {
    pub(super) resource_type: String,
    pub(super) path: String,
    pub(super) required: Option<Required>,
    pub(super) mutability: Option<Mutability>,
    pub(super) returned: Option<Returned>,
    pub(super) case_exact: Option<bool>,
    pub(super) uniqueness: Option<Uniqueness>,
    pub(super) max_values: Option<usize>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    /// Anchored at both ends.
    pub(super) pattern: Option<String>,
    pub(super) values: Vec<String>,
    /// The resource type, and the sub-attribute for what the resource is called.
    pub(super) known: Option<(String, Option<String>)>,
    pub(super) operators: Vec<String>,
    pub(super) joined: Option<bool>,
    pub(super) show_empty: Option<bool>,
    pub(super) since: Option<u32>,
    pub(super) default: Option<Input>,
    pub(super) default_on_replace: Option<Input>,
    pub(super) accepted_on_create: Vec<String>,
    pub(super) answered_as: Option<String>,
    pub(super) shown_as: Option<String>,
    pub(super) keep_on_replace: Option<bool>,
    pub(super) types: Vec<String>,
}

/// Reads the member `attributes`: resource type → path → overlay.
pub(super) fn read(part: &mut Part) -> Result<Vec<Overlay>> {
    let mut overlays = Vec::new();
    let place = part.path("attributes");
    for (resource_type, paths) in entries(part.take_any("attributes"), &place)? {
        let place = format!("{place}.{resource_type}");
        for (path, overlay) in entries(Some(paths), &place)? {
            let part = Part::within(overlay, format!("{place}.{path}"))?;
            overlays.push(one(part, resource_type.clone(), path)?);
        }
    }
    Ok(overlays)
}

/// The names of an object with their values, in order.
pub(super) fn entries(input: Option<Input>, place: &str) -> Result<Vec<(String, Input)>> {
    match input {
        None | Some(Input::Null) => Ok(Vec::new()),
        Some(Input::Object(object)) => Ok(object.into_iter().collect()),
        Some(other) => {
            let detail = format!("{place}: expected an object, not {}", other.type_name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail).on(place))
        }
    }
}

fn one(mut part: Part, resource_type: String, path: String) -> Result<Overlay> {
    let required = match part.take_any("required") {
        None | Some(Input::Null) => None,
        Some(Input::Boolean(true)) => Some(Required::Always),
        Some(Input::Boolean(false)) => Some(Required::Never),
        Some(Input::String(word)) if word == "create" => Some(Required::Create),
        Some(Input::String(word)) if word == "replace" => Some(Required::Replace),
        Some(_) => {
            return Err(part.error(ErrorKind::InvalidValue, "required", "is true, false, \"create\" or \"replace\""));
        }
    };
    let overlay = Overlay {
        required,
        mutability: word(&mut part, "mutability", Mutability::from_keyword, Mutability::KEYWORDS)?,
        returned: word(&mut part, "returned", Returned::from_keyword, Returned::KEYWORDS)?,
        case_exact: part.take_boolean("caseExact")?,
        uniqueness: word(&mut part, "uniqueness", Uniqueness::from_keyword, Uniqueness::KEYWORDS)?,
        max_values: number(&mut part, "maxValues")?,
        min_length: number(&mut part, "minLength")?,
        max_length: number(&mut part, "maxLength")?,
        pattern: pattern(&mut part)?,
        values: part.take_strings("values")?,
        known: known(&mut part)?,
        operators: operators(&mut part)?,
        joined: part.take_boolean("joined")?,
        show_empty: part.take_boolean("showEmpty")?,
        since: number(&mut part, "since")?.map(|number| u32::try_from(number).unwrap_or(u32::MAX)),
        default: part.take_any("default").filter(|input| !input.is_unassigned()),
        default_on_replace: part.take_any("defaultOnReplace").filter(|input| !input.is_unassigned()),
        accepted_on_create: part.take_strings("acceptedOnCreate")?,
        keep_on_replace: part.take_boolean("keepOnReplace")?,
        shown_as: part.take_string("shownAs")?,
        answered_as: part.take_string("answeredAs")?,
        types: part.take_strings("types")?,
        resource_type,
        path,
    };
    part.finish(NAMES)?;
    Ok(overlay)
}

fn word<T>(part: &mut Part, name: &str, read: impl Fn(&str) -> Option<T>, words: &[&str]) -> Result<Option<T>> {
    let Some(word) = part.take_string(name)? else { return Ok(None) };
    let wrong = || part.error(ErrorKind::InvalidValue, name, &format!("is one of {}", words.join(", ")));
    read(&word).map(Some).ok_or_else(wrong)
}

fn number(part: &mut Part, name: &str) -> Result<Option<usize>> {
    let Some(number) = part.take_integer(name)? else { return Ok(None) };
    let wrong = || part.error(ErrorKind::InvalidValue, name, "is a whole number from 0 on");
    usize::try_from(number).map(Some).map_err(|_| wrong())
}

fn pattern(part: &mut Part) -> Result<Option<String>> {
    let Some(text) = part.take_string("pattern")? else { return Ok(None) };
    match anchored(&text) {
        Ok(regex) => Ok(Some(regex.as_str().to_owned())),
        Err(error) => {
            let detail = format!("is no regular expression: {error}");
            Err(part.error(ErrorKind::InvalidValue, "pattern", &detail))
        }
    }
}

/// A pattern that matches whole texts alone.
fn anchored(text: &str) -> std::result::Result<Regex, regex_lite::Error> {
    // By itself first: what is wrong in it is not to be hidden by what is put around it.
    Regex::new(text).and_then(|_| Regex::new(&format!("^(?:{text})$")))
}

fn known(part: &mut Part) -> Result<Option<(String, Option<String>)>> {
    let Some(mut known) = part.take_object("known")? else { return Ok(None) };
    let found = (known.need_string("resourceType")?, known.take_string("display")?);
    known.finish(&["resourceType", "display"])?;
    Ok(Some(found))
}

fn operators(part: &mut Part) -> Result<Vec<String>> {
    let words = part.take_strings("operators")?;
    if words.iter().all(|word| OPERATORS.contains(&word.as_str())) {
        return Ok(words);
    }
    let detail = format!("is a list of {}", OPERATORS.join(", "));
    Err(part.error(ErrorKind::InvalidValue, "operators", &detail))
}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;
    use crate::profile::Profile;

    #[test]
    fn errors_name_the_attribute_and_what_is_said_of_it() {
        let cases = [
            (r#"{"required": "always"}"#, ErrorKind::InvalidValue, "required"),
            (r#"{"mutability": "readonly-ish"}"#, ErrorKind::InvalidValue, "mutability"),
            (r#"{"returned": 1}"#, ErrorKind::InvalidSyntax, "returned"),
            (r#"{"maxValues": -1}"#, ErrorKind::InvalidValue, "maxValues"),
            (r#"{"pattern": "a)(b"}"#, ErrorKind::InvalidValue, "pattern"),
            (r#"{"operators": ["eq", "like"]}"#, ErrorKind::InvalidValue, "operators"),
            (r#"{"known": {"display": "display"}}"#, ErrorKind::InvalidSyntax, "known.resourceType"),
            (r#"{"maxLenght": 3}"#, ErrorKind::InvalidSyntax, "maxLenght"),
        ];
        for (overlay, kind, name) in cases {
            let document = format!(r#"{{"name": "a", "attributes": {{"User": {{"title": {overlay}}}}}}}"#);
            let error = document.parse::<Profile>().unwrap_err();
            let place = format!("attributes.User.title.{name}");
            assert_eq!((error.kind(), error.attribute()), (kind, Some(&*place)), "{overlay}: {error}");
        }
        for (document, place) in [
            (r#"{"name": "a", "attributes": []}"#, "attributes"),
            (r#"{"name": "a", "attributes": {"User": 7}}"#, "attributes.User"),
        ] {
            assert_eq!(document.parse::<Profile>().unwrap_err().attribute(), Some(place));
        }
    }
}
