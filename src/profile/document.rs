//! A profile, and how its document is read.

use std::str::FromStr;

use super::choices::Choices;
use super::rules::{self, Rule};
use super::shape::Shape;
use super::{Encryption, MountPath, Permission, ProfileLimits, paths, permissions};
use crate::message::{Part, input_json, parse_input};
use crate::model::Input;
use crate::patch::Dialect;
use crate::{Error, ErrorKind, Result};

/// The names at the top of the document.
const NAMES: &[&str] = &[
    "name",
    "description",
    "extends",
    "dialect",
    "sensitive",
    "limits",
    "schemas",
    "resourceTypes",
    "attributes",
    "rules",
    "aliases",
    "resources",
    "createStatus",
    "ids",
    "versions",
    "replace",
    "defaultAttributes",
    "apiVersions",
    "repositories",
    "import",
    "endpoints",
    "encryption",
    "paths",
    "permissions",
];

/// Bytes of a document at most: it is read whenever its tenant is opened.
const MAX_BYTES: usize = 256 << 10;

/// A tenant's profile. `docs/PROFILES.md` describes the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    name: String,
    description: String,
    dialect: &'static Dialect,
    sensitive: Vec<String>,
    limits: ProfileLimits,
    pub(super) shape: Shape,
    pub(super) rules: Vec<Rule>,
    pub(super) choices: Choices,
    pub(super) endpoints: Vec<String>,
    pub(super) paths: Vec<MountPath>,
    pub(super) permissions: Vec<Permission>,
    pub(super) encryption: Vec<Encryption>,
    /// As it was given, without white space.
    document: String,
}

impl Profile {
    /// Reads a document.
    ///
    /// # Errors
    /// `InvalidSyntax` for what is no such document, `InvalidValue` for a value that does not fit; both name the place,
    /// as in `limits.maxPage`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        Self::from_json_over(json, Profile::builtins())
    }

    /// Reads a document that may extend these.
    pub(super) fn from_json_over(json: &[u8], bases: &[Profile]) -> Result<Self> {
        if json.len() > MAX_BYTES {
            let detail = format!("the profile has {} bytes; {MAX_BYTES} at most", json.len());
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
        }
        let input = parse_input(json)?;
        let document = input_json(&input);
        Self::read(input, document, bases).map_err(|error| error.within("the profile"))
    }

    fn read(input: Input, document: String, bases: &[Profile]) -> Result<Self> {
        let mut part = Part::within(input, String::new())?;
        let name = part.need_string("name")?;
        if name.trim().is_empty() || name.len() > 64 {
            return Err(part.error(ErrorKind::InvalidValue, "name", "has 1 to 64 letters"));
        }
        let base = match part.take_string("extends")? {
            None => None,
            Some(of) => match bases.iter().find(|base| base.name.eq_ignore_ascii_case(&of)) {
                Some(profile) => Some(profile),
                None => {
                    let names: Vec<&str> = bases.iter().map(Profile::name).collect();
                    let detail = format!("is one of {}", names.join(", "));
                    return Err(part.error(ErrorKind::InvalidValue, "extends", &detail));
                }
            },
        };
        let dialect = match part.take_string("dialect")? {
            None => base.map_or(&Dialect::STRICT, |base| base.dialect),
            Some(word) => match Dialect::from_name(&word) {
                Some(dialect) => dialect,
                None => {
                    let names: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name).collect();
                    let detail = format!("is one of {}", names.join(", "));
                    return Err(part.error(ErrorKind::InvalidValue, "dialect", &detail));
                }
            },
        };
        let mut sensitive = base.map(|base| base.sensitive.clone()).unwrap_or_default();
        sensitive.extend(part.take_strings("sensitive")?);
        let limits = part.take_object("limits")?.map(ProfileLimits::read).transpose()?.unwrap_or_default();
        let limits = limits.or(base.map(|base| base.limits).unwrap_or_default());
        let mut endpoints = base.map(|base| base.endpoints.clone()).unwrap_or_default();
        endpoints.extend(super::endpoints::read(&mut part)?);
        let paths = if part.has("paths") { paths::read(&mut part)? } else { inherited(base, |base| &base.paths) };
        let permissions = permissions::read(&mut part, base)?;
        let mut encryption = base.map(|base| base.encryption.clone()).unwrap_or_default();
        encryption.extend(super::encryption::read(&mut part)?);
        let description = part.take_string("description")?.unwrap_or_default();
        let shape = Shape::read(&mut part)?.over(base.map(|base| base.shape.clone()).unwrap_or_default());
        let mut rules = base.map(|base| base.rules.clone()).unwrap_or_default();
        rules.extend(rules::read(&mut part)?);
        let choices = Choices::read(&mut part)?.over(base.map(|base| base.choices.clone()).unwrap_or_default());
        choices.check(&part)?;
        part.finish(NAMES)?;
        Ok(Profile {
            name,
            description,
            dialect,
            sensitive,
            limits,
            shape,
            rules,
            choices,
            endpoints,
            encryption,
            paths,
            permissions,
            document,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for, in a sentence; empty if the document does not say it.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The deviations from the RFCs that are tolerated.
    pub fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// The paths of the attributes that a filter may not name in a URL (RFC 7644 section 7.5.2).
    pub fn sensitive(&self) -> &[String] {
        &self.sensitive
    }

    /// What searches and bulk requests are held to.
    pub fn limits(&self) -> ProfileLimits {
        self.limits
    }

    /// The rules, in the order of the document; those of the profile that it extends first.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The document, without white space.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The shortest text that reads as this profile: the name of one that is built in, else the document.
    pub fn text(&self) -> &str {
        match Profile::builtin(&self.name) {
            Some(builtin) if builtin == self => &self.name,
            _ => &self.document,
        }
    }
}

/// A list of the profile that is extended.
fn inherited<T: Clone>(base: Option<&Profile>, list: impl FnOnce(&Profile) -> &Vec<T>) -> Vec<T> {
    base.map(|base| list(base).clone()).unwrap_or_default()
}

/// The profile that a tenant has unless it is told otherwise: RFC 7643 and RFC 7644 to the letter.
impl Default for Profile {
    fn default() -> Self {
        let nothing_more = || Profile {
            name: "strict".to_owned(),
            description: String::new(),
            dialect: &Dialect::STRICT,
            sensitive: Vec::new(),
            limits: ProfileLimits::default(),
            shape: Shape::default(),
            rules: Vec::new(),
            choices: Choices::default(),
            endpoints: Vec::new(),
            paths: Vec::new(),
            permissions: Vec::new(),
            encryption: Vec::new(),
            document: r#"{"name":"strict"}"#.to_owned(),
        };
        Profile::builtins().first().cloned().unwrap_or_else(nothing_more)
    }
}

/// The name of a profile that is built in, or a document.
impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.trim_start().starts_with('{') {
            return Self::from_json(text.as_bytes());
        }
        Profile::builtin(text).cloned().ok_or_else(|| {
            let names: Vec<&str> = Profile::builtins().iter().map(Profile::name).collect();
            let detail = format!("there is no profile \"{text}\"; there are {}, or give a document", names.join(", "));
            Error::new(ErrorKind::InvalidArgument, detail)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_read() {
        for name in ["strict", "entra", "okta"] {
            assert!(Profile::builtin(name).is_some(), "{name}");
        }
        for dialect in Dialect::ALL {
            let document = format!(r#"{{"name": "acme", "dialect": "{}"}}"#, dialect.name);
            assert_eq!(document.parse::<Profile>().unwrap().dialect(), dialect);
        }
        for profile in Profile::builtins() {
            assert_eq!((profile.dialect().name, profile.text()), (profile.name(), profile.name()));
            assert!(profile.sensitive().is_empty() && !profile.description().is_empty());
            assert_eq!(profile.document().parse::<Profile>().unwrap(), *profile);
        }
        assert_eq!(Profile::default().name(), "strict");
    }

    #[test]
    fn a_profile_extends_another() {
        let document = r#"{"name": "acme", "extends": "okta", "sensitive": ["emails", "name.familyName"],
            "limits": {"maxPage": 200}}"#;
        let profile: Profile = document.parse().unwrap();
        assert_eq!((profile.name(), profile.dialect().name), ("acme", "okta"));
        assert_eq!(profile.sensitive(), ["emails", "name.familyName"]);
        assert_eq!(profile.limits(), ProfileLimits { max_page: Some(200), ..ProfileLimits::default() });
        assert_eq!(profile.text().parse::<Profile>().unwrap(), profile);
        // A dialect of its own wins over that of the profile it extends.
        let profile: Profile = r#"{"name": "b", "extends": "okta", "dialect": "Entra"}"#.parse().unwrap();
        assert_eq!(profile.dialect().name, "entra");
        // One that only shares a name with what is built in is told by its document.
        let profile: Profile = r#"{"name": "entra", "sensitive": ["userName"]}"#.parse().unwrap();
        assert!(profile.text().starts_with('{') && profile.dialect().name == "strict");
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            (r"{}", ErrorKind::InvalidSyntax, "name"),
            (r#"{"name": ""}"#, ErrorKind::InvalidValue, "name"),
            (r#"{"name": "a", "extends": "acme"}"#, ErrorKind::InvalidValue, "extends"),
            (r#"{"name": "a", "dialect": "klingon"}"#, ErrorKind::InvalidValue, "dialect"),
            (r#"{"name": "a", "sensitiv": []}"#, ErrorKind::InvalidSyntax, "sensitiv"),
            (r#"{"name": "a", "sensitive": ["a", 1]}"#, ErrorKind::InvalidSyntax, "sensitive[1]"),
            (r#"{"name": "a", "limits": []}"#, ErrorKind::InvalidSyntax, "limits"),
            (r#"{"name": "a", "limits": {"maxPage": 0}}"#, ErrorKind::InvalidValue, "limits.maxPage"),
            (r#"{"name": "a", "limits": {"maxPages": 7}}"#, ErrorKind::InvalidSyntax, "limits.maxPages"),
            (
                r#"{"name": "a", "limits": {"maxPage": 7, "defaultPage": 8}}"#,
                ErrorKind::InvalidValue,
                "limits.defaultPage",
            ),
        ];
        for (document, kind, place) in cases {
            let error = document.parse::<Profile>().unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, Some(place)), "{document}: {error}");
        }
        let error = r#"{"name": "a", "sensitiv": []}"#.parse::<Profile>().unwrap_err();
        assert_eq!(error.detail(), "the profile: sensitiv is unknown; did you mean sensitive?");
        assert_eq!("klingon".parse::<Profile>().unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!("{".parse::<Profile>().unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }
}
