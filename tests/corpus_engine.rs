//! The corpus through the engine, in process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use scimdb::engine::{ReadOptions, TenantOptions, WriteOptions};
use scimdb::message::{ResourceInput, SearchRequest, SortOrder, parse_patch, parse_schema_document};
use scimdb::{Error, Store, StoreOptions};
use serde_json::Value;
use support::corpus::{Outcome, PatchError, ResourceOf};
use support::face::{Face, Search, run_filters, run_patches};

struct Engine(Store);

impl Engine {
    fn new() -> Engine {
        Engine(Store::open_in_memory(StoreOptions::default()).unwrap())
    }
}

impl Face for Engine {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        let mut options = TenantOptions::default();
        options.profile = dialect.parse().unwrap();
        let tenant = self.0.create_tenant(tenant, options).map_err(text)?;
        if documents.is_empty() {
            return Ok(());
        }
        let json = Value::Array(documents.to_vec()).to_string();
        tenant.put_schemas(parse_schema_document(json.as_bytes()).map_err(text)?).map_err(text)
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        let tenant = self.0.tenant(tenant).map_err(text)?;
        for ResourceOf { resource_type, id, body } in resources {
            let input = ResourceInput::from_json(body.to_string().as_bytes()).map_err(text)?;
            let options = WriteOptions { id: Some(id.clone()), ..WriteOptions::default() };
            tenant.create(resource_type, input, &options).map_err(|error| format!("{id}: {error:?}"))?;
        }
        Ok(())
    }

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        match self.0.tenant(tenant).unwrap().search(search.resource_type.as_deref(), &request(search)) {
            Ok(page) => Outcome::Found(page.resources.into_iter().map(|r| r.id).collect(), page.total_results),
            Err(error) => failed(&error),
        }
    }

    fn walk(&mut self, tenant: &str, search: &Search) -> Option<Outcome> {
        let tenant = self.0.tenant(tenant).unwrap();
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let request = SearchRequest { count: Some(2), cursor: Some(cursor), ..request(search) };
            let page = match tenant.search(search.resource_type.as_deref(), &request) {
                Ok(page) => page,
                Err(error) => return Some(failed(&error)),
            };
            ids.extend(page.resources.into_iter().map(|found| found.id));
            match page.next_cursor {
                Some(next) => cursor = next,
                None => return Some(Outcome::Found(ids, page.total_results)),
            }
        }
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let found = self.0.tenant(tenant).unwrap().get(resource_type, id, &ReadOptions::default()).unwrap();
        serde_json::from_str(&found.json).unwrap()
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let failed = |error: Error| PatchError {
            status: error.status(),
            scim_type: error.scim_type().unwrap_or_default().to_owned(),
        };
        let patch = parse_patch(request.to_string().as_bytes()).map_err(failed)?;
        let written = self.0.tenant(tenant).unwrap().modify(resource_type, id, &patch, &WriteOptions::default());
        written.map(|_| None).map_err(failed)
    }
}

fn request(search: &Search) -> SearchRequest {
    SearchRequest {
        filter: search.filter.clone(),
        sort_by: search.sort_by.clone(),
        sort_order: if search.descending { SortOrder::Descending } else { SortOrder::Ascending },
        start_index: search.start_index,
        count: search.count,
        ..SearchRequest::default()
    }
}

fn failed(error: &Error) -> Outcome {
    Outcome::Failed {
        scim_type: error.scim_type().map(str::to_owned),
        offset: error.offset().map(|offset| offset as u64),
        detail: error.detail().to_owned(),
    }
}

fn text(error: Error) -> String {
    format!("{error:?}")
}

#[test]
fn filters() {
    run_filters(&mut Engine::new());
}

#[test]
fn patches() {
    run_patches(&mut Engine::new());
}
