//! Attributes whose values are encrypted at rest, as a profile names them.

use super::Profile;
use crate::message::Part;
use crate::model::{AttributeType, Definition, PathTarget, Registry, Target, TypeModel, common};
use crate::{Error, ErrorKind, Result};

/// An attribute whose values are encrypted at rest: all of them, or those that data says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The path of the attribute.
    pub attribute: String,
    /// Which of its elements; none: all of its values.
    pub by: Option<EncryptedBy>,
}

/// Elements that are encrypted: those whose key is the id of a resource that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedBy {
    /// The sub-attribute that names the resource: its id.
    pub key: String,
    /// The sub-attribute that is encrypted.
    pub value: String,
    /// The resource type.
    pub resource_type: String,
    /// The attribute of it that says so by being true.
    pub flag: String,
}

/// An [`Encryption`], as a resource type's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedTarget {
    /// What is encrypted: the attribute, or its sub-attribute.
    pub target: Target,
    /// The key of elements, the number of the resource type that it names one of, and the attribute that says so.
    pub by: Option<(Target, u16, Target)>,
}

/// The names of an entry.
const NAMES: &[&str] = &["attribute", "by"];
/// The names of what elements are encrypted by.
const BY_NAMES: &[&str] = &["key", "value", "resourceType", "flag"];

/// Reads the list; empty where there is none.
pub(super) fn read(part: &mut Part) -> Result<Vec<Encryption>> {
    part.take_objects("encryption")?.map(|entry| read_entry(entry?)).collect()
}

fn read_entry(mut part: Part) -> Result<Encryption> {
    let attribute = part.need_string("attribute")?;
    let by = part.take_object("by")?.map(read_by).transpose()?;
    part.finish(NAMES)?;
    Ok(Encryption { attribute, by })
}

fn read_by(mut part: Part) -> Result<EncryptedBy> {
    let by = EncryptedBy {
        key: part.need_string("key")?,
        value: part.need_string("value")?,
        resource_type: part.need_string("resourceType")?,
        flag: part.need_string("flag")?,
    };
    part.finish(BY_NAMES)?;
    Ok(by)
}

impl Encryption {
    /// What it means for a resource type; none if that has no such attribute.
    pub fn resolve(&self, model: &TypeModel, registry: &Registry) -> Option<EncryptedTarget> {
        let Ok(PathTarget::Attribute(target)) = model.resolve(&self.attribute) else { return None };
        let Some(by) = &self.by else { return Some(EncryptedTarget { target, by: None }) };
        let definition = model.definition(target.attribute).filter(|_| target.sub.is_none())?;
        let child = |name: &str| {
            let sub = model.definitions().child(definition, name)?.id;
            Some(Target { sub: Some(sub), ..target })
        };
        let named = registry.resource_type(&by.resource_type).ok()?;
        let Ok(PathTarget::Attribute(flag)) = named.resolve(&by.flag) else { return None };
        Some(EncryptedTarget { target: child(&by.value)?, by: Some((child(&by.key)?, named.number(), flag)) })
    }
}

impl Profile {
    /// The attributes whose values are encrypted at rest.
    pub fn encryption(&self) -> &[Encryption] {
        &self.encryption
    }

    /// Sees that everything that is to be encrypted is an attribute that can be: text that nothing is found by but its
    /// own equality.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(super) fn check_encryption(&self, registry: &Registry) -> Result<()> {
        for (index, entry) in self.encryption.iter().enumerate() {
            let wrong = |detail: &str| {
                let detail = format!("the profile: {} cannot be encrypted: {detail}", entry.attribute);
                Error::new(ErrorKind::InvalidArgument, detail).on(format!("encryption[{index}]"))
            };
            let mut found = registry.types().iter().filter_map(|model| Some((model, entry.resolve(model, registry)?)));
            let mut any = false;
            found.try_for_each(|(model, encrypted)| {
                any = true;
                fits(model, encrypted.target).map_err(wrong)
            })?;
            if !any {
                return Err(wrong("no resource type has it, or what it is encrypted by"));
            }
        }
        Ok(())
    }
}

fn fits(model: &TypeModel, target: Target) -> std::result::Result<(), &'static str> {
    let is_text = |definition: &Definition| definition.attribute.attribute_type == AttributeType::String;
    let Some(definition) = model.definition(target.leaf()).filter(|definition| is_text(definition)) else {
        return Err("it is no string");
    };
    if model.is_deep(target) {
        return Err("it is inside a sub-attribute");
    }
    let derived = [model.members(), model.groups()];
    let is_derived = derived.into_iter().flatten().any(|derived| derived.attribute == target.attribute);
    let is_common = [common::ID, common::EXTERNAL_ID].contains(&target.attribute);
    if definition.is_unique() || is_common || is_derived {
        return Err("resources are found by it");
    }
    if model.labels().contains(&target) {
        return Err("members are shown by it");
    }
    if model.password() == Some(target.attribute) {
        return Err("it is hashed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::builtin;
    use crate::model::AttributeNumbers;

    #[test]
    fn what_cannot_be_encrypted_is_refused() {
        let types = builtin::resource_types().unwrap().into_iter().map(Some).collect();
        let registry = Registry::build(builtin::schemas().unwrap(), types, &mut AttributeNumbers::default()).unwrap();
        let check = |entry: &str| {
            let document = format!(r#"{{"name": "a", "encryption": [{{{entry}}}]}}"#);
            document.parse::<Profile>().and_then(|profile| profile.check_paths(&registry))
        };
        check(r#""attribute": "nickName""#).unwrap();
        check(r#""attribute": "phoneNumbers.value""#).unwrap();
        let by = r#""by": {"key": "type", "value": "value", "resourceType": "Group", "flag": "displayName"}"#;
        check(&format!(r#""attribute": "ims", {by}"#)).unwrap();
        for (entry, kind) in [
            (r#""attribute": "userName""#, ErrorKind::InvalidArgument),
            (r#""attribute": "displayName""#, ErrorKind::InvalidArgument),
            (r#""attribute": "externalId""#, ErrorKind::InvalidArgument),
            (r#""attribute": "password""#, ErrorKind::InvalidArgument),
            (r#""attribute": "active""#, ErrorKind::InvalidArgument),
            (r#""attribute": "emails""#, ErrorKind::InvalidArgument),
            (r#""attribute": "groups.value""#, ErrorKind::InvalidArgument),
            (r#""attribute": "nobody""#, ErrorKind::InvalidArgument),
            (r#""attribute": "ims", "by": {"key": "type"}"#, ErrorKind::InvalidSyntax),
            (r#""attribut": "ims""#, ErrorKind::InvalidSyntax),
        ] {
            assert_eq!(check(entry).unwrap_err().kind(), kind, "{entry}");
        }
    }
}
