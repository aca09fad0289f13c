//! `scimdb.v1.ResourceService`: the verbs. Streams have files of their own.

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::call::{brief, unary};
use super::convert::{explanation, fits, given, import_job, page, resource, search, versions};
use super::proto::resource_service_server::ResourceService;
use super::{import, jobs, proto, stream_list, watch};
use crate::Result;
use crate::engine::{Scope, WriteOptions, Written};
use crate::message::{self, BulkResponse, Representation, ResourceInput};
use crate::server::{Caller, Gate};

/// Bytes that an envelope adds to the JSON of a resource, at a guess.
pub(super) const ENVELOPE: usize = 200;

/// The service.
pub(super) struct Resources {
    gate: Gate,
}

impl Resources {
    pub(super) fn new(gate: Gate) -> Self {
        Resources { gate }
    }

    fn limit(&self) -> usize {
        self.gate.options().max_message_bytes
    }
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl ResourceService for Resources {
    async fn get(&self, request: Request<proto::GetRequest>) -> Answer<proto::GetResponse> {
        let limit = self.limit();
        let resource_type = request.get_ref().resource_type.clone();
        let is_short = move |caller: &Caller| caller.tenant().is_ok_and(|it| it.looks_up(&resource_type, None));
        brief(&self.gate, "ResourceService/Get", Scope::Read, request, is_short, move |caller, message| {
            let proto::GetRequest { tenant: _, resource_type, id, attributes, excluded_attributes, if_none_match } =
                message;
            let options = caller.read_options(attributes, excluded_attributes, versions(&if_none_match));
            let found = caller.tenant()?.get(&resource_type, &id, &options)?;
            Ok(proto::GetResponse { resource: Some(fitting(found, limit)?) })
        })
        .await
    }

    async fn create(&self, request: Request<proto::CreateRequest>) -> Answer<proto::CreateResponse> {
        unary(&self.gate, "ResourceService/Create", Scope::Write, request, |caller, message| {
            let proto::CreateRequest { tenant: _, resource_type, json, id, attributes, excluded_attributes } = message;
            let options = WriteOptions { id: given(id), attributes, excluded_attributes, ..caller.write_options() };
            let input = ResourceInput::from_json(json.as_bytes())?;
            let created = caller.tenant()?.create(&resource_type, input, &options)?;
            Ok(proto::CreateResponse { resource: Some(resource(created)) })
        })
        .await
    }

    async fn replace(&self, request: Request<proto::ReplaceRequest>) -> Answer<proto::ReplaceResponse> {
        unary(&self.gate, "ResourceService/Replace", Scope::Write, request, |caller, message| {
            let proto::ReplaceRequest {
                tenant: _,
                resource_type,
                id,
                json,
                if_match,
                if_none_match,
                attributes,
                excluded_attributes,
            } = message;
            let options = conditional(caller, attributes, excluded_attributes, &if_match, &if_none_match);
            let input = ResourceInput::from_json(json.as_bytes())?;
            let Written { representation, changed } = caller.tenant()?.replace(&resource_type, &id, input, &options)?;
            Ok(proto::ReplaceResponse { resource: Some(resource(representation)), changed })
        })
        .await
    }

    async fn patch(&self, request: Request<proto::PatchRequest>) -> Answer<proto::PatchResponse> {
        unary(&self.gate, "ResourceService/Patch", Scope::Write, request, |caller, message| {
            let proto::PatchRequest {
                tenant: _,
                resource_type,
                id,
                json,
                if_match,
                if_none_match,
                attributes,
                excluded_attributes,
            } = message;
            let options = conditional(caller, attributes, excluded_attributes, &if_match, &if_none_match);
            let tenant = caller.tenant()?;
            let patch = tenant.read_patch(json.as_bytes())?;
            let Written { representation, changed } = tenant.modify(&resource_type, &id, &patch, &options)?;
            Ok(proto::PatchResponse { resource: Some(resource(representation)), changed })
        })
        .await
    }

    async fn delete(&self, request: Request<proto::DeleteRequest>) -> Answer<proto::DeleteResponse> {
        unary(&self.gate, "ResourceService/Delete", Scope::Write, request, |caller, message| {
            let proto::DeleteRequest { tenant: _, resource_type, id, if_match, if_none_match } = message;
            let options = conditional(caller, Vec::new(), Vec::new(), &if_match, &if_none_match);
            caller.tenant()?.delete(&resource_type, &id, &options)?;
            Ok(proto::DeleteResponse {})
        })
        .await
    }

    async fn forget(&self, request: Request<proto::ForgetRequest>) -> Answer<proto::ForgetResponse> {
        unary(&self.gate, "ResourceService/Forget", Scope::Write, request, |caller, message| {
            let proto::ForgetRequest { tenant: _, resource_type, external_id } = message;
            let actor = caller.write_options().actor;
            let forgotten = caller.tenant()?.forget(&resource_type, &external_id, actor.as_deref())?;
            Ok(proto::ForgetResponse { resources: forgotten.resources })
        })
        .await
    }

    async fn list(&self, request: Request<proto::ListRequest>) -> Answer<proto::ListResponse> {
        let limit = self.limit();
        let proto::ListRequest { resource_type, filter, .. } = request.get_ref();
        let (resource_type, filter) = (resource_type.clone(), filter.clone());
        let is_short = move |caller: &Caller| {
            !filter.is_empty() && caller.tenant().is_ok_and(|it| it.looks_up(&resource_type, Some(&filter)))
        };
        brief(&self.gate, "ResourceService/List", Scope::Read, request, is_short, move |caller, message| {
            let (resource_type, request) = search(message)?;
            let found = caller.tenant()?.search(resource_type.as_deref(), &request)?;
            fits(found.resources.iter().map(|found| found.json.len() + ENVELOPE).sum(), limit)?;
            Ok(page(found))
        })
        .await
    }

    async fn explain(&self, request: Request<proto::ExplainRequest>) -> Answer<proto::ExplainResponse> {
        unary(&self.gate, "ResourceService/Explain", Scope::Read, request, |caller, message| {
            let proto::ExplainRequest { search: request } = message;
            let (resource_type, request) = search(request.unwrap_or_default())?;
            Ok(explanation(caller.tenant()?.explain(resource_type.as_deref(), &request)?))
        })
        .await
    }

    async fn bulk(&self, request: Request<proto::BulkRequest>) -> Answer<proto::BulkResponse> {
        unary(&self.gate, "ResourceService/Bulk", Scope::Write, request, |caller, message| {
            let proto::BulkRequest { tenant: _, json } = message;
            let bulk = message::BulkRequest::from_json(json.as_bytes())?;
            let results: BulkResponse = caller.tenant()?.bulk(bulk, &caller.write_options())?;
            Ok(proto::BulkResponse { json: results.to_json("") })
        })
        .await
    }

    type StreamListStream = ReceiverStream<std::result::Result<proto::StreamListResponse, Status>>;

    async fn stream_list(&self, request: Request<proto::StreamListRequest>) -> Answer<Self::StreamListStream> {
        stream_list::stream_list(&self.gate, request).await
    }

    type ImportStream = ReceiverStream<std::result::Result<proto::ImportResponse, Status>>;

    async fn import(&self, request: Request<Streaming<proto::ImportRequest>>) -> Answer<Self::ImportStream> {
        import::import(&self.gate, request).await
    }

    async fn queue_import(
        &self,
        request: Request<Streaming<proto::QueueImportRequest>>,
    ) -> Answer<proto::QueueImportResponse> {
        jobs::queue_import(&self.gate, request).await
    }

    async fn get_import_job(
        &self,
        request: Request<proto::GetImportJobRequest>,
    ) -> Answer<proto::GetImportJobResponse> {
        unary(&self.gate, "ResourceService/GetImportJob", Scope::Read, request, |caller, message| {
            let proto::GetImportJobRequest { tenant: _, correlation_id } = message;
            let job = caller.tenant()?.import_job(&correlation_id)?;
            Ok(proto::GetImportJobResponse { job: Some(import_job(job)) })
        })
        .await
    }

    async fn list_import_jobs(
        &self,
        request: Request<proto::ListImportJobsRequest>,
    ) -> Answer<proto::ListImportJobsResponse> {
        unary(&self.gate, "ResourceService/ListImportJobs", Scope::Read, request, |caller, message| {
            let proto::ListImportJobsRequest { tenant: _ } = message;
            // A thousand imports with their failures would be more than a message may be.
            let told = |mut job: crate::engine::ImportJob| {
                job.failures.clear();
                import_job(job)
            };
            let jobs = caller.tenant()?.import_jobs()?.into_iter().map(told).collect();
            Ok(proto::ListImportJobsResponse { jobs })
        })
        .await
    }

    type WatchStream = ReceiverStream<std::result::Result<proto::WatchResponse, Status>>;

    async fn watch(&self, request: Request<proto::WatchRequest>) -> Answer<Self::WatchStream> {
        watch::watch(&self.gate, request).await
    }
}

fn fitting(found: Representation, limit: usize) -> Result<proto::Resource> {
    fits(found.json.len() + ENVELOPE, limit)?;
    Ok(resource(found))
}

fn conditional(
    caller: &Caller,
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
    if_match: &str,
    if_none_match: &str,
) -> WriteOptions {
    WriteOptions {
        attributes,
        excluded_attributes,
        if_match: versions(if_match),
        if_none_match: versions(if_none_match),
        ..caller.write_options()
    }
}
