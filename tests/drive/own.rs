//! Steps that the corpus has none of: what a language makes of text, options, errors, streams. Every answer is compared with
//! the core's besides.

use serde_json::{Value, json};

use crate::driven::{Answer, Driven, Kind};
use crate::own_errors;
use crate::own_host;
use crate::support::corpus::Failures;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// A step: its name, and what it does.
pub type Step = (&'static str, fn(&mut Driven) -> Result<(), String>);

const STEPS: &[Step] = &[
    ("the verbs, and their options", verbs),
    ("text comes back as it went", text),
    ("a large body", large),
    ("iterate is search without the limit of a page", iterate),
    ("import in odd chunks", import),
    ("an import that replaces or skips", import_again),
    ("changes", changes),
    ("bulk", bulk),
    ("explain", explain),
    ("schemas and tenants", tenants),
    ("the default tenant", default_tenant),
];

/// Runs every step.
pub fn run(driven: &mut Driven, failures: &mut Failures) {
    for (name, step) in STEPS.iter().chain(own_errors::STEPS) {
        let result = step(driven);
        failures.check(result.is_ok(), "own", name, "tests/drive", "success", result);
    }
    // A client of a server opens and embeds nothing.
    if driven.kind() == Kind::Grpc {
        return;
    }
    for (name, step) in own_host::STEPS {
        let result = step(driven);
        failures.check(result.is_ok(), "own", name, "tests/drive", "success", result);
    }
}

pub fn user(name: &str) -> Value {
    json!({"schemas": [USER], "userName": name})
}

/// What must be so.
pub fn must(holds: bool, what: impl std::fmt::Display) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_string()) }
}

/// Requests about one tenant.
pub struct Tenant<'a> {
    pub driven: &'a mut Driven,
    pub name: &'static str,
}

impl<'a> Tenant<'a> {
    pub fn new(driven: &'a mut Driven, name: &'static str) -> Result<Self, String> {
        driven.open_tenant(name, "strict", &[])?;
        Ok(Tenant { driven, name })
    }

    pub fn ask(&mut self, op: &str, mut request: Value) -> Answer {
        request["tenant"] = json!(self.name);
        self.driven.ask(op, request)
    }

    pub fn create(&mut self, kind: &str, body: &Value, options: Value) -> Result<Value, String> {
        self.ask("create", json!({"type": kind, "json": body.to_string(), "options": options})).json()
    }

    pub fn get(&mut self, kind: &str, id: &Value, options: Value) -> Answer {
        self.ask("get", json!({"type": kind, "id": id, "options": options}))
    }

    pub fn patch(&mut self, kind: &str, id: &Value, operations: Value, options: Value) -> Answer {
        let body = json!({"schemas": [PATCH], "Operations": operations}).to_string();
        self.ask("patch", json!({"type": kind, "id": id, "json": body, "options": options}))
    }

    pub fn search(&mut self, kind: Option<&str>, request: Value) -> Result<Value, String> {
        self.ask("search", json!({"type": kind, "request": request.to_string()})).json()
    }

    fn import(&mut self, chunks: &[&str], options: Value) -> Result<Value, String> {
        self.ask("import", json!({"chunks": chunks, "options": options})).json()
    }
}

/// Whether an answer is the error of a name.
pub fn must_fail(answer: &Answer, name: &str) -> Result<(), String> {
    must(answer.error()?["name"] == name, format!("{answer:?} is no {name}"))
}

fn verbs(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-verbs")?;
    let body = json!({"schemas": [USER], "userName": "ann", "displayName": "Ann", "active": true});
    let made = tenant.create("User", &body, json!({}))?;
    let (id, version) = (&made["id"], made["meta"]["version"].clone());
    must(made["displayName"] == "Ann" && id.is_string(), &made)?;
    let shown = tenant.get("User", id, json!({"attributes": ["userName"]})).json()?;
    must(shown.get("displayName").is_none() && shown["userName"] == "ann", &shown)?;
    let hidden = tenant.get("User", id, json!({"excludedAttributes": ["userName", "displayName"]})).json()?;
    must(hidden.get("displayName").is_none() && hidden.get("active").is_some(), &hidden)?;
    must_fail(&tenant.get("User", id, json!({"ifNoneMatch": version})), "NOT_MODIFIED")?;

    let put =
        |body: Value, options: Value| json!({"type": "Users", "id": id, "json": body.to_string(), "options": options});
    let replaced = tenant.ask("replace", put(user("ann2"), json!({"ifMatch": version}))).json()?;
    must(replaced.get("displayName").is_none() && replaced["userName"] == "ann2", &replaced)?;
    must_fail(&tenant.ask("replace", put(user("ann3"), json!({"ifMatch": version}))), "VERSION_MISMATCH")?;

    let operations = json!([{"op": "add", "path": "displayName", "value": "A."}]);
    must_fail(&tenant.patch("User", id, operations.clone(), json!({"ifMatch": version})), "VERSION_MISMATCH")?;
    let patched = tenant.patch("User", id, operations, json!({"attributes": ["displayName"]})).json()?;
    must(patched["displayName"] == "A." && patched.get("userName").is_none(), &patched)?;

    let named = tenant.create("User", &user("bob"), json!({"id": "of-our-own"}))?;
    must(named["id"] == "of-our-own", &named)?;
    let gone = |options: Value| json!({"type": "User", "id": "of-our-own", "options": options});
    must_fail(&tenant.ask("delete", gone(json!({"ifMatch": "W/\"0\""}))), "VERSION_MISMATCH")?;
    if let Answer::Error(error) = tenant.ask("delete", gone(json!({}))) {
        return Err(error.to_string());
    }
    must_fail(&tenant.ask("delete", gone(json!({}))), "NOT_FOUND")
}

fn text(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-text")?;
    let texts = ["", "é", "日本語", "👩‍👩‍👧", "\u{0}\u{1}\u{7f}", "\u{2028}\u{feff}", "a\"b\\c/d\n\t", "\u{10ffff}", "İıß"];
    for (number, text) in texts.iter().enumerate() {
        let body = json!({"schemas": [USER], "userName": format!("text-{number}"), "title": text});
        let made = tenant.create("User", &body, json!({}))?;
        let found = tenant.get("User", &made["id"], json!({})).json()?;
        must(found["title"] == *text, &found)?;
        let filter = format!("title eq {}", json!(text));
        let page = tenant.search(Some("User"), json!({"filter": filter}))?;
        must(page["totalResults"] == 1, format!("{filter}: {page}"))?;
    }
    // Escapes that text may be written in instead.
    let escaped = format!(r#"{{"schemas":["{USER}"],"userName":"esc","title":"\u00e9\ud83d\ude00"}}"#);
    let made = tenant.ask("create", json!({"type": "User", "json": escaped, "options": {}})).json()?;
    must(made["title"] == "é😀", &made)
}

fn large(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-large")?;
    let emails: Vec<Value> =
        (0..4_000).map(|number| json!({"value": format!("a{number}@example.com"), "type": "work"})).collect();
    let body = json!({"schemas": [USER], "userName": "large", "title": "x".repeat(100_000), "emails": emails});
    let made = tenant.create("User", &body, json!({}))?;
    let found = tenant.get("User", &made["id"], json!({})).json()?;
    must(found["emails"].as_array().map(Vec::len) == Some(4_000), "4,000 e-mail addresses")
}

fn iterate(driven: &mut Driven) -> Result<(), String> {
    // The stream of gRPC has no startIndex and no count.
    let of_a_page = if driven.kind() == Kind::Binding { 3 } else { 100 };
    let mut tenant = Tenant::new(driven, "own-iterate")?;
    let rows: Vec<String> =
        (0..250).map(|number| format!("{}\n", user(&format!("user-{:03}", number * 7 % 250)))).collect();
    tenant.import(&[&rows.concat()], json!({"resourceType": "User"}))?;
    tenant.create("Group", &json!({"schemas": [GROUP], "displayName": "g"}), json!({}))?;
    let cases = [
        (Some("User"), json!({}), 250),
        (Some("User"), json!({"sortBy": "userName", "sortOrder": "descending", "attributes": ["userName"]}), 250),
        (Some("User"), json!({"filter": "userName sw \"user-1\"", "count": 3, "startIndex": 9}), of_a_page),
        (None, json!({}), 251),
        (Some("Group"), json!({"filter": "displayName eq \"nobody\""}), 0),
    ];
    for (kind, request, count) in cases {
        let answer = tenant.ask("iterate", json!({"type": kind, "request": request.to_string()}));
        let Answer::Ok(answer) = &answer else { return Err(format!("{request}: {answer:?}")) };
        must(answer["json"].as_array().map(Vec::len) == Some(count), format!("{request} does not find {count}"))?;
    }
    let wrong = tenant.ask("iterate", json!({"type": "User", "request": "{\"filter\": \"userName eq\"}"}));
    must_fail(&wrong, "INVALID_FILTER")
}

fn import(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-import")?;
    let rows = [
        json!({"schemas": [USER], "id": "row-1", "userName": "é👩‍👩‍👧"}).to_string(),
        "{\"userName\": ".to_owned(),
        String::new(),
        json!({"schemas": [USER], "userName": 7}).to_string(),
        json!({"schemas": [USER], "id": "row-5", "userName": "five"}).to_string(),
        json!({"schemas": [GROUP], "displayName": "g", "members": [{"value": "row-1"}, {"value": "row-5"}]})
            .to_string(),
        json!({"schemas": [USER], "userName": "five"}).to_string(),
    ];
    let text = rows.join("\n");
    // Each character is a chunk of its own, and some chunks are empty.
    let mut chunks: Vec<String> = text.chars().map(String::from).collect();
    chunks.insert(5, String::new());
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let report = tenant.import(&chunks, json!({}))?;
    let counts = ["read", "created", "replaced", "skipped", "rejected"].map(|name| report[name].as_u64());
    must(counts == [Some(6), Some(3), Some(0), Some(0), Some(3)], &report)?;
    let rejected: Vec<u64> =
        report["rejects"].as_array().into_iter().flatten().filter_map(|reject| reject["row"].as_u64()).collect();
    let mut sorted = rejected.clone();
    sorted.sort_unstable();
    must(sorted == [2, 4, 7], &report)?;
    let page = tenant.search(Some("Group"), json!({}))?;
    must(page["Resources"][0]["members"].as_array().map(Vec::len) == Some(2), &page)
}

fn import_again(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-import-again")?;
    let row = |title: &str| json!({"schemas": [USER], "id": "a", "userName": "a", "title": title}).to_string();
    let (first, second) = (row("first"), row("second"));
    for (options, text, member) in [
        (json!({"onConflict": "fail"}), &first, "created"),
        (json!({"onConflict": "skip"}), &second, "skipped"),
        (json!({"onConflict": "fail"}), &second, "rejected"),
        (json!({"onConflict": "replace"}), &second, "replaced"),
    ] {
        let report = tenant.import(&[text], options)?;
        must(report[member] == 1, &report)?;
    }
    let found = tenant.get("User", &json!("a"), json!({})).json()?;
    must(found["title"] == "second", &found)
}

fn changes(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-changes")?;
    let all = json!({"since": 0, "max": 100, "wait_ms": 0});
    let none = tenant.ask("changes", all.clone()).json()?;
    must(none["changes"] == json!([]), &none)?;
    let made = tenant.create("User", &user("a"), json!({}))?;
    let operations = json!([{"op": "add", "path": "title", "value": "t"}]);
    tenant.patch("User", &made["id"], operations, json!({})).json()?;
    tenant.create("User", &user("b"), json!({}))?;
    tenant.ask("delete", json!({"type": "User", "id": made["id"], "options": {}}));
    let told = tenant.ask("changes", all).json()?;
    let operations: Vec<&str> =
        told["changes"].as_array().into_iter().flatten().filter_map(|change| change["operation"].as_str()).collect();
    must(operations == ["create", "modify", "create", "delete"], &told)?;
    // In two parts, and then there is nothing more.
    let part = tenant.ask("changes", json!({"since": 0, "max": 3, "wait_ms": 10})).json()?;
    let last = &part["changes"][2]["sequence"];
    must(part["last"].as_u64() >= last.as_u64() && part["changes"].as_array().map(Vec::len) == Some(3), &part)?;
    let rest = tenant.ask("changes", json!({"since": last, "max": 3, "wait_ms": 0})).json()?;
    must(rest["changes"].as_array().map(Vec::len) == Some(1), &rest)?;
    let end = rest["changes"][0]["sequence"].clone();
    let nothing = tenant.ask("changes", json!({"since": end, "max": 3, "wait_ms": 30})).json()?;
    must(nothing["changes"] == json!([]), &nothing)?;
    let beyond = tenant.ask("changes", json!({"since": 1_u64 << 53, "max": 3, "wait_ms": 0}));
    must_fail(&beyond, "OUT_OF_RANGE")
}

fn bulk(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-bulk")?;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": user("a")},
        {"method": "POST", "path": "/Groups", "bulkId": "g",
            "data": {"schemas": [GROUP], "displayName": "g", "members": [{"value": "bulkId:u"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "again", "data": user("a")},
        {"method": "PATCH", "path": "/Users/bulkId:u",
            "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "t"}]}},
        {"method": "DELETE", "path": "/Users/nobody"},
        {"method": "DELETE", "path": "/Groups/bulkId:g"},
    ]);
    let request = json!({"schemas": [BULK], "failOnErrors": 3, "Operations": operations}).to_string();
    let answer = tenant.ask("bulk", json!({"request": request, "options": {}})).json()?;
    let statuses: Vec<&str> = answer["Operations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|operation| operation["status"].as_str())
        .collect();
    must(statuses == ["201", "201", "409", "200", "404", "204"], &answer)?;
    must_fail(&tenant.ask("bulk", json!({"request": "{}", "options": {}})), "INVALID_SYNTAX")
}

fn explain(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-explain")?;
    tenant.create("User", &user("a"), json!({}))?;
    let request = json!({"filter": "userName eq \"a\" and active pr", "sortBy": "userName", "count": 5}).to_string();
    let told = tenant.ask("explain", json!({"type": "User", "request": request})).json()?;
    must(told["steps"].as_array().is_some_and(|steps| !steps.is_empty()) && told["total"] == 0, &told)
}

fn tenants(driven: &mut Driven) -> Result<(), String> {
    let gadget = "urn:example:own:2.0:Gadget";
    let documents = [
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": gadget, "name": "Gadget",
            "attributes": [{"name": "size", "type": "integer", "multiValued": false, "required": true}]}),
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "name": "Gadget",
            "endpoint": "/Gadgets", "schema": gadget}),
    ];
    let profile = json!({"name": "own", "extends": "entra", "limits": {"defaultPage": 2}});
    driven.open_tenant("own-tenants", &profile.to_string(), &documents)?;
    let mut tenant = Tenant { driven, name: "own-tenants" };
    for size in [3, -1, 9_007_199_254_740_993_i64] {
        let made = tenant.create("Gadget", &json!({"schemas": [gadget], "size": size}), json!({}))?;
        must(made["size"] == size, &made)?;
    }
    let page = tenant.search(Some("Gadgets"), json!({"sortBy": "size"}))?;
    must(page["itemsPerPage"] == 2 && page["Resources"][0]["size"] == -1, &page)?;
    let again = json!({"name": "own-tenants", "options": {}});
    must_fail(&tenant.driven.ask("tenant_create", again), "ALREADY_EXISTS")?;
    tenant.driven.ask("tenant_drop", json!({"name": "own-tenants"}));
    must_fail(&tenant.get("Gadget", &json!("x"), json!({})), "UNKNOWN_TENANT")?;
    must_fail(&tenant.driven.ask("tenant_drop", json!({"name": "own-tenants"})), "UNKNOWN_TENANT")?;
    must_fail(&tenant.driven.ask("tenant_create", json!({"name": "no name", "options": {}})), "INVALID_ARGUMENT")
}

fn default_tenant(driven: &mut Driven) -> Result<(), String> {
    let request = json!({"tenant": null, "type": "User", "json": user("of-no-tenant").to_string(), "options": {}});
    let made = driven.ask("create", request).json()?;
    let found =
        driven.ask("get", json!({"tenant": "default", "type": "User", "id": made["id"], "options": {}})).json()?;
    must(found["userName"] == "of-no-tenant", &found)
}
