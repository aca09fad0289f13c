//! Other names of what a resource type has, as some systems write them: of a schema's URN, of an attribute, of a
//! sub-attribute. What the schemas define goes before any alias.

use super::{Definition, PathTarget, Target, TypeModel};

impl TypeModel {
    /// The aliases: each a path, or the head of one, and what it stands for.
    pub fn aliases(&self) -> &[(String, String)] {
        &self.aliases
    }

    /// The path that is meant by one that begins with an alias; the longest alias counts. None where none fits.
    pub fn real_path(&self, path: &str) -> Option<String> {
        let rest = |alias: &str| {
            let (head, rest) = path.split_at_checked(alias.len())?;
            let ends = rest.is_empty() || rest.starts_with([':', '.']);
            (ends && head.eq_ignore_ascii_case(alias)).then_some(rest)
        };
        let fitting = self.aliases.iter().filter_map(|(alias, real)| Some((alias.len(), real, rest(alias)?)));
        fitting.max_by_key(|(length, ..)| *length).map(|(_, real, rest)| format!("{real}{rest}"))
    }

    /// The paths that may be meant by one: an alias of a schema's URN may stand before the alias of an attribute.
    pub(super) fn real_paths(&self, path: &str) -> impl Iterator<Item = String> {
        std::iter::successors(self.real_path(path), |path| self.real_path(path)).take(2)
    }

    /// The schema of the resource type that a URN names, by an alias too; as it is registered.
    pub fn schema_named(&self, urn: &str) -> Option<&str> {
        let known = |urn: &str| self.schema_urns().find(|known| known.eq_ignore_ascii_case(urn));
        known(urn).or_else(|| known(&self.real_path(urn)?))
    }

    /// The attribute that an alias names in a body: at its top, or in the object of an extension.
    pub fn attribute_by_alias(&self, schema: Option<&str>, name: &str) -> Option<&Definition> {
        let path = match schema {
            Some(schema) => self.real_path(&format!("{schema}:{name}")),
            None => self.real_path(name),
        }?;
        match self.find(&path)? {
            PathTarget::Attribute(Target { attribute, sub: None }) => self.definition(attribute),
            _ => None,
        }
    }

    /// The sub-attribute that an alias names in the object of its attribute.
    pub(super) fn child_by_alias(&self, parent: &Definition, name: &str) -> Option<&Definition> {
        match self.find(&self.real_path(&format!("{}.{name}", parent.path))?)? {
            PathTarget::Attribute(Target { attribute, sub: Some(sub) }) if attribute == parent.id => {
                self.definition(sub)
            }
            _ => None,
        }
    }
}
