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
        self.each_fault(before, after, &mut |definition, _, detail| Err(wrong(definition, detail)))
    }

    /// The same, told fault by fault: the attribute, the name that its constraint has in profiles, and what is wrong, as the
    /// end of a sentence. It ends with the first error of `tell`.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn each_fault(&self, before: Option<&Complex>, after: &Complex, tell: &mut TellFault<'_>) -> Result<()> {
        if self.constraints().is_empty() {
            return Ok(());
        }
        for (id, value) in after.iter() {
            // Of a password only the hash is left.
            if before.and_then(|before| before.get(id)) == Some(value) || self.password() == Some(id) {
                continue;
            }
            if let Some(definition) = self.definition(id) {
                self.faults_of(definition, value, tell)?;
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

    fn faults_of(&self, definition: &Definition, value: &Value, tell: &mut TellFault<'_>) -> Result<()> {
        if let Some(constraint) = self.constraints().get(&definition.id) {
            let count = constraint.count_fault(value.as_multi().len());
            let texts = value.as_multi().iter().filter_map(Value::as_str);
            let faults = texts.filter_map(|text| constraint.text_fault(definition, text));
            count.into_iter().chain(faults).try_for_each(|(name, detail)| tell(definition, name, &detail))?;
        }
        for complex in value.as_multi().iter().filter_map(Value::as_complex) {
            for (id, part) in complex.iter() {
                if let Some(child) = self.definition(id) {
                    self.faults_of(child, part, tell)?;
                }
            }
        }
        Ok(())
    }
}

/// What is told of a value that does not fit: its attribute, the constraint, the end of a sentence.
pub type TellFault<'t> = dyn FnMut(&Definition, &'static str, &str) -> Result<()> + 't;

/// A constraint's name in profiles, and what is wrong.
type Fault = (&'static str, String);

impl Constraint {
    /// Sees that there are not too many values.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check_count(&self, definition: &Definition, count: usize) -> Result<()> {
        match self.count_fault(count) {
            Some((_, detail)) => Err(wrong(definition, &detail)),
            None => Ok(()),
        }
    }

    /// Holds a text to what is asked of one value.
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check_text(&self, definition: &Definition, text: &str) -> Result<()> {
        match self.text_fault(definition, text) {
            Some((_, detail)) => Err(wrong(definition, &detail)),
            None => Ok(()),
        }
    }

    fn count_fault(&self, count: usize) -> Option<Fault> {
        let most = self.max_values.filter(|most| count > *most)?;
        let values = if most == 1 { "value" } else { "values" };
        Some(("maxValues", format!("has {count} values; only {most} {values} can be kept")))
    }

    fn text_fault(&self, definition: &Definition, text: &str) -> Option<Fault> {
        let length = text.chars().count();
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Some(("minLength", format!("has {length} characters; it has {least} at least")));
        }
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return Some(("maxLength", format!("has {length} characters; it has {most} at most")));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let told = pattern.as_str();
            let told = told.strip_prefix("^(?:").and_then(|told| told.strip_suffix(")$")).unwrap_or(told);
            return Some(("pattern", format!("does not match {told}")));
        }
        let same = |allowed: &String| {
            if definition.attribute.case_exact { allowed.as_str() == text } else { allowed.eq_ignore_ascii_case(text) }
        };
        if !self.values.is_empty() && !self.values.iter().any(same) {
            return Some(("values", format!("is one of {}", self.values.join(", "))));
        }
        None
    }
}

fn wrong(definition: &Definition, detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("{} {detail}", definition.path)).on(&definition.path)
}
