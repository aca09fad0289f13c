//! scimdb inside a program of one's own: no server, no other process, just a directory.

use scimdb::engine::WriteOptions;
use scimdb::message::{ResourceInput, SearchRequest, parse_patch};
use scimdb::{Store, StoreOptions};

fn main() -> scimdb::Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "embedded-store".to_owned());
    let store = Store::open(directory, StoreOptions::default())?;
    let tenant = store.tenant("default")?;

    let user = br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com", "active": true}"#;
    let ann = tenant.create("User", ResourceInput::from_json(user)?, &WriteOptions::default())?;

    let patch = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "emails", "value": [{"type": "work", "value": "ann@example.com"}]}]}"#;
    tenant.modify("User", &ann.id, &parse_patch(patch)?, &WriteOptions::default())?;

    let filter = Some("emails[type eq \"work\" and value ew \"@example.com\"]".to_owned());
    let page = tenant.search(Some("User"), &SearchRequest { filter, ..SearchRequest::default() })?;
    for found in &page.resources {
        println!("{}", found.json);
    }
    tenant.delete("User", &ann.id, &WriteOptions::default())?;
    store.close()
}
