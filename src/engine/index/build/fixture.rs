//! Random resources of the built-in user type, and of one that has an attribute of every type.

use std::sync::Arc;

use crate::engine::index::bits::Bits;
use crate::engine::index::layout::Bytes;
use crate::engine::index::{Catalog, Run, RunBuilder};
use crate::message::builtin;
use crate::model::{
    Attribute, AttributeNumbers, AttributeType, Complex, Definition, Instant, Registry, Resource, ResourceType,
    Returned, Schema, TypeModel, Value, common,
};

/// A stream of numbers that a seed decides.
pub(in crate::engine) struct Random(pub(in crate::engine) u64);

impl Random {
    pub(in crate::engine) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(in crate::engine) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The built-in users, and the type with everything.
pub(in crate::engine) fn registry() -> Registry {
    use AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference, String};
    let all = [String, Boolean, Decimal, Integer, DateTime, Binary, Reference];
    let mut attributes: Vec<Attribute> = Vec::new();
    for kind in all {
        let name = kind.keyword();
        attributes.push(Attribute::new(format!("one{name}"), kind));
        attributes.push(Attribute {
            multi_valued: true,
            case_exact: true,
            ..Attribute::new(format!("many{name}"), kind)
        });
    }
    let mut subs: Vec<Attribute> = all.iter().map(|kind| Attribute::new(kind.keyword(), *kind)).collect();
    subs.push(Attribute::new("primary", Boolean));
    attributes.push(Attribute { sub_attributes: subs.clone(), ..Attribute::new("group", Complex) });
    attributes.push(Attribute { multi_valued: true, sub_attributes: subs, ..Attribute::new("groups", Complex) });
    let hidden = Attribute { returned: Returned::Never, ..Attribute::new("value", String) };
    attributes.push(Attribute {
        multi_valued: true,
        sub_attributes: vec![hidden],
        ..Attribute::new("secrets", Complex)
    });
    attributes.extend(beyond());
    registry_of(attributes)
}

/// What no schema of the RFC has: values of any type, and complex values in complex values.
fn beyond() -> Vec<Attribute> {
    use AttributeType::{Any, Boolean, Complex, String};
    let many = |attribute| Attribute { multi_valued: true, ..attribute };
    let leaves = || vec![Attribute::new("text", String), Attribute::new("free", Any), many(Attribute::new("all", Any))];
    let of = |name: &str, sub_attributes| Attribute { sub_attributes, ..Attribute::new(name, Complex) };
    let subs = || {
        let with_primary = leaves().into_iter().chain([Attribute::new("primary", Boolean)]).collect();
        vec![Attribute::new("text", String), of("one", leaves()), many(of("many", with_primary))]
    };
    let frees = [Attribute::new("free", Any), many(Attribute::new("frees", Any))];
    frees.into_iter().chain([of("deep", subs()), many(of("deeps", subs()))]).collect()
}

/// The built-in types, and one with these attributes.
pub(super) fn registry_of(attributes: Vec<Attribute>) -> Registry {
    let urn = "urn:example:Everything";
    let mut schemas = builtin::schemas().unwrap();
    schemas.push(Schema {
        id: urn.into(),
        name: "Everything".into(),
        description: std::string::String::new(),
        attributes,
    });
    let mut types: Vec<Option<ResourceType>> = builtin::resource_types().unwrap().into_iter().map(Some).collect();
    types.push(Some(ResourceType {
        id: "Everything".into(),
        name: "Everything".into(),
        description: std::string::String::new(),
        endpoint: "/Everything".into(),
        schema: urn.into(),
        schema_extensions: vec![],
    }));
    Registry::build_with(schemas, types, &mut AttributeNumbers::default(), &|_| true).unwrap()
}

fn text(random: &mut Random, variety: u64) -> String {
    let number = random.below(variety);
    match random.below(8) {
        0 => String::new(),
        1 => format!("Ünï{number}"),
        2 => format!("Common Prefix {number}"),
        3 => format!("{number}@Example.com"),
        4 => format!("ab\0{number}"),
        _ => format!("V{number}"),
    }
}

fn simple(random: &mut Random, definition: &Definition, variety: u64) -> Value {
    let number = random.below(variety) as i64;
    match definition.attribute.attribute_type {
        AttributeType::String | AttributeType::Reference => Value::String(text(random, variety)),
        AttributeType::Boolean => Value::Boolean(number % 3 == 0),
        AttributeType::Integer => Value::Integer(number - 3),
        AttributeType::Decimal => Value::Decimal(number as f64 / 4.0 - 2.0),
        AttributeType::DateTime => Value::DateTime(Instant::from_unix(number - 5, 7).unwrap().into()),
        AttributeType::Binary => Value::Binary(number.to_le_bytes()[..(number % 4) as usize].to_vec()),
        AttributeType::Any => Value::Any(match random.below(6) {
            0 => format!("[{number}]"),
            1 => "\"\"".to_owned(),
            2 => (number % 2 == 0).to_string(),
            3 => format!("{:?}", number as f64 / 4.0 - 2.0),
            4 => format!("{}", number - 3),
            _ => format!("\"V{number}\""),
        }),
        AttributeType::Complex => unreachable!(),
    }
}

fn single(random: &mut Random, model: &TypeModel, definition: &Definition, variety: u64) -> Value {
    if definition.children.is_empty() {
        return simple(random, definition, variety);
    }
    let children = definition.children.iter().filter_map(|id| model.definition(*id));
    let is_beyond =
        |child: &&Definition| matches!(child.attribute.attribute_type, AttributeType::Complex | AttributeType::Any);
    let children: Vec<&Definition> =
        children.filter(|child| !child.attribute.multi_valued || is_beyond(child)).collect();
    let mut complex = Complex::new();
    for child in children {
        if random.below(3) > 0 {
            let count = if child.attribute.multi_valued { 1 + random.below(3) } else { 1 };
            let mut values: Vec<Value> = (0..count).map(|_| single(random, model, child, variety)).collect();
            match child.attribute.multi_valued {
                true => complex.set(child.id, Value::Multi(values)),
                false => values.pop().and_then(|value| complex.set(child.id, value)),
            };
        }
    }
    Value::Complex(complex)
}

/// A resource; the larger the variety, the fewer values are equal.
pub(in crate::engine) fn resource(random: &mut Random, model: &TypeModel, row: u64, variety: u64) -> Resource {
    let mut attributes = Complex::new();
    for id in model.attributes().filter(|id| ![common::SCHEMAS, common::ID, common::META].contains(id)) {
        let definition = model.definition(id).unwrap();
        // Some attributes are rare, some are common, and some have many values in a few resources.
        if random.below(6) < u64::from(id.0) % 6 {
            continue;
        }
        let value = if definition.attribute.multi_valued {
            let many = if u64::from(id.0) % 4 == 0 && random.below(9) == 0 { 40 } else { 3 };
            let count = 1 + random.below(many);
            Value::Multi((0..count).map(|_| single(random, model, definition, variety)).collect())
        } else {
            single(random, model, definition, variety)
        };
        attributes.set(id, value);
    }
    let created = Instant::from_unix(row as i64, 0).unwrap();
    let last_modified = Instant::from_unix(random.below(variety) as i64, 0).unwrap();
    Resource { id: format!("id-{:x}", random.next()), version: row, created, last_modified, attributes }
}

pub(in crate::engine) fn build(
    catalog: &Arc<Catalog>,
    model: &TypeModel,
    resources: &[(u64, Resource)],
    tombstones: &[u64],
) -> Vec<u64> {
    let mut builder = RunBuilder::new(catalog, model.number());
    for (row, resource) in resources {
        let stored = crate::model::stored::encode(resource);
        let view = crate::model::stored::view(&stored, model).unwrap();
        builder.add(*row, &view).unwrap();
    }
    tombstones.iter().for_each(|row| builder.tombstone(*row));
    assert_eq!(builder.docs() as usize, resources.len());
    assert!(builder.memory() > 0);
    builder.finish().unwrap()
}

pub(in crate::engine) fn open(words: Vec<u64>) -> Run {
    Run::open(Bytes::Memory(Arc::new(words)), None, true).unwrap()
}

/// Which of so many docs are dead: some, or none.
pub(in crate::engine) fn dead(random: &mut Random, docs: u32) -> Bits {
    let mut dead = Bits::none(docs);
    let share = random.below(3);
    (0..docs).filter(|_| random.below(4) < share).for_each(|doc| dead.set(doc));
    dead
}
