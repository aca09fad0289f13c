//! Which attributes of a search may not travel in a URL, where logs and histories keep it (RFC 7644 section 7.5.2).

use super::Profile;
use crate::filter::{AttrPath, CompareOp, FilterExpr, Literal};
use crate::model::{AttributeType, PathTarget, Registry, Target, TypeModel};
use crate::{Error, ErrorKind, Result};

impl Profile {
    /// The sensitive attribute that a filter names, or a part of which it names; as the profile writes it. A path means
    /// what it means to one of the resource types.
    pub fn sensitive_in_filter(&self, filter: &FilterExpr, types: &[&TypeModel]) -> Option<&str> {
        types.iter().find_map(|model| Search::new(self, model)?.filter(filter))
    }

    /// The same for the path of a `sortBy`: a bare complex attribute is sorted by its `value`.
    pub fn sensitive_in_order(&self, path: &str, types: &[&TypeModel]) -> Option<&str> {
        types.iter().find_map(|model| {
            let search = Search::new(self, model)?;
            search.named(search.by_value(search.resolve(path)?))
        })
    }

    /// Sees that every sensitive path and every one that is to be encrypted is an attribute of some resource type, and that
    /// the resource types and attributes that the rest of the profile names are there: what is misspelt would guard nothing.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn check_paths(&self, registry: &Registry) -> Result<()> {
        for (index, path) in self.sensitive().iter().enumerate() {
            let resolved = || registry.types().iter().map(|model| model.resolve(path));
            if resolved().any(|found| matches!(found, Ok(PathTarget::Attribute(_)))) {
                continue;
            }
            let nearest = resolved().filter_map(|found| found.err()?.nearest).next();
            let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            let detail = format!("the profile: no resource type has the attribute \"{path}\"{hint}");
            return Err(Error::new(ErrorKind::InvalidArgument, detail).on(format!("sensitive[{index}]")));
        }
        self.check_named(registry)?;
        self.check_path_types(registry)?;
        self.check_permission_types(registry)?;
        self.check_encryption(registry)
    }
}

/// A look for the sensitive attributes of one resource type.
struct Search<'a, 'm> {
    sensitive: Vec<(&'a str, Target)>,
    model: &'m TypeModel,
}

impl<'a, 'm> Search<'a, 'm> {
    /// None where the type has no sensitive attribute.
    fn new(profile: &'a Profile, model: &'m TypeModel) -> Option<Self> {
        let target = |path: &'a String| match model.resolve(path) {
            Ok(PathTarget::Attribute(target)) => Some((path.as_str(), target)),
            _ => None,
        };
        let sensitive: Vec<_> = profile.sensitive().iter().filter_map(target).collect();
        (!sensitive.is_empty()).then_some(Search { sensitive, model })
    }

    fn filter(&self, filter: &FilterExpr) -> Option<&'a str> {
        match filter {
            FilterExpr::And(items) | FilterExpr::Or(items) => items.iter().find_map(|item| self.filter(item)),
            FilterExpr::Not(inner) => self.filter(inner),
            FilterExpr::Present(path) => self.path(&path.text),
            FilterExpr::Compare { path, op, value, .. } => self.compared(path, *op, value),
            FilterExpr::ValuePath { path, filter } => self.inside(path, filter),
        }
    }

    fn path(&self, path: &str) -> Option<&'a str> {
        self.named(self.resolve(path)?)
    }

    /// What a path names. Some dialects find an attribute of an extension without its URN, or with a dot behind it; here
    /// they all do.
    fn resolve(&self, path: &str) -> Option<Target> {
        let others = || self.model.resolve_in_extensions(path).or_else(|| self.model.resolve_dotted(path));
        match self.model.find(path).or_else(others) {
            Some(PathTarget::Attribute(target)) => Some(target),
            _ => None,
        }
    }

    /// A bare complex attribute is compared by its `value`.
    fn compared(&self, path: &AttrPath, op: CompareOp, value: &Literal) -> Option<&'a str> {
        let target = self.resolve(&path.text)?;
        let is_presence = *value == Literal::Null && matches!(op, CompareOp::Eq | CompareOp::Ne);
        self.named(if is_presence { target } else { self.by_value(target) })
    }

    /// What stands for an attribute that is named whole: the `value` of a complex one.
    fn by_value(&self, target: Target) -> Target {
        let value = || {
            let definition = self.model.definition(target.leaf())?;
            let is_complex = definition.attribute.attribute_type == AttributeType::Complex;
            is_complex.then(|| self.model.resolve_sub(definition.id, "value").ok()).flatten()
        };
        Target { sub: value().or(target.sub), ..target }
    }

    fn inside(&self, path: &AttrPath, filter: &FilterExpr) -> Option<&'a str> {
        let target = self.resolve(&path.text)?;
        self.named(target).or_else(|| self.element(target, filter))
    }

    fn element(&self, parent: Target, filter: &FilterExpr) -> Option<&'a str> {
        match filter {
            FilterExpr::And(items) | FilterExpr::Or(items) => items.iter().find_map(|item| self.element(parent, item)),
            FilterExpr::Not(inner) => self.element(parent, inner),
            FilterExpr::Present(path) | FilterExpr::Compare { path, .. } | FilterExpr::ValuePath { path, .. } => {
                let below = |whole, name| self.model.resolve_sub(whole, name).ok();
                let sub = path.text.split('.').try_fold(parent.leaf(), below);
                self.named(Target { sub, ..parent })
            }
        }
    }

    /// The sensitive attribute that is the target, or that the target is a part of.
    fn named(&self, target: Target) -> Option<&'a str> {
        let covers = |sensitive: &Target| {
            sensitive.attribute == target.attribute
                && self.model.definitions().is_within(target.leaf(), sensitive.leaf())
        };
        self.sensitive.iter().find(|(_, sensitive)| covers(sensitive)).map(|(path, _)| *path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::parse;
    use crate::message::builtin;

    fn profile(paths: &str) -> Profile {
        format!(r#"{{"name": "p", "sensitive": {paths}}}"#).parse().unwrap()
    }

    #[test]
    fn filters_are_looked_through() {
        const EMPLOYEE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
        let registry = builtin::registry().unwrap();
        let (user, group) = (registry.resource_type("User").unwrap(), registry.resource_type("Group").unwrap());
        let number = format!(r#"{EMPLOYEE} eq "7""#);
        let cases = [
            (r#"["emails"]"#, r#"emails eq "a""#, true),
            (r#"["emails"]"#, r#"emails.type eq "work""#, true),
            (r#"["emails"]"#, r#"not (title pr) or (active eq true and EMAILS[type eq "work"])"#, true),
            (r#"["emails"]"#, r#"urn:ietf:params:scim:schemas:core:2.0:User:emails.value sw "a""#, true),
            (r#"["emails.value"]"#, r#"emails eq "a""#, true),
            (r#"["emails.value"]"#, r#"emails[type eq "work" and value co "a"]"#, true),
            (r#"["emails.value"]"#, r#"emails[type eq "work"]"#, false),
            (r#"["emails.value"]"#, "emails pr", false),
            (r#"["emails.value"]"#, "emails eq null", false),
            (r#"["name.familyName"]"#, r#"name.givenName eq "a""#, false),
            (r#"["name"]"#, r#"name.givenName eq "a""#, true),
            (&format!(r#"["{EMPLOYEE}"]"#), &number, true),
            (&format!(r#"["{EMPLOYEE}"]"#), r#"employeeNumber eq "7""#, true),
            // Where it stands beside what no user has, it stands in the URL all the same.
            (&format!(r#"["{EMPLOYEE}"]"#), &format!(r#"members eq "x" and {number}"#), true),
            (r#"["userName"]"#, r#"displayName eq "a" and id pr"#, false),
            (r#"["members"]"#, r#"members.value eq "7""#, true),
        ];
        for (paths, filter, expected) in cases {
            let profile = profile(paths);
            profile.check_paths(&registry).unwrap();
            let found = profile.sensitive_in_filter(&parse(filter).unwrap(), &[user, group]);
            assert_eq!(found.is_some(), expected, "{paths}: {filter}");
        }
    }

    #[test]
    fn a_path_that_nothing_has_guards_nothing() {
        let registry = builtin::registry().unwrap();
        let error = profile(r#"["userName", "emials"]"#).check_paths(&registry).unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidArgument, Some("sensitive[1]")));
        assert!(error.detail().ends_with("did you mean emails?"), "{error}");
        assert!(profile(r#"["urn:ietf:params:scim:schemas:core:2.0:User"]"#).check_paths(&registry).is_err());
    }
}
