//! Named permissions: operations on resource types, which tokens of the tenant may be limited to.

use super::Profile;
use crate::message::Part;
use crate::model::Registry;
use crate::{Error, ErrorKind, Result};

/// What can be done with the resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read one by its id.
    Get,
    /// Search them, and watch their changes.
    Search,
    /// Create one.
    Create,
    /// Replace one.
    Replace,
    /// Modify one.
    Modify,
    /// Delete one.
    Delete,
    /// Import many.
    Import,
    /// Purge what is left of one that was deleted.
    Forget,
}

/// The operations by the words of the document; `read` stands for two of them.
const WORDS: &[(&str, &[Operation])] = &[
    ("read", &[Operation::Get, Operation::Search]),
    ("get", &[Operation::Get]),
    ("search", &[Operation::Search]),
    ("create", &[Operation::Create]),
    ("replace", &[Operation::Replace]),
    ("modify", &[Operation::Modify]),
    ("delete", &[Operation::Delete]),
    ("import", &[Operation::Import]),
    ("forget", &[Operation::Forget]),
];

impl Operation {
    /// The word of the document.
    pub fn keyword(self) -> &'static str {
        WORDS.iter().find(|(_, operations)| *operations == [self]).map_or("read", |(word, _)| word)
    }
}

/// A permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    name: String,
    needs: Vec<String>,
    allows: Vec<Allowance>,
}

/// Operations on some resource types.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowance {
    /// Empty: all.
    resource_types: Vec<String>,
    operations: Vec<Operation>,
}

/// The names of an object in `permissions`.
const NAMES: &[&str] = &["name", "needs", "allows"];

impl Permission {
    /// The name, which tokens are given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The permissions that a token must have as well for this one to count.
    pub fn needs(&self) -> &[String] {
        &self.needs
    }

    fn allows(&self, operation: Operation, resource_type: &str) -> bool {
        self.allows.iter().any(|allowance| {
            let mut types = allowance.resource_types.iter();
            allowance.operations.contains(&operation)
                && (allowance.resource_types.is_empty() || types.any(|name| name.eq_ignore_ascii_case(resource_type)))
        })
    }

    /// Whether it counts for who has these permissions.
    fn counts(&self, held: &[String]) -> bool {
        let has = |name: &String| held.iter().any(|held| held == name);
        has(&self.name) && self.needs.iter().all(has)
    }

    /// The names that a token needs for it.
    fn needed(&self) -> String {
        let names = std::iter::once(&self.name).chain(&self.needs).map(|name| format!("\"{name}\""));
        names.collect::<Vec<_>>().join(" with ")
    }

    fn read(mut part: Part) -> Result<Self> {
        let name = part.need_string("name")?;
        if name.trim().is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(part.error(ErrorKind::InvalidValue, "name", "has 1 to 64 bytes without control characters"));
        }
        let needs = part.take_strings("needs")?;
        let allows = part.need_objects("allows")?.map(|part| Allowance::read(part?)).collect::<Result<_>>()?;
        part.finish(NAMES)?;
        Ok(Permission { name, needs, allows })
    }
}

impl Allowance {
    fn read(mut part: Part) -> Result<Self> {
        let resource_types = part.take_strings("resourceTypes")?;
        let mut operations = Vec::new();
        for (index, word) in part.take_strings("operations")?.iter().enumerate() {
            let known = WORDS.iter().find(|(known, _)| known == word);
            let Some((_, meant)) = known else {
                let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                let detail = format!("is none of {}", words.join(", "));
                return Err(part.error(ErrorKind::InvalidValue, &format!("operations[{index}]"), &detail));
            };
            operations.extend_from_slice(meant);
        }
        if operations.is_empty() {
            return Err(part.error(ErrorKind::InvalidSyntax, "operations", "is missing"));
        }
        part.finish(&["resourceTypes", "operations"])?;
        Ok(Allowance { resource_types, operations })
    }
}

/// Reads the member `permissions`, over those of the profile that is extended: one of the same name takes its place.
pub(super) fn read(part: &mut Part, base: Option<&Profile>) -> Result<Vec<Permission>> {
    let own = part.take_objects("permissions")?.map(|part| Permission::read(part?)).collect::<Result<Vec<_>>>()?;
    for (index, permission) in own.iter().enumerate() {
        if own.iter().take(index).any(|earlier| earlier.name == permission.name) {
            let place = format!("permissions[{index}].name");
            return Err(part.error(ErrorKind::InvalidValue, &place, "stands there twice"));
        }
    }
    let is_own = |inherited: &&Permission| own.iter().any(|own| own.name == inherited.name);
    let inherited = base.map(Profile::permissions).unwrap_or_default().iter().filter(|it| !is_own(it)).cloned();
    let all: Vec<Permission> = inherited.chain(own.iter().cloned()).collect();
    for (index, permission) in own.iter().enumerate() {
        if let Some(needed) = permission.needs.iter().find(|needed| !all.iter().any(|it| it.name == **needed)) {
            let place = format!("permissions[{index}].needs");
            return Err(part.error(
                ErrorKind::InvalidValue,
                &place,
                &format!("names \"{needed}\", which there is not"),
            ));
        }
    }
    Ok(all)
}

impl Profile {
    /// The permissions that tokens may be limited to.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// Refuses names that are no permissions of this profile.
    ///
    /// # Errors
    /// `InvalidArgument`, naming those there are.
    pub fn check_permissions(&self, names: &[String]) -> Result<()> {
        let Some(unknown) = names.iter().find(|name| !self.permissions.iter().any(|it| it.name == **name)) else {
            return Ok(());
        };
        let known: Vec<String> = self.permissions.iter().map(|it| format!("\"{}\"", it.name)).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("the tenant's profile has no permission \"{unknown}\"; it has {known}");
        Err(Error::new(ErrorKind::InvalidArgument, detail).on("permissions"))
    }

    /// Refuses an operation that none of the permissions that somebody has allows.
    ///
    /// # Errors
    /// `Forbidden`, naming the permission that it needs.
    pub fn allow(&self, held: &[String], operation: Operation, resource_type: &str) -> Result<()> {
        let mut allowing = self.permissions.iter().filter(|it| it.allows(operation, resource_type)).peekable();
        let needed = allowing.peek().map(|permission| permission.needed());
        if allowing.any(|permission| permission.counts(held)) {
            return Ok(());
        }
        let needed = match needed {
            Some(needed) => format!("it needs the permission {needed}"),
            None => "no permission of the tenant allows that".to_owned(),
        };
        let detail = format!("this token may not {} a {resource_type}: {needed}", operation.keyword());
        Err(Error::new(ErrorKind::Forbidden, detail))
    }

    /// Sees that the resource types of every permission are there.
    pub(super) fn check_permission_types(&self, registry: &Registry) -> Result<()> {
        for (index, permission) in self.permissions.iter().enumerate() {
            for (inner, allowance) in permission.allows.iter().enumerate() {
                let place = || format!("permissions[{index}].allows[{inner}].resourceTypes");
                let mut names = allowance.resource_types.iter();
                names.try_for_each(|name| super::known_type(registry, name, &place))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"name": "p", "permissions": [
        {"name": "Read users", "allows": [{"resourceTypes": ["User"], "operations": ["read"]}]},
        {"name": "Change users", "needs": ["Read users"],
         "allows": [{"resourceTypes": ["user"], "operations": ["replace", "modify"]}]},
        {"name": "Delete", "allows": [{"operations": ["delete"]}]}]}"#;

    fn held(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn permissions_allow_what_they_say() {
        let profile: Profile = DOCUMENT.parse().unwrap();
        let cases: [(&[&str], Operation, &str, bool); 10] = [
            (&["Read users"], Operation::Get, "User", true),
            (&["Read users"], Operation::Search, "User", true),
            (&["Read users"], Operation::Get, "Group", false),
            (&["Read users"], Operation::Create, "User", false),
            // It counts only with the one that it needs.
            (&["Change users"], Operation::Replace, "User", false),
            (&["Change users", "Read users"], Operation::Replace, "User", true),
            (&["Delete"], Operation::Delete, "Group", true),
            (&["delete"], Operation::Delete, "Group", false),
            (&["Gone"], Operation::Get, "User", false),
            (&[], Operation::Get, "User", false),
        ];
        for (names, operation, resource_type, expected) in cases {
            let allowed = profile.allow(&held(names), operation, resource_type);
            assert_eq!(allowed.is_ok(), expected, "{names:?} {operation:?} {resource_type}");
        }
        let refused = |names: &[&str], operation| profile.allow(&held(names), operation, "User").unwrap_err();
        let error = refused(&["Read users"], Operation::Modify);
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.detail().ends_with("it needs the permission \"Change users\" with \"Read users\""), "{error}");
        assert!(refused(&[], Operation::Import).detail().ends_with("no permission of the tenant allows that"));
        profile.check_permissions(&held(&["Delete"])).unwrap();
        let error = profile.check_permissions(&held(&["Delete", "Fly"])).unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidArgument, Some("permissions")));
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            (r#"[{"allows": []}]"#, "permissions[0].name"),
            (r#"[{"name": "a"}]"#, "permissions[0].allows"),
            (r#"[{"name": "", "allows": [{"operations": ["get"]}]}]"#, "permissions[0].name"),
            (r#"[{"name": "a", "allows": [{"operations": []}]}]"#, "permissions[0].allows[0].operations"),
            (
                r#"[{"name": "a", "allows": [{"operations": ["get", "fly"]}]}]"#,
                "permissions[0].allows[0].operations[1]",
            ),
            (r#"[{"name": "a", "allows": [{"operation": "get"}]}]"#, "permissions[0].allows[0].operations"),
            (r#"[{"name": "a", "needs": ["b"], "allows": [{"operations": ["get"]}]}]"#, "permissions[0].needs"),
            (
                r#"[{"name": "a", "allows": [{"operations": ["get"]}]}, {"name": "a", "allows": [{"operations": ["get"]}]}]"#,
                "permissions[1].name",
            ),
        ];
        for (permissions, place) in cases {
            let document = format!(r#"{{"name": "p", "permissions": {permissions}}}"#);
            let error = document.parse::<Profile>().unwrap_err();
            assert_eq!(error.attribute(), Some(place), "{permissions}: {error}");
        }
    }

    #[test]
    fn every_operation_has_a_word() {
        for (word, operations) in WORDS {
            assert!(operations.len() == 2 || operations[0].keyword() == *word, "{word}");
        }
    }
}
