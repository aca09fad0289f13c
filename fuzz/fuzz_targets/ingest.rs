//! No JSON panics. A resource that binds can be stored, read back and shown, and what is shown binds to the same
//! resource, but for what an answer never shows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::message::{
    BulkRequest, Projection, ResourceInput, SchemaDocument, SearchRequest, parse_schema_document, render,
};
use scimdb::model::{
    AttributeNumbers, BindOptions, Complex, EntityTag, Registry, Returned, TypeModel, Value, bind, stored, validate,
};
use scimdb_fuzz::{LENIENT, STRICT, model, resource};

fuzz_target!(|json: &[u8]| {
    let _ = SearchRequest::from_json(json);
    let _ = BulkRequest::from_json(json);
    compile(json);
    let Ok(input) = ResourceInput::from_json(json) else { return };
    for model in [model("User"), model("Group")] {
        for options in [STRICT, LENIENT] {
            let Ok(bound) = bind::bind_resource(model, input.0.clone(), options) else { continue };
            if validate(model, &bound.attributes).is_ok() {
                round_trip(model, bound.attributes);
            }
        }
    }
});

/// Schemas and resource types from outside are refused or compiled.
fn compile(json: &[u8]) {
    let Ok(documents) = parse_schema_document(json) else { return };
    let (mut schemas, mut types) = (Vec::new(), Vec::new());
    for document in documents {
        match document {
            SchemaDocument::Schema(schema) => schemas.push(schema),
            SchemaDocument::ResourceType(resource_type) => types.push(Some(resource_type)),
        }
    }
    let _ = Registry::build(schemas, types, &mut AttributeNumbers::default());
}

fn round_trip(model: &TypeModel, mut attributes: Complex) {
    // Members and groups are rows elsewhere; the engine takes them out before it stores a resource.
    for membership in [model.members(), model.groups()].into_iter().flatten() {
        attributes.remove(membership.attribute);
    }
    let before = resource(attributes);
    let bytes = stored::encode(&before);
    assert_eq!(stored::decode(&bytes, model).expect("what was encoded can be decoded"), before);

    let view = stored::view(&bytes, model).expect("what was encoded can be viewed");
    let projection = Projection::new(model, &[], &[]).expect("the default projection");
    let shown = render(&view, &projection, EntityTag { version: 42, derived: None }, "");
    let input = ResourceInput::from_json(shown.json.as_bytes()).expect("what was shown is JSON");
    let again = bind::bind_resource(model, input.0, BindOptions { trusted: true, ..STRICT });
    let again = again.unwrap_or_else(|error| panic!("what was shown does not bind: {error:?}: {}", shown.json));
    assert_eq!(again.attributes, visible(model, &before.attributes), "{}", shown.json);
}

/// What an answer shows of attributes when nobody asks for more.
fn visible(model: &TypeModel, attributes: &Complex) -> Complex {
    let shown = attributes.iter().filter_map(|(id, value)| {
        let returned = model.definition(id)?.attribute.returned;
        matches!(returned, Returned::Always | Returned::Default).then(|| (id, visible_value(model, value)))
    });
    let mut shown: Complex = shown.collect();
    shown.prune();
    shown
}

fn visible_value(model: &TypeModel, value: &Value) -> Value {
    match value {
        Value::Complex(complex) => Value::Complex(visible(model, complex)),
        Value::Multi(values) => Value::Multi(values.iter().map(|value| visible_value(model, value)).collect()),
        other => other.clone(),
    }
}
