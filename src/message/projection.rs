//! Which attributes an answer shows (RFC 7644 section 3.9, RFC 7643 section 7 `returned`).
//!
//! Made once for a request and a resource type; asking it costs a look-up by number and copies nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{
    AttributeId, BindOptions, Definition, Definitions, Mutability, PathTarget, Returned, Target, TypeModel, common,
};
use crate::{Error, ErrorKind, Result};

/// Which attributes an answer shows.
#[derive(Clone, Debug)]
pub struct Projection {
    definitions: Arc<Definitions>,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// What is returned always or by default.
    Default,
    /// What the request chose, by attribute number.
    Chosen(Vec<bool>),
    /// Everything, also what no answer may tell.
    Stored,
}

impl Projection {
    /// From the `attributes` and `excludedAttributes` of a request; both empty: the default.
    ///
    /// Each text may hold several names separated by commas, as a URL does. Unknown names are ignored.
    ///
    /// ```
    /// use scimdb::message::{Projection, builtin};
    /// let registry = builtin::registry().unwrap();
    /// let user = registry.resource_type("User").unwrap();
    /// let projection = Projection::new(user, &["userName".into()], &[]).unwrap();
    /// let emails = user.resolve("emails").unwrap();
    /// # let scimdb::model::PathTarget::Attribute(emails) = emails else { unreachable!() };
    /// assert!(!projection.shows(emails.attribute));
    /// ```
    ///
    /// # Errors
    /// `InvalidValue` when both are given: they are mutually exclusive.
    pub fn new(model: &TypeModel, attributes: &[String], excluded: &[String]) -> Result<Self> {
        Self::new_as(model, attributes, excluded, BindOptions::default())
    }

    /// [`Projection::new`], for who tolerates deviations in a path.
    ///
    /// # Errors
    /// As [`Projection::new`].
    pub fn new_as(model: &TypeModel, attributes: &[String], excluded: &[String], options: BindOptions) -> Result<Self> {
        let rule = match (names(attributes).next(), names(excluded).next()) {
            (None, None) => Rule::Default,
            (Some(_), Some(_)) => {
                let detail =
                    "attributes and excludedAttributes exclude each other: send one of them (RFC 7644 section 3.9)";
                return Err(Error::new(ErrorKind::InvalidValue, detail).on("excludedAttributes"));
            }
            (Some(_), None) => Rule::Chosen(Choice::requested(model, names(attributes), options)),
            (None, Some(_)) => Rule::Chosen(Choice::without(model, &BTreeSet::new(), names(excluded), options)),
        };
        Ok(Projection { definitions: Arc::clone(model.definitions()), rule })
    }

    /// Of a search, which has a default set of its own: what it shows unless the request names attributes. What the request
    /// excludes is taken from it.
    ///
    /// # Errors
    /// As [`Projection::new`].
    pub(crate) fn of_search(
        model: &TypeModel,
        defaults: Option<&[String]>,
        attributes: &[String],
        excluded: &[String],
        options: BindOptions,
    ) -> Result<Self> {
        let Some(defaults) = defaults.filter(|_| names(attributes).next().is_none()) else {
            return Self::new_as(model, attributes, excluded, options);
        };
        let mut projection = Self::new(model, defaults, &[])?;
        if let Rule::Chosen(shown) = projection.rule {
            let mut choice = Choice { model, shown };
            for id in [common::SCHEMAS, common::ID, common::META] {
                choice.definition(id).into_iter().for_each(|definition| choice.show_whole(definition));
            }
            choice.hide_names(names(excluded), options);
            projection.rule = Rule::Chosen(choice.shown);
        }
        Ok(projection)
    }

    /// The same for a request of an API version: without what came later.
    pub(crate) fn at_version(self, model: &TypeModel, version: Option<u32>) -> Self {
        let Some(version) = version else { return self };
        let is_later = |since: Option<u32>| since.is_some_and(|since| since > version);
        let later = model.constraints().iter().filter(|(_, constraint)| is_later(constraint.since)).map(|(id, _)| *id);
        self.hiding(model, later.collect())
    }

    /// The same for resources that the store does not have, and knows no times of.
    pub(crate) fn of_unstored(self, model: &TypeModel) -> Self {
        self.hiding(model, vec![common::META_CREATED, common::META_LAST_MODIFIED])
    }

    fn hiding(self, model: &TypeModel, hidden: Vec<AttributeId>) -> Self {
        if hidden.is_empty() || self.is_stored() {
            return self;
        }
        let shown = match self.rule {
            Rule::Chosen(shown) => shown,
            _ => Choice::without(model, &BTreeSet::new(), std::iter::empty(), BindOptions::default()),
        };
        let mut choice = Choice { model, shown };
        hidden.into_iter().for_each(|id| choice.set(id, false));
        Projection { rule: Rule::Chosen(choice.shown), ..self }
    }

    /// Of the answer to a write: what is returned on request is shown where the client sent it, too, unless the request
    /// says with `attributes` what it wants (RFC 7643 section 7). `sent` are attributes and sub-attributes.
    ///
    /// # Errors
    /// As [`Projection::new`].
    pub(crate) fn of_write(
        model: &TypeModel,
        attributes: &[String],
        excluded: &[String],
        sent: &BTreeSet<AttributeId>,
        options: BindOptions,
    ) -> Result<Self> {
        let projection = Self::new_as(model, attributes, excluded, options)?;
        if sent.is_empty() || names(attributes).next().is_some() {
            return Ok(projection);
        }
        let rule = Rule::Chosen(Choice::without(model, sent, names(excluded), options));
        Ok(Projection { rule, ..projection })
    }

    /// What an answer shows when the request says nothing about it.
    pub fn all(model: &TypeModel) -> Self {
        Projection { definitions: Arc::clone(model.definitions()), rule: Rule::Default }
    }

    /// Everything that is stored, what is returned never included: for export, never for an answer.
    pub fn stored(model: &TypeModel) -> Self {
        Projection { definitions: Arc::clone(model.definitions()), rule: Rule::Stored }
    }

    /// Everything that may ever be returned, also what is returned on request only.
    pub(crate) fn readable(model: &TypeModel) -> Self {
        let mut choice = Choice { model, shown: Vec::new() };
        for definition in choice.top().filter(|definition| !never(definition)) {
            choice.show_with(definition, |child| !never(child));
        }
        Projection { definitions: Arc::clone(model.definitions()), rule: Rule::Chosen(choice.shown) }
    }

    /// The same without an attribute, also where it is always returned.
    pub(crate) fn without(mut self, attribute: AttributeId) -> Self {
        if let Rule::Chosen(shown) = &mut self.rule
            && let Some(slot) = shown.get_mut(attribute.0 as usize)
        {
            *slot = false;
        }
        self
    }

    /// Whether the attribute, or any sub-attribute of it, may be shown: what the engine asks before it reads rows.
    /// Of a sub-attribute: whether it is shown where its attribute is.
    pub fn shows(&self, attribute: AttributeId) -> bool {
        match &self.rule {
            Rule::Default => self.definitions.get(attribute).is_some_and(by_default),
            Rule::Chosen(shown) => shown.get(attribute.0 as usize).copied().unwrap_or(false),
            Rule::Stored => true,
        }
    }

    /// Whether it is that of an export.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.rule, Rule::Stored)
    }

    /// Whether nothing is shown of the resources of a type but `schemas` and `id`.
    pub(crate) fn is_brief(&self, model: &TypeModel) -> bool {
        matches!(self.rule, Rule::Chosen(_))
            && model.attributes().all(|id| self.shows(id) == matches!(id, common::SCHEMAS | common::ID))
    }

    /// [`Projection::shows`] for those who have the definition at hand.
    pub(super) fn shows_definition(&self, definition: &Definition) -> bool {
        match &self.rule {
            Rule::Default => by_default(definition),
            Rule::Chosen(_) => self.shows(definition.id),
            Rule::Stored => true,
        }
    }
}

/// The names in a list whose texts may themselves be lists.
fn names(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

fn by_default(definition: &Definition) -> bool {
    matches!(definition.attribute.returned, Returned::Always | Returned::Default) && !never(definition)
}

fn always(definition: &Definition) -> bool {
    definition.attribute.returned == Returned::Always && !never(definition)
}

/// A writeOnly value is not returned either, whatever `returned` says (RFC 7643 section 7).
fn never(definition: &Definition) -> bool {
    definition.attribute.returned == Returned::Never || definition.attribute.mutability == Mutability::WriteOnly
}

/// What a request chooses, while it is worked out.
struct Choice<'a> {
    model: &'a TypeModel,
    shown: Vec<bool>,
}

impl<'a> Choice<'a> {
    /// The minimum set, and what is asked for.
    fn requested<'n>(model: &'a TypeModel, names: impl Iterator<Item = &'n str>, options: BindOptions) -> Vec<bool> {
        let mut choice = Choice { model, shown: Vec::new() };
        for definition in choice.top().filter(|definition| always(definition)) {
            choice.show_whole(definition);
        }
        for name in names {
            match model.find_as(name, options) {
                Some(PathTarget::Attribute(target)) => choice.show_target(target),
                // A URN alone asks for what its schema shows by default.
                Some(PathTarget::Core) => choice.show_defaults(model.core_attributes(), &model.resource_type().schema),
                Some(PathTarget::Extension(index)) => {
                    if let Some(extension) = model.extensions().get(index) {
                        choice.show_defaults(&extension.attributes, &extension.schema);
                    }
                }
                None => {}
            }
        }
        choice.shown
    }

    /// The default set and what was sent, without what is excluded, but with what is returned always.
    fn without<'n>(
        model: &'a TypeModel,
        sent: &BTreeSet<AttributeId>,
        names: impl Iterator<Item = &'n str>,
        options: BindOptions,
    ) -> Vec<bool> {
        let mut choice = Choice { model, shown: Vec::new() };
        let sent = sent.iter().filter_map(|id| model.definition(*id)).filter(|definition| !never(definition));
        for definition in choice.top().filter(|definition| by_default(definition)).chain(sent) {
            choice.show_whole(definition);
        }
        choice.hide_names(names, options);
        choice.shown
    }

    fn definition(&self, id: AttributeId) -> Option<&'a Definition> {
        self.model.definition(id)
    }

    /// Hides what names name, unless it is returned always.
    fn hide_names<'n>(&mut self, names: impl Iterator<Item = &'n str>, options: BindOptions) {
        let model = self.model;
        for name in names {
            match model.find_as(name, options) {
                Some(PathTarget::Attribute(target)) => self.hide(target.leaf()),
                Some(PathTarget::Core) => self.hide_all(model.core_attributes(), &model.resource_type().schema),
                Some(PathTarget::Extension(index)) => {
                    if let Some(extension) = model.extensions().get(index) {
                        self.hide_all(&extension.attributes, &extension.schema);
                    }
                }
                None => {}
            }
        }
    }

    /// The top-level attributes.
    fn top(&self) -> impl Iterator<Item = &'a Definition> + use<'a> {
        let model = self.model;
        model.attributes().filter_map(|id| model.definition(id))
    }

    fn set(&mut self, id: AttributeId, shown: bool) {
        let index = id.0 as usize;
        if self.shown.len() <= index {
            self.shown.resize(index + 1, false);
        }
        if let Some(slot) = self.shown.get_mut(index) {
            *slot = shown;
        }
    }

    /// Shows an attribute with the sub-attributes that are returned always or by default.
    fn show_whole(&mut self, definition: &Definition) {
        self.show_with(definition, by_default);
    }

    fn show_with(&mut self, definition: &Definition, keep: fn(&Definition) -> bool) {
        self.set(definition.id, true);
        for child in definition.children.iter().filter_map(|id| self.model.definition(*id)) {
            if keep(child) {
                self.show_with(child, keep);
            }
        }
    }

    fn show_target(&mut self, target: Target) {
        let model = self.model;
        let trail: Vec<&Definition> = model.trail(target).into_iter().filter_map(|id| model.definition(id)).collect();
        let Some((last, above)) = trail.split_last().filter(|_| !trail.iter().any(|part| never(part))) else { return };
        for part in above {
            self.set(part.id, true);
            let children = part.children.iter().filter_map(|id| model.definition(*id));
            children.filter(|child| always(child)).for_each(|child| self.show_whole(child));
        }
        self.show_whole(last);
    }

    fn show_defaults(&mut self, attributes: &[AttributeId], schema: &str) {
        for definition in attributes.iter().filter_map(|id| self.model.definition(*id)) {
            if by_default(definition) && definition.schema.eq_ignore_ascii_case(schema) {
                self.show_whole(definition);
            }
        }
    }

    fn hide(&mut self, id: AttributeId) {
        if self.model.definition(id).is_some_and(|definition| !always(definition)) {
            self.set(id, false);
        }
    }

    fn hide_all(&mut self, attributes: &[AttributeId], schema: &str) {
        for definition in attributes.iter().filter_map(|id| self.model.definition(*id)) {
            if definition.schema.eq_ignore_ascii_case(schema) {
                self.hide(definition.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attribute, AttributeNumbers, AttributeType, Registry, ResourceType, Schema, SchemaExtension};

    /// Attributes of every kind: `d`efault, `a`lways, `r`equest, `n`ever; `c` is complex, `x` an extension's.
    fn registry() -> Registry {
        let plain = |name: &str, returned| Attribute { returned, ..Attribute::new(name, AttributeType::String) };
        let every = || {
            [("d", Returned::Default), ("a", Returned::Always), ("r", Returned::Request), ("n", Returned::Never)]
                .map(|(name, returned)| plain(name, returned))
                .to_vec()
        };
        let complex = Attribute { sub_attributes: every(), ..Attribute::new("c", AttributeType::Complex) };
        let secret = Attribute { mutability: Mutability::WriteOnly, ..plain("w", Returned::Default) };
        let schema = |id: &str, attributes| Schema {
            id: id.into(),
            name: String::new(),
            description: String::new(),
            attributes,
        };
        let core = every().into_iter().chain([complex, secret]).collect();
        let resource_type = ResourceType {
            id: "T".into(),
            name: "T".into(),
            description: String::new(),
            endpoint: "/T".into(),
            schema: "urn:t".into(),
            schema_extensions: vec![SchemaExtension { schema: "urn:t:x.1".into(), required: false }],
        };
        let schemas = vec![schema("urn:t", core), schema("urn:t:x.1", every())];
        Registry::build(schemas, vec![Some(resource_type)], &mut AttributeNumbers::default()).unwrap()
    }

    fn shown(model: &TypeModel, projection: &Projection) -> String {
        let mut paths = Vec::new();
        for id in model.attributes().filter(|id| id.0 > 3) {
            let definition = model.definition(id).unwrap();
            let children: Vec<&str> = definition
                .children
                .iter()
                .map(|id| model.definition(*id).unwrap())
                .filter(|child| projection.shows(child.id))
                .map(|child| child.attribute.name.as_str())
                .collect();
            if projection.shows(id) {
                let name = definition.path.replace("urn:t:x.1:", "x:");
                paths.push(if children.is_empty() { name } else { format!("{name}({})", children.join(",")) });
            }
        }
        paths.join(" ")
    }

    #[test]
    fn what_was_sent() {
        let registry = registry();
        let model = registry.resource_type("T").unwrap();
        let meta = "meta(resourceType,created,lastModified,location,version)";
        let cases = [
            ("", "", "", format!("d a c(d,a) {meta} x:d x:a")),
            ("r,n,w", "", "", format!("d a r c(d,a) {meta} x:d x:a")),
            ("c.r,c.n,urn:t:x.1:r", "", "", format!("d a c(d,a,r) {meta} x:d x:a x:r")),
            ("r,c.r,urn:t:x.1:r", "", "r,urn:t:x.1", format!("d a c(d,a,r) {meta} x:a")),
            ("r,c.r", "", "c.r,meta", "d a r c(d,a) x:d x:a".into()),
            ("r,c.r", "", "c", format!("d a r {meta} x:d x:a")),
            ("r,c.r", "d", "", "d a x:a".into()),
        ];
        let plain = BindOptions::default();
        for (sent, attributes, excluded, expected) in cases {
            let id = |name: &str| match model.resolve(name) {
                Ok(PathTarget::Attribute(target)) => target.leaf(),
                _ => panic!("{name}"),
            };
            let ids: BTreeSet<AttributeId> = names(&[sent.into()]).map(id).collect();
            let projection =
                Projection::of_write(model, &[attributes.into()], &[excluded.into()], &ids, plain).unwrap();
            let sorted = |text: &str| {
                let mut names: Vec<String> = text.split(' ').map(str::to_owned).collect();
                names.sort_unstable();
                names
            };
            let shown = sorted(&shown(model, &projection));
            assert_eq!(shown, sorted(&expected), "sent={sent} attributes={attributes} excludedAttributes={excluded}");
        }
        assert!(Projection::of_write(model, &["d".into()], &["a".into()], &BTreeSet::new(), plain).is_err());
    }

    #[test]
    fn table() {
        let registry = registry();
        let model = registry.resource_type("T").unwrap();
        let meta = "meta(resourceType,created,lastModified,location,version)";
        let cases = [
            ("", "", format!("d a c(d,a) {meta} x:d x:a")),
            ("unknown", "", "a x:a".into()),
            ("D, r,n,w", "", "d a r x:a".into()),
            ("c", "", "a c(d,a) x:a".into()),
            ("c.d", "", "a c(d,a) x:a".into()),
            ("c.r", "", "a c(a,r) x:a".into()),
            ("C.A", "", "a c(a) x:a".into()),
            ("c.n", "", "a x:a".into()),
            ("meta.created", "", "a meta(created) x:a".into()),
            ("URN:T:X.1:D", "", "a x:d x:a".into()),
            ("urn:t:x.1:r", "", "a x:r x:a".into()),
            ("urn:t:x.1", "", "a x:d x:a".into()),
            ("urn:t", "", "d a c(d,a) x:a".into()),
            ("urn:t:c.r", "", "a c(a,r) x:a".into()),
            ("", "d,a,n,unknown", format!("a c(d,a) {meta} x:d x:a")),
            ("", "c", format!("d a {meta} x:d x:a")),
            ("", "c.d,c.a", format!("d a c(a) {meta} x:d x:a")),
            ("", "urn:t:x.1,meta", "d a c(d,a) x:a".into()),
            ("", "urn:t", format!("a {meta} x:d x:a")),
        ];
        for (attributes, excluded, expected) in cases {
            let projection = Projection::new(model, &[attributes.into()], &[excluded.into()]).unwrap();
            let mut expected: Vec<&str> = expected.split(' ').collect();
            expected.sort_unstable();
            let shown = shown(model, &projection);
            let mut shown: Vec<&str> = shown.split(' ').collect();
            shown.sort_unstable();
            assert_eq!(shown, expected, "attributes={attributes} excludedAttributes={excluded}");
        }
        assert!(Projection::new(model, &["d".into()], &["a".into()]).is_err());
        assert!(model.attributes().all(|id| Projection::stored(model).shows(id)));
    }
}
