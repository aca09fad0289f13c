//! `scimdb.v1.SchemaService`: schemas and resource types, as RFC 7643 documents.

use tonic::{Request, Response, Status};

use super::call::unary;
use super::proto;
use super::proto::schema_service_server::SchemaService;
use crate::engine::Scope;
use crate::message::{parse_schema_document, resource_type_json, schema_json};
use crate::server::Gate;

/// The service.
pub(super) struct Schemas {
    gate: Gate,
}

impl Schemas {
    pub(super) fn new(gate: Gate) -> Self {
        Schemas { gate }
    }
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl SchemaService for Schemas {
    async fn list_schemas(&self, request: Request<proto::ListSchemasRequest>) -> Answer<proto::ListSchemasResponse> {
        unary(&self.gate, "SchemaService/ListSchemas", Scope::Read, request, |caller, message| {
            let proto::ListSchemasRequest { tenant: _ } = message;
            let registry = caller.tenant()?.registry()?;
            let document = |schema: &crate::model::Schema| proto::SchemaDocument {
                id: schema.id.clone(),
                name: schema.name.clone(),
                json: schema_json(schema, ""),
            };
            Ok(proto::ListSchemasResponse { schemas: registry.schemas().iter().map(document).collect() })
        })
        .await
    }

    async fn list_resource_types(
        &self,
        request: Request<proto::ListResourceTypesRequest>,
    ) -> Answer<proto::ListResourceTypesResponse> {
        unary(&self.gate, "SchemaService/ListResourceTypes", Scope::Read, request, |caller, message| {
            let proto::ListResourceTypesRequest { tenant: _ } = message;
            let registry = caller.tenant()?.registry()?;
            let document = |resource_type: &crate::model::ResourceType| proto::ResourceTypeDocument {
                name: resource_type.name.clone(),
                endpoint: resource_type.endpoint.clone(),
                schema: resource_type.schema.clone(),
                json: resource_type_json(resource_type, ""),
            };
            let resource_types = registry.types().iter().map(|model| document(model.resource_type())).collect();
            Ok(proto::ListResourceTypesResponse { resource_types })
        })
        .await
    }

    async fn put_schemas(&self, request: Request<proto::PutSchemasRequest>) -> Answer<proto::PutSchemasResponse> {
        unary(&self.gate, "SchemaService/PutSchemas", Scope::Admin, request, |caller, message| {
            let proto::PutSchemasRequest { tenant: _, json } = message;
            caller.tenant()?.put_schemas(parse_schema_document(json.as_bytes())?)?;
            Ok(proto::PutSchemasResponse {})
        })
        .await
    }

    async fn remove_schema(&self, request: Request<proto::RemoveSchemaRequest>) -> Answer<proto::RemoveSchemaResponse> {
        unary(&self.gate, "SchemaService/RemoveSchema", Scope::Admin, request, |caller, message| {
            let proto::RemoveSchemaRequest { tenant: _, urn_or_name } = message;
            caller.tenant()?.remove_schema(&urn_or_name)?;
            Ok(proto::RemoveSchemaResponse {})
        })
        .await
    }
}
