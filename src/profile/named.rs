//! Resource types and attributes that a profile names outside its overlays and rules: one that is misspelt would guard
//! nothing.

use super::Profile;
use crate::model::{Registry, TypeModel};
use crate::{Error, ErrorKind, Result};

/// Sees that there is a resource type of a name.
///
/// # Errors
/// `InvalidArgument`, with the place in the document.
pub(super) fn known_type(registry: &Registry, name: &str, place: &dyn Fn() -> String) -> Result<()> {
    match registry.resource_type(name) {
        Ok(model) if model.name().eq_ignore_ascii_case(name) => Ok(()),
        Ok(model) => {
            let detail =
                format!("the profile: \"{name}\" is no name of a resource type; did you mean {}?", model.name());
            Err(Error::new(ErrorKind::InvalidArgument, detail).on(place()))
        }
        Err(error) => {
            let detail = format!("the profile: {}", error.detail());
            Err(Error::new(ErrorKind::InvalidArgument, detail).on(place()))
        }
    }
}

/// Sees that one of some resource types has what a path names, or that it names one of their schemas.
fn known_path<'m>(
    mut models: impl Iterator<Item = &'m TypeModel>,
    path: &str,
    place: &dyn Fn() -> String,
) -> Result<()> {
    let mut nearest = None;
    let is_there = |model: &TypeModel| match model.resolve(path) {
        Ok(_) => true,
        Err(unknown) => {
            nearest = nearest.take().or(unknown.nearest);
            false
        }
    };
    if models.any(is_there) {
        return Ok(());
    }
    let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    let detail = format!("the profile: {}: no such attribute \"{path}\"{hint}", place());
    Err(Error::new(ErrorKind::InvalidArgument, detail).on(place()))
}

impl Profile {
    /// Sees that the resource types and attributes are there that its choices and overlays name.
    ///
    /// # Errors
    /// `InvalidArgument`, with the place in the document.
    pub(super) fn check_named(&self, registry: &Registry) -> Result<()> {
        for (name, _) in &self.choices.ids {
            known_type(registry, name, &|| format!("ids.{name}"))?;
        }
        for (index, name) in self.choices.partial.iter().enumerate() {
            known_type(registry, name, &|| format!("replace.partial[{index}]"))?;
        }
        let all = || registry.types().iter().map(|model| &**model);
        for (name, paths) in &self.choices.default_attributes {
            known_type(registry, name, &|| format!("defaultAttributes.{name}"))?;
            for (index, path) in paths.iter().enumerate() {
                let place = || format!("defaultAttributes.{name}[{index}]");
                known_path(all().filter(|model| model.name().eq_ignore_ascii_case(name)), path, &place)?;
            }
        }
        if let Some(repositories) = self.repositories() {
            known_type(registry, &repositories.resource_type, &|| "repositories.resourceType".to_owned())?;
            for (index, path) in repositories.needed.iter().enumerate() {
                known_path(all(), path, &|| format!("repositories.needed[{index}]"))?;
            }
        }
        if let Some(import) = self.import() {
            for (index, path) in import.refused.iter().enumerate() {
                known_path(all(), path, &|| format!("import.refused[{index}]"))?;
            }
            if let Some(path) = &import.authenticators {
                known_path(all(), path, &|| "import.authenticators".to_owned())?;
            }
        }
        self.shape.check_named(registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::builtin;
    use crate::model::AttributeNumbers;

    #[test]
    fn names_of_nothing_are_told_with_their_place() {
        let types = builtin::resource_types().unwrap().into_iter().map(Some).collect();
        let registry = Registry::build(builtin::schemas().unwrap(), types, &mut AttributeNumbers::default()).unwrap();
        let cases = [
            (r#""ids": {"Usr": "numeric"}"#, "ids.Usr"),
            (r#""replace": {"partial": ["User", "Users"]}"#, "replace.partial[1]"),
            (r#""defaultAttributes": {"User": ["userName", "nickNam"]}"#, "defaultAttributes.User[1]"),
            (r#""defaultAttributes": {"User": ["members"]}"#, "defaultAttributes.User[0]"),
            (r#""repositories": {"resourceType": "Usr"}"#, "repositories.resourceType"),
            (r#""repositories": {"resourceType": "User", "needed": ["kind"]}"#, "repositories.needed[0]"),
            (r#""import": {"refused": ["groups", "rolls"]}"#, "import.refused[1]"),
            (r#""import": {"authenticators": "tokens"}"#, "import.authenticators"),
            (
                r#""attributes": {"User": {"title": {"known": {"resourceType": "Rank"}}}}"#,
                "attributes.User.title.known",
            ),
            (r#""attributes": {"Group": {"members": {"types": ["Usr"]}}}"#, "attributes.Group.members.types"),
        ];
        for (members, place) in cases {
            let profile: Profile = format!(r#"{{"name": "p", {members}}}"#).parse().unwrap();
            let error = profile.check_paths(&registry).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidArgument, Some(place)), "{error}");
        }
        let sound = r#"{"name": "p", "ids": {"user": "client"}, "defaultAttributes": {"User": ["name.givenName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]}}"#;
        sound.parse::<Profile>().unwrap().check_paths(&registry).unwrap();
    }
}
