//! docs/C-ABI-OPTIONS.md tells the options that the library knows, with their defaults, and the answers that it gives; and of
//! every function what it fails with. The library is asked, rather than its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::super::endpoint::{Asked, respond};
use super::super::options::{self, OpenOptions};
use super::super::verbs::{self, Verb};
use super::super::{answers, jobs, profiles, repositories};
use crate::engine::{
    ChangeOperation, CommittedWrite, Forgotten, ImportJob, ImportReport, JobFailure, JobStatus, ProfileCount,
    ProfileFinding, ProfileReport, Reject, RepositoryQuery, TenantOptions,
};
use crate::error::ERROR_TABLE;
use crate::model::Instant;
use crate::{Error, ErrorKind, Result, Store, StoreOptions};

/// What writes take though it means nothing to them: they share their options.
const WITHOUT_EFFECT: &[(&str, &[&str])] =
    &[("scimdb_create", &["ifMatch", "ifNoneMatch"]), ("scimdb_delete", &["attributes", "excludedAttributes", "base"])];

/// A row of a table: the name, and the cells behind it.
type Row = (String, Vec<String>);

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The texts in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the tables whose first column is called `kind`, by the functions that the line before the table names: a heading,
/// or one that ends with a colon.
fn tables(kind: &str) -> BTreeMap<String, Vec<Row>> {
    let (mut of, mut is_wanted) = (Vec::new(), false);
    let mut tables = BTreeMap::<String, Vec<Row>>::new();
    for line in read("docs/C-ABI-OPTIONS.md").lines() {
        let cells: Vec<String> = line.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned()).collect();
        if line.starts_with("## ") || (line.ends_with(':') && line.starts_with("`scimdb_")) {
            of = quoted(line).filter(|word| word.starts_with("scimdb_")).map(str::to_owned).collect();
        } else if !line.starts_with('|') {
            is_wanted = false;
        } else if line.starts_with(&format!("| {kind} |")) {
            is_wanted = true;
        } else if is_wanted && let Some(name) = quoted(&cells[0]).next() {
            assert!(kind == "function" || !of.is_empty(), "whose is {name}?");
            let of = if kind == "function" { &vec![name.to_owned()] } else { &of };
            of.iter().for_each(|of| tables.entry(of.clone()).or_default().push((name.to_owned(), cells[1..].to_vec())));
        }
    }
    tables
}

/// The functions of the header that return a code, each with its parameters.
fn functions() -> BTreeMap<String, String> {
    let header = read("include/scimdb.h");
    let declared = header.split("\nscimdb_code ").skip(1).filter_map(|text| text.split_once('('));
    let declared = declared.filter(|(name, _)| *name != "scimdb_error_code");
    declared.map(|(name, rest)| (name.to_owned(), rest.split(')').next().unwrap_or_default().to_owned())).collect()
}

fn names<T>(tables: &BTreeMap<String, T>) -> Vec<&str> {
    tables.keys().map(String::as_str).collect()
}

fn debug(value: Result<impl Debug>) -> Result<String> {
    value.map(|value| format!("{value:?}"))
}

/// What a function makes of its options.
fn ask(store: &Store, function: &str, given: Option<&str>) -> Result<String> {
    match function {
        "scimdb_open" => debug(options::parse::<OpenOptions>(given).and_then(OpenOptions::into_store_options)),
        "scimdb_handle" => {
            let (method, target) = ("GET", "/ServiceProviderConfig");
            let asked = Asked { tenant: None, method, target, headers: None, body: b"", context: given };
            respond(store, asked).map(|answered| answered.headers + &answered.body)
        }
        "scimdb_get" => debug(options::read(given)),
        "scimdb_create" => debug(options::create(given)),
        "scimdb_replace" | "scimdb_patch" | "scimdb_delete" => debug(options::write(given)),
        "scimdb_search" | "scimdb_explain" | "scimdb_iter_open" => debug(verbs::search(given.map(str::as_bytes))),
        "scimdb_bulk" => debug(options::bulk(given)),
        "scimdb_job_get" => debug(jobs::wait(given)),
        "scimdb_forget" => debug(options::actor(given)),
        "scimdb_import_open" => debug(options::import(given)),
        "scimdb_tenant_create" | "scimdb_tenant_configure" => debug(options::tenant(given)),
        "scimdb_token_create" => debug(options::token(given)),
        #[cfg(feature = "server")]
        "scimdb_serve_start" => debug(crate::server::ServeOptions::from_json(given.unwrap_or("{}").as_bytes())),
        other => panic!("{other} takes no options"),
    }
}

/// The names that an error tells about a name that is unknown: quoted, or behind a colon of our own.
fn known(error: &Error) -> BTreeSet<String> {
    let detail = error.detail();
    let ours = detail.split_once("there are ").map(|(_, names)| names.split(", ").map(str::to_owned).collect());
    ours.unwrap_or_else(|| {
        let (_, names) = detail.split_once("expected").unwrap_or_else(|| panic!("it tells no names: {detail}"));
        quoted(names).map(str::to_owned).collect()
    })
}

/// An option that stands where a path says: `index.from`, `authenticationSchemes[].name`.
fn placed(path: &str, value: Json) -> Json {
    path.rsplit('.').fold(value, |inner, name| match name.strip_suffix("[]") {
        Some(name) => json!({ name: [inner] }),
        None => json!({ name: inner }),
    })
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(parent, _)| parent)
}

#[test]
fn options_are_those_that_the_library_knows() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tables = tables("option");
    let mut functions = functions();
    functions.retain(|_, parameters| {
        ["options", "context", "config", "request"].iter().any(|name| parameters.contains(&format!("*{name},")))
    });
    assert_eq!(names(&tables), names(&functions));
    for (function, rows) in &tables {
        if function == "scimdb_serve_start" && cfg!(not(feature = "server")) {
            continue;
        }
        let names: BTreeSet<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
        let parents: BTreeSet<Option<&str>> = names.iter().map(|name| parent(name)).collect();
        for at in parents {
            let unknown = at.map_or_else(|| placed("?", json!(0)), |at| placed(&format!("{at}.?"), json!(0)));
            let taken = |name: &String| {
                let sample = match name.as_str() {
                    "force" => json!(true),
                    "apiVersion" => json!(1),
                    name if name.ends_with("ttributes") => json!([]),
                    _ => json!("x"),
                };
                let refused = ask(&store, function, Some(&json!({ name: sample }).to_string())).err();
                !refused.is_some_and(|error| error.detail().contains("means nothing"))
            };
            let all = known(&ask(&store, function, Some(&unknown.to_string())).unwrap_err());
            let all: BTreeSet<String> = all.into_iter().filter(|name| at.is_some() || taken(name)).collect();
            let is_for = |cells: &[String]| {
                let verbs = cells.get(2).filter(|_| cells.len() == 4);
                verbs.is_none_or(|verbs| quoted(verbs).any(|verb| function.ends_with(verb)))
            };
            let told = rows.iter().filter(|(name, cells)| parent(name) == at && is_for(cells));
            let told = told.map(|(name, _)| name.rsplit('.').next().unwrap_or(name).to_owned());
            let silent = WITHOUT_EFFECT.iter().filter(|(of, _)| of == function).flat_map(|(_, names)| *names);
            let told: BTreeSet<String> = told.chain(silent.map(|name| (*name).to_owned())).collect();
            assert_eq!(told, all, "{function}, {at:?}");
        }
    }
}

#[test]
fn defaults_are_those_of_the_library() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let mut told = 0;
    for (function, rows) in tables("option") {
        if function == "scimdb_serve_start" && cfg!(not(feature = "server")) {
            continue;
        }
        let mut options = Map::new();
        for (name, cells) in &rows {
            let is_for = cells.len() < 4 || quoted(&cells[2]).any(|verb| function.ends_with(verb));
            let default = quoted(&cells[1]).next().filter(|_| cells[1].starts_with('`') && is_for);
            let Some(default) = default else { continue };
            let default: Json = serde_json::from_str(default).unwrap_or_else(|_| panic!("{function}: {name}"));
            told += 1;
            match name.split_once('.') {
                Some((outer, inner)) => {
                    let outer = options.entry(outer).or_insert_with(|| json!({}));
                    outer.as_object_mut().unwrap().insert(inner.to_owned(), default);
                }
                None => drop(options.insert(name.clone(), default)),
            }
        }
        let given = Json::Object(options).to_string();
        let [given, none] = [Some(given.as_str()), None].map(|given| ask(&store, &function, given).unwrap());
        assert_eq!(given, none, "{function}");
    }
    // Those of a server are asked where it can be started.
    let least = if cfg!(feature = "server") { 50 } else { 40 };
    assert!(told > least, "only {told} defaults are told");
}

/// The paths of a JSON text, as far as `told` goes.
fn paths(json: &Json, at: &str, told: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    let Json::Object(object) = json else { return };
    for (name, value) in object {
        let path = if told.contains(&format!("{at}*")) || told.iter().any(|path| path.starts_with(&format!("{at}*."))) {
            format!("{at}*")
        } else {
            format!("{at}{name}")
        };
        match value {
            Json::Array(items) if told.contains(&format!("{path}[]")) => {
                found.insert(format!("{path}[]"));
                items.iter().for_each(|item| paths(item, &format!("{path}[]."), told, found));
            }
            value => {
                if !path.ends_with('*') {
                    found.insert(path.clone());
                }
                if told.iter().any(|known| known.starts_with(&format!("{path}."))) {
                    paths(value, &format!("{path}."), told, found);
                }
            }
        }
    }
}

#[test]
fn answers_are_those_of_the_library() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let call = |verb: Verb<'_>| verbs::call(&store, verb).unwrap();
    let tenant = None;
    let profile = r#"{"name": "p", "permissions": [{"name": "Read", "allows": [{"operations": ["read"]}]}]}"#;
    store.configure_tenant("default", TenantOptions::of_profile(profile.parse().unwrap())).unwrap();
    let options = Some(r#"{"permissions": ["Read"]}"#);
    let token = call(Verb::TokenCreate { tenant, name: "idp", options });
    let secret = serde_json::from_str::<Json>(&token).unwrap()["secret"].as_str().unwrap().to_owned();
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"});
    let post = json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": user});
    let request = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [post, {"method": "DELETE", "path": "/Users/nobody"}],
    });
    let request = request.to_string();
    let written = CommittedWrite {
        operation: ChangeOperation::Delete,
        tenant: "default".into(),
        resource_type: "User".into(),
        id: "a".into(),
        actor: None,
        before: None,
        after: None,
        sequence: 1,
        version: Some("W/\"1\"".into()),
    };
    let reject = Reject { row: 1, error: Error::new(ErrorKind::InvalidSyntax, "no JSON"), input: Vec::new() };
    let query = RepositoryQuery { tenant: "default", resource_type: "User", filter: None, count: 100 };
    let failure = JobFailure { row: 1, external_id: None, detail: "no user".into() };
    let job = ImportJob {
        correlation_id: "1P5FOESDK44J6Q0QAHK2".into(),
        status: JobStatus::Done,
        import_size: 1,
        processed: 1,
        failed: 1,
        already_existed: 0,
        imported: 0,
        created: Instant::parse("2026-05-01T09:30:00Z").unwrap(),
        finished: None,
        group: "all".into(),
        actor: None,
        resource_type: "User".into(),
        reason: None,
        failures: vec![failure],
    };
    let count = ProfileCount { resource_type: "User".into(), attribute: None, rule: "required", count: 1 };
    let finding = ProfileFinding {
        resource_type: "User".into(),
        id: "a".into(),
        attribute: None,
        rule: "required",
        detail: "it is missing".into(),
    };
    let report = ProfileReport { counts: vec![count], findings: vec![finding], ..ProfileReport::default() };
    let filter: &[u8] = br#"{"filter": "userName eq \"ann\""}"#;
    let answers = [
        ("scimdb_bulk", call(Verb::Bulk { tenant, request: request.as_bytes(), options: None })),
        ("scimdb_explain", call(Verb::Explain { tenant, resource_type: Some("User"), request: Some(filter) })),
        ("scimdb_import_finish", answers::import(ImportReport::default(), vec![reject]).unwrap()),
        ("scimdb_job_get", jobs::job(job).unwrap()),
        ("scimdb_job_list", call(Verb::JobList { tenant })),
        ("scimdb_set_repositories", repositories::query(&query).unwrap()),
        ("scimdb_profile_check", profiles::report(report).unwrap()),
        ("scimdb_forget", answers::forgotten(Forgotten { resources: 1 }).unwrap()),
        ("scimdb_value_keys_rotate", answers::rewritten(1).unwrap()),
        ("scimdb_changes", call(Verb::Changes { tenant, since: 0, max: 9, wait: std::time::Duration::ZERO })),
        ("scimdb_set_hooks", answers::committed_write(&written).unwrap()),
        ("scimdb_schema_list", call(Verb::SchemaList { tenant })),
        ("scimdb_tenant_list", call(Verb::TenantList)),
        ("scimdb_token_create", token),
        ("scimdb_token_list", call(Verb::TokenList { tenant })),
        ("scimdb_authenticate", call(Verb::Authenticate { secret: &secret })),
        ("scimdb_stats", call(Verb::Stats)),
        ("scimdb_check", call(Verb::Check)),
    ];
    let tables = tables("answer");
    assert_eq!(tables.len(), answers.len(), "{:?}", tables.keys());
    for (function, answer) in answers {
        let told: BTreeSet<String> = tables[function].iter().map(|(name, _)| name.clone()).collect();
        let mut found = BTreeSet::new();
        paths(&serde_json::from_str(&answer).unwrap(), "", &told, &mut found);
        assert_eq!(told, found, "{function}: {answer}");
    }
}

#[test]
fn every_function_tells_what_it_fails_with() {
    let header = read("include/scimdb.h");
    assert_eq!(names(&tables("function")), names(&functions()));
    let is_code = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    for path in ["docs/C-ABI-OPTIONS.md", "docs/C-ABI.md"] {
        for word in read(path).split('`').skip(1).step_by(2).filter(|word| is_code(word)) {
            let name = word.strip_prefix("SCIMDB_").unwrap_or(word);
            let is_known =
                ERROR_TABLE.iter().any(|row| row.name == name) || header.contains(&format!("#define SCIMDB_{name} "));
            assert!(is_known, "{path}: {word}");
        }
    }
}
