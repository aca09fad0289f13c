//! Reading the built-in documents, which are part of the program.

use crate::Result;
use crate::message::{SchemaDocument, parse_schema_document};
use crate::model::{AttributeNumbers, Registry, ResourceType, Schema};

const SCHEMAS: [&str; 3] =
    [include_str!("user.json"), include_str!("enterprise-user.json"), include_str!("group.json")];

const RESOURCE_TYPES: [&str; 2] = [include_str!("user-resource-type.json"), include_str!("group-resource-type.json")];

/// User, EnterpriseUser, Group.
///
/// # Errors
/// None in a released build: the documents are part of it, and a test reads them.
pub fn schemas() -> Result<Vec<Schema>> {
    let documents = parse(&SCHEMAS)?.into_iter();
    Ok(documents
        .filter_map(|document| if let SchemaDocument::Schema(schema) = document { Some(schema) } else { None })
        .collect())
}

/// User (with the enterprise extension) and Group.
///
/// # Errors
/// As [`schemas`].
pub fn resource_types() -> Result<Vec<ResourceType>> {
    let documents = parse(&RESOURCE_TYPES)?.into_iter();
    Ok(documents
        .filter_map(|document| if let SchemaDocument::ResourceType(t) = document { Some(t) } else { None })
        .collect())
}

/// A registry of just the built-in schemas and resource types: for tests, examples and new tenants.
///
/// ```
/// let registry = scimdb::message::builtin::registry().unwrap();
/// assert_eq!(registry.resource_type("/Users").unwrap().name(), "User");
/// ```
///
/// # Errors
/// As [`schemas`].
pub fn registry() -> Result<Registry> {
    let resource_types = resource_types()?.into_iter().map(Some).collect();
    Registry::build(schemas()?, resource_types, &mut AttributeNumbers::default())
}

fn parse(texts: &[&str]) -> Result<Vec<SchemaDocument>> {
    let mut documents = Vec::new();
    for text in texts {
        documents.extend(parse_schema_document(text.as_bytes())?);
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttributeType, Mutability, PathTarget, Returned, Uniqueness};

    #[test]
    fn every_document_is_read() {
        let registry = registry().unwrap();
        assert_eq!(registry.schemas().len(), SCHEMAS.len());
        assert_eq!(registry.types().len(), RESOURCE_TYPES.len());
        let user = registry.resource_type("User").unwrap();
        assert!(user.groups().is_some() && user.password().is_some());
        assert!(registry.resource_type("Groups").unwrap().members().is_some());
    }

    #[test]
    fn characteristics_that_the_engine_relies_on() {
        let registry = registry().unwrap();
        let user = registry.resource_type("User").unwrap();
        let attribute = |path: &str| {
            let Ok(PathTarget::Attribute(target)) = user.resolve(path) else { panic!("{path}") };
            user.definition(target.leaf()).unwrap().attribute.clone()
        };
        let user_name = attribute("userName");
        assert!(user_name.required && !user_name.case_exact && user_name.uniqueness == Uniqueness::Server);
        let password = attribute("password");
        assert!(password.mutability == Mutability::WriteOnly && password.returned == Returned::Never);
        assert_eq!(attribute("groups.type").mutability, Mutability::ReadOnly);
        assert_eq!(attribute("x509Certificates.value").attribute_type, AttributeType::Binary);
        assert!(attribute("profileUrl").case_exact && !attribute("emails.value").case_exact);
        assert_eq!(attribute("ims").sub_attributes.len(), 0, "sub-attributes are definitions of their own");
    }
}
