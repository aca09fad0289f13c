//! Errors with everything that they carry: what each request fails with, and that it is told as the core tells it.

use serde_json::{Value, json};

use crate::driven::Driven;
use crate::own::{GROUP, Step, Tenant, USER, must, must_fail, user};

pub const STEPS: &[Step] = &[
    ("errors of resources", resources),
    ("errors of searches", searches),
    ("errors of PATCH", patches),
    ("errors of schemas", schemas),
];

fn resources(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-errors")?;
    tenant.create("User", &user("taken"), json!({}))?;
    let cases: [Value; 9] = [
        json!("{"),
        json!("[]"),
        json!(""),
        json!({"schemas": [USER]}).to_string().into(),
        json!({"schemas": [USER], "userName": "a", "active": "maybe"}).to_string().into(),
        json!({"schemas": [USER], "userName": "a", "emails": [{"value": 7}]}).to_string().into(),
        json!({"schemas": [USER], "userName": "a", "shoeSize": 7}).to_string().into(),
        user("taken").to_string().into(),
        json!({"schemas": [GROUP], "displayName": "g"}).to_string().into(),
    ];
    for body in cases {
        let answer = tenant.ask("create", json!({"type": "User", "json": body, "options": {}}));
        complete(answer.error().map_err(|problem| format!("{body}: {problem}"))?)?;
    }
    must_fail(&tenant.ask("create", json!({"type": "User", "json": "{", "options": {}})), "INVALID_SYNTAX")?;
    let taken = json!({"type": "User", "json": user("TAKEN").to_string(), "options": {}});
    must_fail(&tenant.ask("create", taken), "UNIQUENESS")?;
    must_fail(&tenant.get("User", &json!("nobody"), json!({})), "NOT_FOUND")?;
    must_fail(&tenant.get("User", &json!(""), json!({})), "NOT_FOUND")?;
    must_fail(&tenant.get("Usr", &json!("nobody"), json!({})), "UNKNOWN_TYPE")?;
    let wrong = tenant.get("User", &json!("nobody"), json!({"attributes": ["a b"]}));
    complete(wrong.error()?)?;
    let request = json!({"tenant": "nowhere", "type": "User", "id": "x", "options": {}});
    must_fail(&tenant.driven.ask("get", request), "UNKNOWN_TENANT")
}

fn searches(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-errors-of-searches")?;
    let filters = [
        ("userName", 8),
        ("userName eq", 11),
        ("userName xx \"a\"", 9),
        ("usrName eq \"a\"", 0),
        ("active eq \"yes\"", 10),
        ("userName eq \"é\" and", 20),
        ("emails[type eq \"work\"", 21),
    ];
    for (filter, offset) in filters {
        let request = json!({"type": "User", "request": json!({"filter": filter}).to_string()});
        for op in ["search", "iterate", "explain"] {
            let answer = tenant.ask(op, request.clone());
            must_fail(&answer, "INVALID_FILTER")?;
            let error = answer.error()?;
            complete(error)?;
            let told = &error["offset"];
            must(*told == offset, format!("{op} {filter} blames byte {told}, not {offset}"))?;
        }
    }
    for (request, name) in
        [(json!({"sortBy": "nothing"}), "INVALID_PATH"), (json!({"cursor": "no cursor"}), "INVALID_CURSOR")]
    {
        must_fail(&tenant.ask("search", json!({"type": "User", "request": request.to_string()})), name)?;
    }
    must_fail(&tenant.ask("search", json!({"type": "Nothing", "request": "{}"})), "UNKNOWN_TYPE")
}

fn patches(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-errors-of-patches")?;
    let made = tenant.create("User", &user("a"), json!({}))?;
    for (operation, name) in [
        (json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@example.com"}), "NO_TARGET"),
        (json!({"op": "add", "path": "id", "value": "b"}), "MUTABILITY"),
        (json!({"op": "add", "path": "shoeSize", "value": 7}), "INVALID_PATH"),
        (json!({"op": "add", "path": "emails[", "value": 7}), "INVALID_FILTER"),
        (json!({"op": "add", "path": "active", "value": "maybe"}), "INVALID_VALUE"),
        (json!({"op": "remove"}), "NO_TARGET"),
        (json!({"op": "move", "path": "active"}), "INVALID_SYNTAX"),
    ] {
        let answer = tenant.patch("User", &made["id"], json!([operation]), json!({}));
        must_fail(&answer, name)?;
        complete(answer.error()?)?;
    }
    Ok(())
}

fn schemas(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-errors-of-schemas")?;
    let wrong = [json!([{"schemas": ["urn:x"]}]), json!([7]), json!([{"id": USER, "name": "User"}])];
    for documents in wrong {
        let answer = tenant.ask("schema_put", json!({"documents": documents}));
        complete(answer.error().map_err(|problem| format!("{documents}: {problem}"))?)?;
    }
    Ok(())
}

/// Whether an error has all its members.
fn complete(error: &Value) -> Result<(), String> {
    let has = |name: &str, is: fn(&Value) -> bool| must(error.get(name).is_some_and(is), format!("{name} of {error}"));
    has("name", Value::is_string)?;
    has("status", Value::is_u64)?;
    has("detail", |detail| detail.as_str().is_some_and(|text| !text.is_empty()))?;
    for name in ["scimType", "attribute", "offset"] {
        has(name, |value| value.is_null() || value.is_string() || value.is_u64())?;
    }
    Ok(())
}
