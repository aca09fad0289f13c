//! `filter::bind` and `filter::eval` on stored bytes, without an engine: what the second opinion is compared with.

use std::sync::Arc;

use scimdb::Result;
use scimdb::filter::{bind_any, eval, parse};
use scimdb::message::builtin;
use scimdb::message::{ResourceInput, SchemaDocument, parse_schema_document};
use scimdb::model::bind::bind_resource;
use scimdb::model::stored;
use scimdb::model::{AttributeNumbers, BindOptions, Complex, Instant, Registry, Resource, TypeModel, Value, common};
use scimdb::patch::Dialect;
use serde_json::Value as Json;

/// Resources as the store keeps them.
pub struct Direct {
    registry: Registry,
    resources: Vec<Kept>,
    options: BindOptions,
}

struct Kept {
    model: Arc<TypeModel>,
    id: String,
    bytes: Vec<u8>,
    derived: Complex,
}

impl Direct {
    /// From resources that hold everything derived too: (resource type, document).
    pub fn new<'a>(documents: &[Json], dialect: &str, resources: impl Iterator<Item = (&'a str, &'a Json)>) -> Direct {
        let (mut schemas, mut resource_types) = (builtin::schemas().unwrap(), builtin::resource_types().unwrap());
        for document in parse_schema_document(Json::Array(documents.to_vec()).to_string().as_bytes()).unwrap() {
            match document {
                SchemaDocument::Schema(schema) => schemas.push(schema),
                SchemaDocument::ResourceType(resource_type) => resource_types.push(resource_type),
            }
        }
        let resource_types = resource_types.into_iter().map(Some).collect();
        let registry = Registry::build(schemas, resource_types, &mut AttributeNumbers::default()).unwrap();
        Direct::over(registry, dialect, resources)
    }

    /// The same with the schemas of a store.
    pub fn over<'a>(registry: Registry, dialect: &str, resources: impl Iterator<Item = (&'a str, &'a Json)>) -> Direct {
        let kept = resources.map(|(resource_type, document)| keep(&registry, resource_type, document)).collect();
        Direct { registry, resources: kept, options: Dialect::from_name(dialect).unwrap().bind }
    }

    /// The ids of the resources that a filter selects, in order.
    pub fn select(&self, resource_type: Option<&str>, filter: &str) -> Result<Vec<String>> {
        let models: Vec<&TypeModel> = match resource_type {
            Some(name) => vec![self.registry.resource_type(name)?],
            None => self.registry.types().iter().map(|model| &**model).collect(),
        };
        let bound = bind_any(&parse(filter)?, &models, self.options)?;
        let mut ids = Vec::new();
        for kept in &self.resources {
            let Some(index) = models.iter().position(|model| model.number() == kept.model.number()) else { continue };
            let view = stored::view(&kept.bytes, &kept.model)?.with_derived(&kept.derived);
            if eval(&bound[index], &view) {
                ids.push(kept.id.clone());
            }
        }
        Ok(ids)
    }
}

fn keep(registry: &Registry, resource_type: &str, document: &Json) -> Kept {
    let model = Arc::clone(registry.resource_type(resource_type).unwrap());
    let input = ResourceInput::from_json(document.to_string().as_bytes()).unwrap();
    let trusted = BindOptions { trusted: true, ..BindOptions::default() };
    let bound = bind_resource(&model, input.0, trusted).unwrap();
    let meta = |name: &str| document["meta"][name].as_str().unwrap().to_owned();
    let created = Instant::parse(&meta("created")).unwrap();
    let last_modified = Instant::parse(document["meta"]["lastModified"].as_str().unwrap_or(&meta("created"))).unwrap();
    let mut derived: Complex = [(
        common::META,
        Value::Complex(
            [
                (common::META_RESOURCE_TYPE, Value::String(meta("resourceType"))),
                (common::META_CREATED, Value::DateTime(created.into())),
                (common::META_LAST_MODIFIED, Value::DateTime(last_modified.into())),
                (common::META_LOCATION, Value::String(meta("location"))),
                (common::META_VERSION, Value::String(meta("version"))),
            ]
            .into_iter()
            .collect(),
        ),
    )]
    .into_iter()
    .collect();
    let mut attributes = Complex::new();
    for (id, value) in bound.attributes {
        let membership = [model.members(), model.groups()].into_iter().flatten().any(|m| m.attribute == id);
        let into = if membership { &mut derived } else { &mut attributes };
        into.set(id, value);
    }
    let id = bound.id.unwrap();
    let resource = Resource { id: id.clone(), version: 1, created, last_modified, attributes };
    Kept { bytes: stored::encode(&resource), model, id, derived }
}
