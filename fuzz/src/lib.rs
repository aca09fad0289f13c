//! What the fuzz targets share: the built-in resource types, a user and a group to work on, and filters without the
//! places of their parts.

pub mod abi;
pub mod host;

use std::sync::LazyLock;

use scimdb::filter::FilterExpr;
use scimdb::message::{ResourceInput, builtin};
use scimdb::model::{BindOptions, Instant, Registry, Resource, TypeModel, bind};

/// The built-in schemas and resource types.
pub static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| builtin::registry().expect("the built-in schemas are sound"));

/// A user with a value of nearly every attribute.
pub static USER: LazyLock<Resource> = LazyLock::new(|| fixture("User", include_bytes!("../fixtures/user.json")));

/// A group without members: those are not part of a stored resource.
pub static GROUP: LazyLock<Resource> = LazyLock::new(|| fixture("Group", include_bytes!("../fixtures/group.json")));

/// A built-in resource type.
pub fn model(name: &str) -> &'static TypeModel {
    REGISTRY.resource_type(name).expect("a built-in type")
}

fn fixture(type_name: &str, json: &[u8]) -> Resource {
    let input = ResourceInput::from_json(json).expect("the fixture is JSON");
    let bound = bind::bind_resource(model(type_name), input.0, STRICT).expect("the fixture is sound");
    resource(bound.attributes)
}

/// A resource with these attributes.
pub fn resource(attributes: scimdb::model::Complex) -> Resource {
    let created = Instant::from_unix(1_700_000_000, 0).expect("an instant");
    let last_modified = Instant::from_unix(1_700_000_001, 500_000_000).expect("an instant");
    Resource { id: "2819c223-7f76-453a-919d-413861904646".to_owned(), version: 42, created, last_modified, attributes }
}

/// RFC 7643 to the letter.
pub const STRICT: BindOptions = BindOptions {
    coerce_scalars: false,
    bare_values: false,
    ignore_unknown: false,
    lenient_schemas: false,
    bare_extension_names: false,
    dotted_extension_keys: false,
    unquoted_literals: false,
    wildcards: false,
    boxed_values: false,
    trusted: false,
};

/// Everything that some dialect forgives.
pub const LENIENT: BindOptions = BindOptions {
    coerce_scalars: true,
    bare_values: true,
    ignore_unknown: true,
    lenient_schemas: true,
    bare_extension_names: true,
    dotted_extension_keys: true,
    unquoted_literals: true,
    wildcards: true,
    boxed_values: true,
    trusted: false,
};

/// The same filter with every offset 0, so that two of them can be compared by what they say.
pub fn without_offsets(mut filter: FilterExpr) -> FilterExpr {
    clear_offsets(&mut filter);
    filter
}

fn clear_offsets(filter: &mut FilterExpr) {
    match filter {
        FilterExpr::And(parts) | FilterExpr::Or(parts) => parts.iter_mut().for_each(clear_offsets),
        FilterExpr::Not(part) => clear_offsets(part),
        FilterExpr::Present(path) => path.offset = 0,
        FilterExpr::Compare { path, value_offset, .. } => {
            path.offset = 0;
            *value_offset = 0;
        }
        FilterExpr::ValuePath { path, filter } => {
            path.offset = 0;
            clear_offsets(filter);
        }
    }
}
