//! A script that uses every verb of the engine, and a dump of everything that a store then tells.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scimdb::engine::{Env, ImportOptions, OnConflict, ReadOptions, Scope, TenantOptions, TokenOptions, WriteOptions};
use scimdb::message::{BulkRequest, ResourceInput, parse_patch, parse_schema_document};
use scimdb::model::Instant;
use scimdb::{Result, Store, StoreOptions, Tenant};

/// What must be remembered from one step to the next: names, secrets and whether they are still good.
pub type Secrets = Vec<(String, String, bool)>;

/// A step of the script.
pub struct Step {
    pub name: &'static str,
    pub run: fn(&Store, &mut Secrets) -> Result<()>,
}

/// Ids that count, under a clock that stands: the same store every time.
#[derive(Clone, Default)]
pub struct Ids(Arc<AtomicUsize>);

impl Ids {
    /// The ids that are made from here on begin with a number.
    pub fn set(&self, step: usize) {
        self.0.store(step * 1_000, Ordering::Relaxed);
    }

    pub fn options(&self) -> StoreOptions {
        let ids = Arc::clone(&self.0);
        let mut options = StoreOptions::default();
        // Small, so that pages are written before their commit too, and read again.
        options.cache_bytes = 128 << 10;
        options.env = Env::new(
            || Instant::from_unix(1_700_000_000, 0).unwrap(),
            move || format!("made-{:08}", ids.fetch_add(1, Ordering::Relaxed)),
        );
        options
    }
}

pub fn user(name: &str, more: &str) -> ResourceInput {
    let json = format!(
        r#"{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "{name}", "name": {{"familyName":
        "{name}", "formatted": "{name} the {}"}}, "emails": [{{"value": "{name}@example.com", "primary": true}}]{more}}}"#,
        "long ".repeat(20)
    );
    ResourceInput::from_json(json.as_bytes()).unwrap()
}

pub fn with_id(id: &str) -> WriteOptions {
    WriteOptions { id: Some(id.to_owned()), actor: Some("script".to_owned()), ..WriteOptions::default() }
}

pub fn group(name: &str, members: &[&str]) -> ResourceInput {
    let members: Vec<String> = members.iter().map(|id| format!(r#"{{"value": "{id}"}}"#)).collect();
    let json = format!(
        r#"{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "{name}", "members": [{}]}}"#,
        members.join(",")
    );
    ResourceInput::from_json(json.as_bytes()).unwrap()
}

pub fn patch(tenant: &Tenant, kind: &str, id: &str, operations: &str) -> Result<()> {
    let json =
        format!(r#"{{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{operations}]}}"#);
    tenant.modify(kind, id, &parse_patch(json.as_bytes()).unwrap(), &WriteOptions::default()).map(drop)
}

const SENSOR: &str = r#"[
    {"id": "urn:example:Sensor", "name": "Sensor", "attributes": [
        {"name": "serial", "type": "string", "required": true, "uniqueness": "server"},
        {"name": "range", "type": "decimal"}]},
    {"id": "Sensor", "name": "Sensor", "endpoint": "/Sensors", "schema": "urn:example:Sensor"}]"#;

fn home(store: &Store) -> Result<Tenant> {
    store.tenant("default")
}

fn import(store: &Store, rows: impl Iterator<Item = String>) -> Result<()> {
    let options = ImportOptions { on_conflict: OnConflict::Replace, ..ImportOptions::default() };
    let mut import = home(store)?.import(options)?;
    for (number, json) in (0..).zip(rows) {
        import.push(number, json.into_bytes())?;
    }
    let (_, rejects) = import.finish()?;
    rejects.into_iter().next().map_or(Ok(()), |reject| Err(reject.error))
}

/// The step whose outcome is never the same twice, since hashes are salted.
pub const PASSWORD: &str = "give it a password";

/// The steps, in order. Each is one commit.
pub const SCRIPT: &[Step] = &[
    step("create a user", |store, _| home(store)?.create("User", user("ann", ""), &with_id("ann")).map(drop)),
    step("create another", |store, _| {
        home(store)?.create("User", user("bob", r#", "externalId": "x-1""#), &with_id("bob")).map(drop)
    }),
    step(PASSWORD, |store, _| {
        patch(&home(store)?, "User", "bob", r#"{"op": "add", "path": "password", "value": "correct horse"}"#)
    }),
    step("create a group", |store, _| {
        home(store)?.create("Group", group("all", &["ann", "bob"]), &with_id("all")).map(drop)
    }),
    step("put a group into a group", |store, _| {
        home(store)?.create("Group", group("above", &["all"]), &with_id("above")).map(drop)
    }),
    step("create a member", |store, _| home(store)?.create("User", user("cat", ""), &with_id("cat")).map(drop)),
    step("add it", |store, _| {
        patch(&home(store)?, "Group", "all", r#"{"op": "add", "path": "members", "value": [{"value": "cat"}]}"#)
    }),
    step("remove one", |store, _| {
        patch(&home(store)?, "Group", "all", r#"{"op": "remove", "path": "members[value eq \"ann\"]"}"#)
    }),
    step("modify a user", |store, _| {
        patch(&home(store)?, "User", "ann", r#"{"op": "replace", "path": "nickName", "value": "Annie"}"#)
    }),
    step("change nothing", |store, _| {
        patch(&home(store)?, "User", "ann", r#"{"op": "replace", "path": "nickName", "value": "Annie"}"#)
    }),
    step("replace a user, with another name", |store, _| {
        home(store)?.replace("User", "bob", user("robert", ""), &WriteOptions::default()).map(drop)
    }),
    step("register a schema", |store, _| home(store)?.put_schemas(parse_schema_document(SENSOR.as_bytes())?)),
    step("create a resource of it", |store, _| {
        let json = br#"{"schemas": ["urn:example:Sensor"], "serial": "S-1", "range": 1.5}"#;
        home(store)?.create("Sensor", ResourceInput::from_json(json)?, &with_id("s-1")).map(drop)
    }),
    step("make a token", |store, secrets| {
        let options = TokenOptions::of_scope(Scope::Write);
        let token = home(store)?.create_token("first", options)?;
        secrets.push((token.name, token.secret, true));
        Ok(())
    }),
    step("make a tenant", |store, _| store.create_tenant("other", TenantOptions::default()).map(drop)),
    step("configure it", |store, _| {
        let mut options = TenantOptions::default();
        options.profile = "okta".parse()?;
        store.configure_tenant("other", options)
    }),
    step("create the same user there", |store, _| {
        store.tenant("other")?.create("User", user("ann", ""), &with_id("ann")).map(drop)
    }),
    step("do many things at once", |store, _| {
        let json = r#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "one", "data": {"userName": "dora"}},
            {"method": "POST", "path": "/Groups", "bulkId": "two", "data":
                {"displayName": "in bulk", "members": [{"value": "bulkId:one"}, {"value": "cat"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "three", "data": {"userName": "dora"}},
            {"method": "PATCH", "path": "/Users/cat", "data":
                {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                 "Operations": [{"op": "add", "path": "title", "value": "Dr"}]}},
            {"method": "DELETE", "path": "/Users/ann"}]}"#;
        let request = BulkRequest::from_json(
            json.replace(
                r#"{"userName""#,
                r#"{"schemas":
            ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName""#,
            )
            .replace(
                r#"{"displayName""#,
                r#"{"schemas":
            ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName""#,
            )
            .as_bytes(),
        )?;
        let response = home(store)?.bulk(request, &WriteOptions::default())?;
        let statuses: Vec<u16> = response.results.iter().map(|result| result.status).collect();
        assert!(statuses == [201, 201, 409, 200, 204] || statuses.contains(&404), "{statuses:?}");
        Ok(())
    }),
    step("import users", |store, _| {
        let row = |row| user(&format!("row{row}"), "").to_json().replacen('{', &format!(r#"{{"id":"row-{row}","#), 1);
        import(store, (0..40).map(row))
    }),
    step("import a group", |store, _| {
        let json = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "rows", "displayName":
            "rows", "members": [{"value": "row-1"}, {"value": "row-39"}]}"#;
        import(store, std::iter::once(json.to_owned()))
    }),
    step("delete a member of groups", |store, _| home(store)?.delete("User", "cat", &WriteOptions::default())),
    step("delete a group", |store, _| home(store)?.delete("Group", "rows", &WriteOptions::default())),
    step("revoke the token", |store, secrets| {
        home(store)?.revoke_token("first")?;
        secrets.iter_mut().for_each(|(_, _, valid)| *valid = false);
        Ok(())
    }),
    step("drop the tenant", |store, _| store.drop_tenant("other")),
    step("create ann again", |store, _| home(store)?.create("User", user("ann", ""), &with_id("ann")).map(drop)),
];

const fn step(name: &'static str, run: fn(&Store, &mut Secrets) -> Result<()>) -> Step {
    Step { name, run }
}

/// Everything that a store tells, by name.
pub type Dump = BTreeMap<String, String>;

/// Asks a store for everything.
pub fn dump(store: &Store) -> Result<Dump> {
    let mut dump = Dump::new();
    for name in store.tenants()? {
        let tenant = store.tenant(&name)?;
        let types: Vec<String> = tenant.registry()?.types().iter().map(|model| model.name().to_owned()).collect();
        let version = tenant.schema_version("urn:example:Sensor")?;
        dump.insert(format!("{name}: about"), format!("{:?} {types:?} {version:?}", tenant.stats()?));
        for kind in types {
            let mut ids = Vec::new();
            tenant.export(Some(&kind), &mut |json| {
                let id = serde_json::from_str::<serde_json::Value>(json).unwrap()["id"].as_str().unwrap().to_owned();
                dump.insert(format!("{name}: stored {kind} {id}"), json.to_owned());
                ids.push(id);
                true
            })?;
            for id in ids {
                let shown = tenant.get(&kind, &id, &ReadOptions::default())?;
                dump.insert(format!("{name}: {kind} {id}"), format!("{:?} {}", shown.tag, shown.json));
            }
        }
        for token in tenant.tokens()? {
            dump.insert(format!("{name}: token {}", token.name), format!("{token:?}"));
        }
        for change in tenant.changes(0, usize::MAX, Duration::ZERO)? {
            dump.insert(format!("{name}: change {:08}", change.sequence), format!("{change:?}"));
        }
    }
    Ok(dump)
}
