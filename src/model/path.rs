//! Attribute paths (RFC 7644 section 3.10): from text to a place in the schema.
//!
//! ```text
//! attrPath = [URI ":"] ATTRNAME *1subAttr
//! subAttr  = "." ATTRNAME                            ; several, where a schema goes beyond the RFC
//! ATTRNAME = ALPHA *("-" / "_" / DIGIT / ALPHA)      ; and "$ref"
//! ```
//! A URN holds colons and dots itself, so it is recognised by the schemas of the resource type: the longest one that
//! the text begins with.

use super::{AttributeId, BindOptions, Definition, TypeModel};

/// An attribute, or one of its sub-attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The attribute.
    pub attribute: AttributeId,
    /// The sub-attribute. In a schema that goes beyond the RFC it may be a sub-attribute of a sub-attribute of the
    /// attribute, and so on: [`TypeModel::is_deep`](super::TypeModel::is_deep) tells.
    pub sub: Option<AttributeId>,
}

impl Target {
    /// The whole attribute.
    pub const fn whole(attribute: AttributeId) -> Self {
        Target { attribute, sub: None }
    }

    /// The sub-attribute if there is one, else the attribute.
    pub fn leaf(self) -> AttributeId {
        self.sub.unwrap_or(self.attribute)
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathTarget {
    /// An attribute or a sub-attribute.
    Attribute(Target),
    /// All attributes of the core schema: the path was its URN alone.
    Core,
    /// All attributes of an extension: the path was its URN alone. The index is into [`TypeModel::extensions`].
    Extension(usize),
}

/// A path that names nothing: the caller makes an error of its own kind from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPath {
    /// A sentence that says what is unknown, and what is nearest to it.
    pub detail: String,
    /// The nearest known path.
    pub nearest: Option<String>,
}

/// What finds the nearest name.
type Nearest = for<'a> fn(&str, &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Option<String>;

impl TypeModel {
    /// Finds what a path names. Letter case does not matter.
    ///
    /// # Errors
    /// [`UnknownPath`], naming the nearest attribute.
    pub fn resolve(&self, path: &str) -> Result<PathTarget, UnknownPath> {
        self.looked_up(path, nearest)
    }

    /// What a path names, for who ignores what is unknown: nobody then looks for the name that was meant, which takes much
    /// longer than to find one.
    pub fn find(&self, path: &str) -> Option<PathTarget> {
        self.looked_up(path, |_, _| None).ok()
    }

    /// What a path names to who tolerates some deviations: a dot behind a URN, where the options have it.
    ///
    /// # Errors
    /// [`UnknownPath`], naming the nearest attribute.
    pub fn resolve_as(&self, path: &str, options: BindOptions) -> Result<PathTarget, UnknownPath> {
        self.find_as(path, options).map_or_else(|| self.resolve(path), Ok)
    }

    /// [`TypeModel::resolve_as`], for who ignores what is unknown.
    pub fn find_as(&self, path: &str, options: BindOptions) -> Option<PathTarget> {
        let dotted = || options.dotted_extension_keys.then(|| self.resolve_dotted(path)).flatten();
        self.find(path).or_else(dotted)
    }

    /// What a path names that has a dot instead of the colon behind the URN: `urn:…:User.department`.
    pub fn resolve_dotted(&self, path: &str) -> Option<PathTarget> {
        let real = self.real_path(path);
        let path = real.as_deref().unwrap_or(path);
        let head = |urn: &&str| path.get(..urn.len()).is_some_and(|head| head.eq_ignore_ascii_case(urn));
        let rest = |urn: &str| path.get(urn.len()..)?.strip_prefix('.').filter(|rest| !rest.is_empty());
        let named = self.schema_urns().filter(head).filter_map(|urn| Some((urn, rest(urn)?)));
        let (urn, rest) = named.max_by_key(|(urn, _)| urn.len())?;
        self.find(&format!("{urn}:{rest}"))
    }

    fn looked_up(&self, path: &str, nearest: Nearest) -> Result<PathTarget, UnknownPath> {
        if !self.aliases().is_empty() {
            let known = |path: &str| self.looked_up_here(path, |_, _| None).ok();
            if let Some(target) = known(path).or_else(|| self.real_paths(path).find_map(|path| known(&path))) {
                return Ok(target);
            }
        }
        self.looked_up_here(path, nearest)
    }

    fn looked_up_here(&self, path: &str, nearest: Nearest) -> Result<PathTarget, UnknownPath> {
        if !path.contains(':') {
            return self.resolve_in(path, self.core_attributes(), path, nearest);
        }
        let mut longest: Option<(usize, Option<usize>)> = None;
        let extensions = self.extensions().iter().enumerate().map(|(i, e)| (&*e.schema, Some(i)));
        for (urn, place) in std::iter::once((self.resource_type().schema.as_str(), None)).chain(extensions) {
            let begins = path.get(..urn.len()).is_some_and(|head| head.eq_ignore_ascii_case(urn));
            let ends = matches!(path.as_bytes().get(urn.len()), None | Some(b':'));
            if begins && ends && longest.is_none_or(|(length, _)| urn.len() > length) {
                longest = Some((urn.len(), place));
            }
        }
        let Some((length, place)) = longest else {
            let mut urns = self.schema_urns().map(|urn| (urn, urn));
            let nearest = nearest(path.rsplit_once(':').map_or(path, |(urn, _)| urn), &mut urns);
            let hint = nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            let detail = format!("no schema of {} begins \"{path}\"{hint}", self.resource_type().name);
            return Err(UnknownPath { detail, nearest });
        };
        let rest = path.get(length + 1..).unwrap_or("");
        match (place, rest.is_empty()) {
            (None, true) => Ok(PathTarget::Core),
            (Some(index), true) => Ok(PathTarget::Extension(index)),
            (None, false) => self.resolve_in(rest, self.core_attributes(), path, nearest),
            (Some(index), false) => {
                let attributes = self.extensions().get(index).map_or(&[][..], |e| &e.attributes);
                self.resolve_in(rest, attributes, path, nearest)
            }
        }
    }

    /// Finds what a path without a URN names in the extensions; none if no extension has it, or several have.
    pub fn resolve_in_extensions(&self, path: &str) -> Option<PathTarget> {
        let mut found = self.extensions().iter().filter_map(|e| self.find(&format!("{}:{path}", e.schema)));
        match (found.next(), found.next()) {
            (Some(target @ PathTarget::Attribute(_)), None) => Some(target),
            _ => None,
        }
    }

    fn resolve_in(
        &self,
        name: &str,
        among: &[AttributeId],
        whole: &str,
        nearest: Nearest,
    ) -> Result<PathTarget, UnknownPath> {
        let mut names = name.split('.');
        let name = names.next().unwrap_or(name);
        let candidates = || among.iter().filter_map(|id| self.definition(*id));
        let Some(found) = candidates().find(|d| d.is_named(name)) else {
            return Err(self.unknown(whole, name, &mut candidates(), nearest));
        };
        let mut leaf = found;
        for name in names {
            leaf = match self.definitions().child(leaf, name) {
                Some(child) => child,
                None if leaf.children.is_empty() => {
                    let detail = format!("\"{whole}\": {} has no sub-attributes", leaf.path);
                    return Err(UnknownPath { detail, nearest: Some(leaf.path.clone()) });
                }
                None => {
                    let mut children = leaf.children.iter().filter_map(|id| self.definition(*id));
                    return Err(self.unknown(whole, name, &mut children, nearest));
                }
            };
        }
        let sub = (leaf.id != found.id).then_some(leaf.id);
        Ok(PathTarget::Attribute(Target { attribute: found.id, sub }))
    }

    fn unknown(
        &self,
        whole: &str,
        name: &str,
        among: &mut dyn Iterator<Item = &Definition>,
        nearest: Nearest,
    ) -> UnknownPath {
        let nearest = nearest(name, &mut among.map(|d| (d.attribute.name.as_str(), d.path.as_str())));
        let hint = nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        let detail = format!("{} has no attribute \"{whole}\"{hint}", self.resource_type().name);
        UnknownPath { detail, nearest }
    }

    /// Finds the sub-attribute of an attribute by its name; letter case does not matter.
    ///
    /// # Errors
    /// [`UnknownPath`], naming the nearest sub-attribute.
    pub fn resolve_sub(&self, parent: AttributeId, name: &str) -> Result<AttributeId, UnknownPath> {
        let Some(definition) = self.definition(parent) else {
            return Err(UnknownPath { detail: format!("no attribute \"{name}\""), nearest: None });
        };
        let alias = || self.child_by_alias(definition, name);
        let found = self.definitions().child(definition, name).or_else(alias).map(|child| child.id);
        found.ok_or_else(|| {
            let children = definition.children.iter().filter_map(|id| self.definition(*id));
            let nearest = nearest(name, &mut children.map(|d| (d.attribute.name.as_str(), d.attribute.name.as_str())));
            let hint = nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            let detail = format!("{} has no sub-attribute \"{name}\"{hint}", definition.path);
            UnknownPath { detail, nearest }
        })
    }
}

/// Bytes of a name that is compared with the known ones at most: the comparison takes time and memory by the product of
/// both lengths. It holds any URN that somebody types.
const MAX_MISSPELLED: usize = 128;

/// The known name that is nearest to a wrong one, if any is near. Each candidate is a name and what to call it.
pub fn nearest<'a>(wrong: &str, known: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    if wrong.len() > MAX_MISSPELLED {
        return None;
    }
    let wrong = wrong.to_ascii_lowercase();
    known
        .map(|(name, label)| (strsim::damerau_levenshtein(&wrong, &name.to_ascii_lowercase()), label))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, label)| *distance <= 2.max(label.len().min(wrong.len()) / 3))
        .map(|(_, label)| label.to_owned())
}
