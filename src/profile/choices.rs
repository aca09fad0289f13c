//! What a profile chooses of how requests are answered.

use super::Profile;
use super::overlay::entries;
use super::rules::RuleKind;
use crate::message::Part;
use crate::model::{Input, Object};
use crate::{Error, ErrorKind, Result};

/// Who makes the ids of new resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// The store: UUIDs.
    #[default]
    Uuid,
    /// The store: decimal numbers, counted up in the tenant.
    Numeric,
    /// The client, where it sends one; else the store, as UUIDs.
    Client,
}

/// A resource that a tenant is created with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seed {
    pub(crate) resource_type: String,
    pub(crate) resource: Object,
    /// Where it stands in the document, for errors.
    pub(crate) place: String,
}

impl Seed {
    /// Its id, which is that of no other resource of the tenant.
    fn id(&self) -> Option<&str> {
        self.resource.get("id").and_then(Input::as_str)
    }
}

/// Searches in repositories of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositoryChoice {
    pub(crate) resource_type: String,
    /// Attributes that a filter may name only where repositories are searched.
    pub(crate) needed: Vec<String>,
}

/// What imports of users may not have, and where their authenticators stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportChoice {
    pub(crate) refused: Vec<String>,
    pub(crate) authenticators: Option<String>,
}

/// How requests are answered. What is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Choices {
    pub(super) create_status: Option<u16>,
    pub(super) ids: Vec<(String, Ids)>,
    pub(super) numbers_as_versions: Option<bool>,
    pub(super) keep_extensions: Option<bool>,
    pub(super) partial: Vec<String>,
    pub(super) default_attributes: Vec<(String, Vec<String>)>,
    pub(super) api_version: Option<u32>,
    pub(super) sort_from: Option<u32>,
    pub(super) repositories: Option<RepositoryChoice>,
    pub(super) import: Option<ImportChoice>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) seeds: Vec<Seed>,
}

impl Choices {
    /// Takes the members out of the document.
    pub(super) fn read(part: &mut Part) -> Result<Self> {
        let create_status = match part.take_integer("createStatus")? {
            None => None,
            Some(200) => Some(200),
            Some(201) => Some(201),
            Some(_) => return Err(part.error(ErrorKind::InvalidValue, "createStatus", "is 200 or 201")),
        };
        let numbers_as_versions = match part.take_string("versions")?.as_deref() {
            None => None,
            Some("etag") => Some(false),
            Some("number") => Some(true),
            Some(_) => return Err(part.error(ErrorKind::InvalidValue, "versions", "is \"etag\" or \"number\"")),
        };
        let (keep_extensions, partial) = match part.take_object("replace")? {
            None => (None, Vec::new()),
            Some(mut replace) => {
                let found = (replace.take_boolean("keepExtensions")?, replace.take_strings("partial")?);
                replace.finish(&["keepExtensions", "partial"])?;
                found
            }
        };
        let (api_version, sort_from) = api_versions(part)?;
        Ok(Choices {
            create_status,
            ids: ids(part)?,
            numbers_as_versions,
            keep_extensions,
            partial,
            default_attributes: default_attributes(part)?,
            api_version,
            sort_from,
            repositories: repositories(part)?,
            import: import(part)?,
            aliases: aliases(part)?,
            seeds: seeds(part)?,
        })
    }

    /// These, and those of `base` where these say nothing.
    pub(super) fn over(self, base: Choices) -> Self {
        Choices {
            create_status: self.create_status.or(base.create_status),
            ids: both(base.ids, self.ids),
            numbers_as_versions: self.numbers_as_versions.or(base.numbers_as_versions),
            keep_extensions: self.keep_extensions.or(base.keep_extensions),
            partial: base.partial.into_iter().chain(self.partial).collect(),
            default_attributes: both(base.default_attributes, self.default_attributes),
            api_version: self.api_version.or(base.api_version),
            sort_from: self.sort_from.or(base.sort_from),
            repositories: self.repositories.or(base.repositories),
            import: self.import.or(base.import),
            aliases: both(base.aliases, self.aliases),
            seeds: {
                let is_again = |seed: &Seed| self.seeds.iter().any(|own| own.id() == seed.id());
                let kept: Vec<_> = base.seeds.into_iter().filter(|seed| !is_again(seed)).collect();
                kept.into_iter().chain(self.seeds).collect()
            },
        }
    }

    /// Sees that what is chosen, with what was chosen before, can have an effect.
    ///
    /// # Errors
    /// `InvalidSyntax`.
    pub(super) fn check(&self, part: &Part) -> Result<()> {
        match (self.sort_from, self.api_version) {
            (Some(_), None) => Err(part.error(
                ErrorKind::InvalidSyntax,
                "apiVersions.default",
                "is missing: without it there are no versions to sort from",
            )),
            _ => Ok(()),
        }
    }
}

impl Profile {
    /// The status of an answer to a creation: 201 (RFC 7644 section 3.3) unless the profile says otherwise.
    pub fn create_status(&self) -> u16 {
        self.choices.create_status.unwrap_or(201)
    }

    /// Who makes the ids of new resources of a type.
    pub fn ids(&self, resource_type: &str) -> Ids {
        let found = self.choices.ids.iter().find(|(name, _)| name.eq_ignore_ascii_case(resource_type));
        found.map(|(_, ids)| *ids).unwrap_or_default()
    }

    /// Whether `meta.version` is told as a bare number, and not as a weak entity tag.
    pub fn numbers_as_versions(&self) -> bool {
        self.choices.numbers_as_versions.unwrap_or(false)
    }

    /// Whether a replacement leaves alone the extensions that it does not name.
    pub fn keeps_extensions(&self) -> bool {
        self.choices.keep_extensions.unwrap_or(false)
    }

    /// Whether a replacement of a resource of a type leaves alone all that it does not name.
    pub fn replaces_partly(&self, resource_type: &str) -> bool {
        self.choices.partial.iter().any(|name| name.eq_ignore_ascii_case(resource_type))
    }

    /// What a search shows of resources of a type if it does not say what it wants to see; none: what is returned by
    /// default.
    pub fn default_attributes(&self, resource_type: &str) -> Option<&[String]> {
        let found = self.choices.default_attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(resource_type));
        found.map(|(_, paths)| paths.as_slice())
    }

    /// The API version of a request: the one that it asks for, or else the profile's; none where the profile knows no
    /// versions.
    pub fn api_version(&self, asked: Option<u32>) -> Option<u32> {
        self.choices.api_version.map(|default| asked.unwrap_or(default))
    }

    /// Whether requests of an API version can be sorted; where they cannot, `sortBy` is ignored.
    pub fn sorts(&self, asked: Option<u32>) -> bool {
        match (self.choices.sort_from, self.api_version(asked)) {
            (Some(from), Some(version)) => version >= from,
            _ => true,
        }
    }

    /// Whether a parameter of a query means something in a tenant of the profile: one that no RFC defines does where the
    /// profile has what it is about.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("api-version") {
            self.choices.api_version.is_some()
        } else if is("searchRepositories") {
            self.choices.repositories.is_some()
        } else if is("force") {
            self.rules.iter().any(|rule| matches!(rule.kind, RuleKind::InUse { .. }))
        } else {
            true
        }
    }

    /// How repositories of the host are searched, where they are.
    pub(crate) fn repositories(&self) -> Option<&RepositoryChoice> {
        self.choices.repositories.as_ref()
    }

    /// What imports of users are held to.
    pub(crate) fn import(&self) -> Option<&ImportChoice> {
        self.choices.import.as_ref()
    }

    /// Other names of URNs and attributes, and what they are of.
    pub(crate) fn aliases(&self) -> &[(String, String)] {
        &self.choices.aliases
    }

    /// The resources that a tenant of the profile has from the beginning.
    pub(crate) fn seeds(&self) -> &[Seed] {
        &self.choices.seeds
    }
}

/// The entries of both; those of the second win.
fn both<T>(first: Vec<(String, T)>, second: Vec<(String, T)>) -> Vec<(String, T)> {
    let is_again = |name: &str| second.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let kept: Vec<_> = first.into_iter().filter(|(name, _)| !is_again(name)).collect();
    kept.into_iter().chain(second).collect()
}

fn ids(part: &mut Part) -> Result<Vec<(String, Ids)>> {
    let place = part.path("ids");
    let read = |(name, input): (String, Input)| match input.as_str() {
        Some("uuid") => Ok((name, Ids::Uuid)),
        Some("numeric") => Ok((name, Ids::Numeric)),
        Some("client") => Ok((name, Ids::Client)),
        _ => {
            let at = format!("{place}.{name}");
            let detail = format!("{at} is \"uuid\", \"numeric\" or \"client\"");
            Err(Error::new(ErrorKind::InvalidValue, detail).on(at))
        }
    };
    entries(part.take_any("ids"), &place)?.into_iter().map(read).collect()
}

fn default_attributes(part: &mut Part) -> Result<Vec<(String, Vec<String>)>> {
    let Some(mut object) = part.take_object("defaultAttributes")? else { return Ok(Vec::new()) };
    let names: Vec<String> = object.names().map(str::to_owned).collect();
    names.into_iter().map(|name| object.take_strings(&name).map(|paths| (name, paths))).collect()
}

fn api_versions(part: &mut Part) -> Result<(Option<u32>, Option<u32>)> {
    let Some(mut versions) = part.take_object("apiVersions")? else { return Ok((None, None)) };
    let mut number = |name: &str| match versions.take_integer(name)? {
        None => Ok(None),
        Some(number @ 0..=9) => Ok(u32::try_from(number).ok()),
        Some(_) => Err(versions.error(ErrorKind::InvalidValue, name, "is a digit: 0 to 9")),
    };
    let found = (number("default")?, number("sortFrom")?);
    versions.finish(&["default", "sortFrom"])?;
    Ok(found)
}

fn repositories(part: &mut Part) -> Result<Option<RepositoryChoice>> {
    let Some(mut part) = part.take_object("repositories")? else { return Ok(None) };
    let choice =
        RepositoryChoice { resource_type: part.need_string("resourceType")?, needed: part.take_strings("needed")? };
    part.finish(&["resourceType", "needed"])?;
    Ok(Some(choice))
}

fn import(part: &mut Part) -> Result<Option<ImportChoice>> {
    let Some(mut part) = part.take_object("import")? else { return Ok(None) };
    let choice =
        ImportChoice { refused: part.take_strings("refused")?, authenticators: part.take_string("authenticators")? };
    part.finish(&["refused", "authenticators"])?;
    Ok(Some(choice))
}

fn aliases(part: &mut Part) -> Result<Vec<(String, String)>> {
    let place = part.path("aliases");
    let read = |(name, input): (String, Input)| match input {
        Input::String(of) if !of.is_empty() && !name.is_empty() => Ok((name, of)),
        _ => {
            let at = format!("{place}.{name}");
            let detail = format!("{at} is the name that it is another one of");
            Err(Error::new(ErrorKind::InvalidValue, detail).on(at))
        }
    };
    entries(part.take_any("aliases"), &place)?.into_iter().map(read).collect()
}

fn seeds(part: &mut Part) -> Result<Vec<Seed>> {
    let place = part.path("resources");
    let mut seeds: Vec<Seed> = Vec::new();
    for (index, part) in part.take_objects("resources")?.enumerate() {
        let mut part = part?;
        let place = format!("{place}[{index}]");
        let resource_type = part.need_string("resourceType")?;
        let resource = match part.take_any("resource") {
            Some(Input::Object(resource)) => resource,
            _ => return Err(part.error(ErrorKind::InvalidSyntax, "resource", "is a resource with an id")),
        };
        let seed = Seed { resource_type, resource, place };
        match seed.id() {
            None | Some("") => {
                return Err(part.error(ErrorKind::InvalidSyntax, "resource.id", "is a string: the resource's id"));
            }
            id if seeds.iter().any(|other| other.id() == id) => {
                return Err(part.error(ErrorKind::InvalidValue, "resource.id", "is that of another resource here"));
            }
            _ => {}
        }
        part.finish(&["resourceType", "resource"])?;
        seeds.push(seed);
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_choice() {
        let cases = [
            (r#""createStatus": 202"#, ErrorKind::InvalidValue, "createStatus"),
            (r#""versions": "letter""#, ErrorKind::InvalidValue, "versions"),
            (r#""replace": {"keepExtension": true}"#, ErrorKind::InvalidSyntax, "replace.keepExtension"),
            (r#""ids": {"User": "random"}"#, ErrorKind::InvalidValue, "ids.User"),
            (r#""defaultAttributes": {"User": "userName"}"#, ErrorKind::InvalidSyntax, "defaultAttributes.User"),
            (r#""apiVersions": {"default": 10}"#, ErrorKind::InvalidValue, "apiVersions.default"),
            (r#""apiVersions": {"sortFrom": 7}"#, ErrorKind::InvalidSyntax, "apiVersions.default"),
            (
                r#""resources": [{"resourceType": "User", "resource": {"id": 7}}]"#,
                ErrorKind::InvalidSyntax,
                "resources[0].resource.id",
            ),
            (
                r#""resources": [{"resourceType": "User", "resource": {"id": "7"}},
                    {"resourceType": "Group", "resource": {"id": "7"}}]"#,
                ErrorKind::InvalidValue,
                "resources[1].resource.id",
            ),
            (r#""repositories": {"needed": []}"#, ErrorKind::InvalidSyntax, "repositories.resourceType"),
            (r#""aliases": {"role": 1}"#, ErrorKind::InvalidValue, "aliases.role"),
        ];
        for (member, kind, place) in cases {
            let error = format!(r#"{{"name": "a", {member}}}"#).parse::<Profile>().unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, Some(place)), "{member}: {error}");
        }
    }

    #[test]
    fn choices_stand_over_those_that_are_extended() {
        let base: Profile = r#"{"name": "b", "createStatus": 200, "ids": {"User": "numeric", "Group": "client"},
            "apiVersions": {"default": 1, "sortFrom": 7}}"#
            .parse()
            .unwrap();
        let over = br#"{"name": "o", "extends": "b", "ids": {"user": "uuid"}, "createStatus": 201}"#;
        let over = Profile::from_json_over(over, std::slice::from_ref(&base)).unwrap();
        assert_eq!((base.create_status(), over.create_status()), (200, 201));
        assert_eq!((base.ids("USER"), over.ids("User"), over.ids("Group")), (Ids::Numeric, Ids::Uuid, Ids::Client));
        assert_eq!((over.sorts(None), over.sorts(Some(6)), over.sorts(Some(7))), (false, false, true));
        assert_eq!((Profile::default().api_version(Some(3)), Profile::default().sorts(Some(1))), (None, true));
    }
}
