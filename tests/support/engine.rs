//! The engine's verbs with JSON values, for tests that read as what they say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scimdb::engine::{Env, ReadOptions, WriteOptions, Written};
use scimdb::message::{
    BulkRequest, BulkResponse, Representation, ResourceInput, SearchPage, SearchRequest, parse_patch,
    parse_schema_document,
};
use scimdb::model::Instant;
use scimdb::{Result, Store, StoreOptions, Tenant};
use serde_json::{Value, json};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A clock that goes on by a millisecond whenever it is asked, and ids in no order. The hand moves the clock.
pub fn env() -> (Env, Arc<AtomicU64>) {
    let hand = Arc::new(AtomicU64::new(0));
    let (clock, ids) = (Arc::clone(&hand), AtomicU64::new(1));
    let now = move || {
        let millis = clock.fetch_add(1, Ordering::SeqCst);
        let (seconds, nanoseconds) = (millis / 1_000, millis % 1_000 * 1_000_000);
        Instant::from_unix(1_700_000_000 + seconds as i64, nanoseconds as u32).unwrap()
    };
    let id = move || {
        let number = ids.fetch_add(1, Ordering::SeqCst);
        format!("{:08x}-{number}", (number as u32).wrapping_mul(0x9e37_79b1))
    };
    (Env::new(now, id), hand)
}

/// A store in memory, with a clock and ids of its own.
pub fn store() -> Store {
    let mut options = StoreOptions::default();
    options.env = env().0;
    Store::open_in_memory(options).unwrap()
}

/// The default tenant of a new store.
pub fn tenant() -> Tenant {
    store().tenant("default").unwrap()
}

pub fn input(json: Value) -> ResourceInput {
    ResourceInput::from_json(json.to_string().as_bytes()).unwrap()
}

pub fn user(user_name: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name})
}

pub fn group(display_name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    json!({"schemas": [GROUP], "displayName": display_name, "members": members})
}

pub fn patch(operations: Value) -> scimdb::patch::PatchRequest {
    let message =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}).to_string();
    parse_patch(message.as_bytes()).unwrap()
}

pub fn json_of(representation: &Representation) -> Value {
    serde_json::from_str(&representation.json).unwrap()
}

/// The verbs, with JSON.
pub trait Verbs {
    fn make(&self, resource_type: &str, json: Value) -> Result<Representation>;
    /// The id of a resource that is made without trouble.
    fn id_of(&self, resource_type: &str, json: Value) -> String;
    fn put(&self, resource_type: &str, id: &str, json: Value) -> Result<Written>;
    fn patch(&self, resource_type: &str, id: &str, operations: Value) -> Result<Written>;
    fn drop_resource(&self, resource_type: &str, id: &str) -> Result<()>;
    fn show(&self, resource_type: &str, id: &str) -> Result<Representation>;
    fn read(&self, resource_type: &str, id: &str) -> Value;
    fn page(&self, resource_type: Option<&str>, filter: &str) -> Result<SearchPage>;
    fn found(&self, resource_type: Option<&str>, filter: &str) -> Vec<String>;
    fn send_bulk(&self, request: Value) -> BulkResponse;
    fn register(&self, documents: Value) -> Result<()>;
    fn exported(&self) -> Vec<String>;
}

impl Verbs for Tenant {
    fn make(&self, resource_type: &str, json: Value) -> Result<Representation> {
        self.create(resource_type, input(json), &WriteOptions::default())
    }

    fn id_of(&self, resource_type: &str, json: Value) -> String {
        self.make(resource_type, json).unwrap().id
    }

    fn put(&self, resource_type: &str, id: &str, json: Value) -> Result<Written> {
        self.replace(resource_type, id, input(json), &WriteOptions::default())
    }

    fn patch(&self, resource_type: &str, id: &str, operations: Value) -> Result<Written> {
        self.modify(resource_type, id, &patch(operations), &WriteOptions::default())
    }

    fn drop_resource(&self, resource_type: &str, id: &str) -> Result<()> {
        self.delete(resource_type, id, &WriteOptions::default())
    }

    fn show(&self, resource_type: &str, id: &str) -> Result<Representation> {
        self.get(resource_type, id, &ReadOptions::default())
    }

    fn read(&self, resource_type: &str, id: &str) -> Value {
        json_of(&self.show(resource_type, id).unwrap())
    }

    fn page(&self, resource_type: Option<&str>, filter: &str) -> Result<SearchPage> {
        let filter = (!filter.is_empty()).then(|| filter.to_owned());
        self.search(resource_type, &SearchRequest { filter, ..SearchRequest::default() })
    }

    fn found(&self, resource_type: Option<&str>, filter: &str) -> Vec<String> {
        let page = self.page(resource_type, filter).unwrap();
        assert_eq!(page.total_results, page.resources.len() as u64);
        page.resources.into_iter().map(|resource| resource.id).collect()
    }

    fn send_bulk(&self, mut request: Value) -> BulkResponse {
        request["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
        let request = BulkRequest::from_json(request.to_string().as_bytes()).unwrap();
        self.bulk(request, &WriteOptions::default()).unwrap()
    }

    fn register(&self, documents: Value) -> Result<()> {
        self.put_schemas(parse_schema_document(documents.to_string().as_bytes()).unwrap())
    }

    fn exported(&self) -> Vec<String> {
        let mut rows = Vec::new();
        self.export(None, &mut |row| {
            rows.push(row.to_owned());
            true
        })
        .unwrap();
        rows
    }
}

/// Reads every row of a store, and wants all of them sound.
pub fn assert_sound(store: &Store) {
    let report = store.check(&mut |_, _| {}).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}
