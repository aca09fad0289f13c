//! The common attributes of RFC 7643 section 3.1, which belong to every resource and to no schema.

use std::sync::Arc;

use super::registry::common;
use super::{Attribute, AttributeId, AttributeType, Definition, Mutability, Preparation, Returned, Uniqueness};

/// `schemas`, `id`, `externalId`, `meta` and its sub-attributes.
pub(super) fn common_attributes() -> Vec<Definition> {
    use AttributeType::{Complex, DateTime, Reference, String};
    let read_only = |name: &str, attribute_type| Attribute {
        mutability: Mutability::ReadOnly,
        case_exact: true,
        ..Attribute::new(name, attribute_type)
    };
    let meta = [
        (common::META_RESOURCE_TYPE, read_only("resourceType", String)),
        (common::META_CREATED, read_only("created", DateTime)),
        (common::META_LAST_MODIFIED, read_only("lastModified", DateTime)),
        (common::META_LOCATION, read_only("location", Reference)),
        (common::META_VERSION, read_only("version", String)),
    ];
    let mut all = vec![
        define(
            common::SCHEMAS,
            None,
            Attribute {
                multi_valued: true,
                required: true,
                returned: Returned::Always,
                // URNs are compared without regard to letter case (RFC 8141, for the parts that schemas use).
                ..Attribute::new("schemas", Reference)
            },
        ),
        define(
            common::ID,
            None,
            Attribute { returned: Returned::Always, uniqueness: Uniqueness::Server, ..read_only("id", String) },
        ),
        define(common::EXTERNAL_ID, None, Attribute { case_exact: true, ..Attribute::new("externalId", String) }),
    ];
    all.push(Definition {
        children: meta.iter().map(|(id, _)| *id).collect(),
        ..define(common::META, None, read_only("meta", Complex))
    });
    all.extend(meta.into_iter().map(|(id, attribute)| define(id, Some("meta"), attribute)));
    all
}

fn define(id: AttributeId, parent: Option<&str>, attribute: Attribute) -> Definition {
    Definition {
        id,
        parent: parent.map(|_| common::META),
        schema: Arc::from(""),
        path: parent.map_or_else(|| attribute.name.clone(), |parent| format!("{parent}.{}", attribute.name)),
        preparation: if attribute.case_exact { Preparation::Exact } else { Preparation::Folded },
        children: Vec::new(),
        answered_as: None,
        one_element: false,
        operators: None,
        attribute,
    }
}
