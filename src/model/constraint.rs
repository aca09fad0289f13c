//! What a profile asks of an attribute beyond the characteristics of RFC 7643 section 7, and how values are held to it.

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::{AttributeId, Complex, Definition, TypeModel, Value};
use crate::{Error, ErrorKind, Result};

/// What is asked of the values of an attribute, or of a sub-attribute.
#[derive(Clone, Debug, Default)]
pub struct Constraint {
    /// Whether a resource must be created with it.
    pub required_on_create: bool,
    /// Whether a replacement must name it.
    pub required_on_replace: bool,
    /// Values at most.
    pub max_values: Option<usize>,
    /// Characters at least.
    pub min_length: Option<usize>,
    /// Characters at most.
    pub max_length: Option<usize>,
    /// What the whole of a text must match.
    pub pattern: Option<Regex>,
    /// The only values that there may be; any if empty.
    pub values: Vec<String>,
    /// Of a value that is the id of another resource: which.
    pub known: Option<Known>,
    /// What a resource has that is created without it.
    pub default: Option<Value>,
    /// What a resource has that is replaced without it.
    pub default_on_replace: Option<Value>,
    /// What a client may set a readOnly attribute to, when it creates a resource.
    pub accepted_on_create: Vec<String>,
    /// The API version from which on it is shown and taken.
    pub since: Option<u32>,
    /// Whether it is shown as an empty list where it has no value.
    pub show_empty: bool,
    /// The name that answers show instead of its own.
    pub answered_as: Option<String>,
    /// Whether a replacement that does not name it leaves it as it is.
    pub keep_on_replace: bool,
    /// What answers show in the place of its value.
    pub shown_as: Option<String>,
    /// Of members: the resource types that they may be of; any if empty.
    pub types: Vec<String>,
}

/// The resources whose ids an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name of their resource type.
    pub resource_type: String,
    /// The sub-attribute beside the value that what they are called is copied to.
    pub display: Option<AttributeId>,
}

/// The constraints of a resource type, by attribute.
pub type Constraints = BTreeMap<AttributeId, Constraint>;

impl TypeModel {
    /// Holds the values of a resource to the constraints of its type; only those that are not as they were `before`, so
    /// that data which a stricter profile found in place stays usable.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check_constraints(&self, before: Option<&Complex>, after: &Complex) -> Result<()> {
        if self.constraints().is_empty() {
            return Ok(());
        }
        for (id, value) in after.iter() {
            // Of a password only the hash is left.
            if before.and_then(|before| before.get(id)) == Some(value) || self.password() == Some(id) {
                continue;
            }
            if let Some(definition) = self.definition(id) {
                self.check_attribute(definition, value)?;
            }
        }
        Ok(())
    }

    /// Holds a password to the constraints, before it is hashed.
    ///
    /// # Errors
    /// `InvalidValue`.
    pub fn check_password(&self, clear: &str) -> Result<()> {
        let Some((definition, constraint)) =
            self.password().and_then(|id| Some((self.definition(id)?, self.constraint(id)?)))
        else {
            return Ok(());
        };
        constraint.check_text(definition, clear)
    }

    /// Sees that a new resource, or a replacement, has what it must be made with.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check_required_on(&self, is_create: bool, has: &dyn Fn(AttributeId) -> bool) -> Result<()> {
        for (id, constraint) in self.constraints() {
            let is_required = if is_create { constraint.required_on_create } else { constraint.required_on_replace };
            let Some(definition) = self.definition(*id).filter(|definition| is_required && definition.parent.is_none())
            else {
                continue;
            };
            if !has(*id) {
                let when = if is_create { "when a resource is created" } else { "in a replacement" };
                let detail = format!("{} is required {when}", definition.path);
                return Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path));
            }
        }
        Ok(())
    }

    fn check_attribute(&self, definition: &Definition, value: &Value) -> Result<()> {
        if let Some(constraint) = self.constraints().get(&definition.id) {
            constraint.check_count(definition, value.as_multi().len())?;
            for single in value.as_multi() {
                constraint.check_single(definition, single)?;
            }
        }
        for complex in value.as_multi().iter().filter_map(Value::as_complex) {
            for (id, part) in complex.iter() {
                if let Some(child) = self.definition(id) {
                    self.check_attribute(child, part)?;
                }
            }
        }
        Ok(())
    }
}

impl Constraint {
    /// Sees that there are not too many values.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check_count(&self, definition: &Definition, count: usize) -> Result<()> {
        match self.max_values {
            Some(most) if count > most => {
                let values = if most == 1 { "value" } else { "values" };
                Err(wrong(definition, &format!("has {count} values; only {most} {values} can be kept")))
            }
            _ => Ok(()),
        }
    }

    fn check_single(&self, definition: &Definition, value: &Value) -> Result<()> {
        match value {
            Value::String(text) => self.check_text(definition, text),
            _ => Ok(()),
        }
    }

    fn check_text(&self, definition: &Definition, text: &str) -> Result<()> {
        let length = text.chars().count();
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Err(wrong(definition, &format!("has {length} characters; it has {least} at least")));
        }
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return Err(wrong(definition, &format!("has {length} characters; it has {most} at most")));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let told = pattern.as_str().trim_start_matches("^(?:").trim_end_matches(")$");
            return Err(wrong(definition, &format!("does not match {told}")));
        }
        let same = |allowed: &String| {
            if definition.attribute.case_exact { allowed.as_str() == text } else { allowed.eq_ignore_ascii_case(text) }
        };
        if !self.values.is_empty() && !self.values.iter().any(same) {
            return Err(wrong(definition, &format!("is one of {}", self.values.join(", "))));
        }
        Ok(())
    }
}

fn wrong(definition: &Definition, detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("{} {detail}", definition.path)).on(&definition.path)
}
