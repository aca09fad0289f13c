//! Erasure: after it no file of the store has a trace of the resource, and everything else is as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/script.rs"]
mod script;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use scimdb::engine::{
    ImportJobOptions, ImportOptions, OnConflict, ReadOptions, Scope, TenantOptions, TokenOptions, WriteOptions,
};
use scimdb::message::{ResourceInput, SearchRequest};
use scimdb::protocol::{Context, Request, handle};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{group, patch, user, with_id};

/// What must not be found: text in lower case, since an index folds it, and bytes of a certificate.
const CANARY: &str = "kanarienvogel";
const CERTIFICATE: &[u8] = b"\x01\x02kanarienbytes\xff";
const CERTIFICATE_BASE64: &str = "AQJrYW5hcmllbmJ5dGVz/w==";

/// Few resources have an index, on disk, of many parts.
fn options(index: bool) -> StoreOptions {
    let mut options = StoreOptions::default();
    options.index.enabled = index;
    (options.index.from, options.index.durable_from, options.index.recent) = (10, 8, 4);
    options.index.merge_above = 64;
    options
}

/// The files that have one of some texts in them.
fn found_in(directory: &Path, needles: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap().to_ascii_lowercase();
            let has = |needle: &&[u8]| bytes.windows(needle.len()).any(|part| part == needle.to_ascii_lowercase());
            if needles.iter().any(has) {
                found.push(path.strip_prefix(directory).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn everything(tenant: &Tenant) -> Vec<String> {
    let mut rows = Vec::new();
    let mut keep = |row: &str| {
        rows.push(row.to_owned());
        true
    };
    tenant.export(None, &mut keep).unwrap();
    rows
}

fn settle(store: &Store) {
    assert!(store.wait_for_index(Duration::from_secs(30)).unwrap());
}

fn sound(store: &Store) {
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

fn count(tenant: &Tenant, filter: &str) -> u64 {
    let request = SearchRequest { filter: Some(filter.to_owned()), ..SearchRequest::default() };
    tenant.search(Some("User"), &request).unwrap().total_results
}

/// A user every part of whom is a canary, in the store by every way there is, and gone again.
fn live_and_die(store: &Store, tenant: &Tenant) -> Vec<u8> {
    let json = format!(
        r#"{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], "id": "{CANARY}-id",
            "externalId": "{CANARY}-x", "userName": "{CANARY}-name", "displayName": "{CANARY}-display",
            "title": "{CANARY}-title", "name": {{"familyName": "{CANARY}-family"}}, "password": "{CANARY}-password",
            "emails": [{{"value": "{CANARY}@example.com", "type": "work"}}, {{"value": "{CANARY}@example.org"}}],
            "addresses": [{{"streetAddress": "{CANARY}-street"}}], "x509Certificates": [{{"value":
            "{CERTIFICATE_BASE64}"}}], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {{"employeeNumber": "{CANARY}-number"}}}}"#
    );
    let import_options = ImportOptions { on_conflict: OnConflict::Replace, ..ImportOptions::default() };
    let mut import = tenant.import(import_options).unwrap();
    import.push(1, json.clone().into_bytes()).unwrap();
    assert_eq!(import.finish().unwrap().0.created, 1);
    let hash = everything(tenant).iter().find_map(|row| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        row["password"].as_str().map(|hash| hash.as_bytes().to_vec())
    });
    settle(store);
    let id = format!("{CANARY}-id");
    tenant.create("Group", group("all", &["u1", &id]), &with_id("all")).unwrap();
    let token = TokenOptions { subject: Some(id.clone()), ..TokenOptions::of_scope(Scope::Write) };
    let bound = tenant.create_token(&format!("token of {CANARY}"), token).unwrap();
    for round in 0..20 {
        let title = format!(r#"{{"op": "replace", "path": "title", "value": "{CANARY}-{round}"}}"#);
        patch(tenant, "User", &id, &title).unwrap();
        for actor in [bound.name.clone(), id.clone(), format!("{CANARY}-x")] {
            let options = WriteOptions { actor: Some(actor), ..WriteOptions::default() };
            let number = 2 + round % 10;
            tenant.replace("User", &format!("u{number}"), user(&format!("u{number}x{round}"), ""), &options).unwrap();
        }
    }
    settle(store);
    assert_eq!(count(tenant, &format!("userName sw \"{CANARY}\"")), 1);
    let refused = tenant.forget("User", &format!("{CANARY}-x"), None).unwrap_err();
    assert_eq!((refused.kind(), refused.attribute()), (ErrorKind::InUse, Some("externalId")));
    tenant.delete("User", &id, &with_id("x")).unwrap();
    assert_eq!(store.authenticate(&bound.secret).unwrap().name, bound.name);
    hash.unwrap()
}

#[test]
fn no_file_has_a_trace_of_what_was_forgotten() {
    for (index, settled) in [(true, true), (true, false), (false, true)] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), options(true)).unwrap();
        let tenant = store.tenant("default").unwrap();
        for number in 0..40 {
            let id = format!("u{number}");
            let external = format!(r#", "externalId": "x-{number}""#);
            tenant.create("User", user(&id, &external), &with_id(&id)).unwrap();
        }
        let hash = live_and_die(&store, &tenant);
        if settled {
            settle(&store);
        }
        let needles = [CANARY.as_bytes(), CERTIFICATE, &hash];
        let before = found_in(directory.path(), &needles);
        assert!(before.contains(&"store.redb".to_owned()), "{before:?}");
        assert!(before.iter().any(|file| file.starts_with("index/")), "{before:?}");
        // The index of a store that is opened without one is on disk all the same.
        let (store, tenant) = if index {
            (store, tenant)
        } else {
            store.close().unwrap();
            let store = Store::open(directory.path(), options(false)).unwrap();
            let tenant = store.tenant("default").unwrap();
            (store, tenant)
        };
        let log = tenant.changes(0, 10_000, Duration::ZERO).unwrap();
        let rows = everything(&tenant);
        let forgotten = tenant.forget("Users", &format!("{CANARY}-x"), Some("officer")).unwrap();
        assert_eq!(forgotten.resources, 1);
        assert_eq!(found_in(directory.path(), &needles), Vec::<String>::new(), "index {index}, settled {settled}");
        // Everything else is as it was, and the log has no gap.
        assert_eq!(everything(&tenant), rows);
        let after = tenant.changes(0, 10_000, Duration::ZERO).unwrap();
        assert_eq!(after.len(), log.len() + 1);
        for (before, after) in log.iter().zip(&after) {
            assert_eq!((before.sequence, before.time, before.operation), (after.sequence, after.time, after.operation));
            let is_canary = before.id.contains(CANARY);
            assert_eq!(after.id, if is_canary { "(forgotten)" } else { &before.id });
            let was_actor = before.actor.as_ref().is_some_and(|actor| actor.contains(CANARY));
            assert_eq!(after.actor, if was_actor { Some("(forgotten)".to_owned()) } else { before.actor.clone() });
        }
        let told = after.last().unwrap();
        assert_eq!((told.id.as_str(), told.actor.as_deref()), ("(forgotten)", Some("officer")));
        assert_eq!(tenant.tokens().unwrap(), []);
        assert_eq!(tenant.forget("User", &format!("{CANARY}-x"), None).unwrap_err().kind(), ErrorKind::NotFound);
        // The index answers as before, and so it does after a restart.
        let seen =
            |tenant: &Tenant| (count(tenant, &format!("userName co \"{CANARY}\"")), count(tenant, "userName sw \"u\""));
        settle(&store);
        assert_eq!(seen(&tenant), (0, 40));
        sound(&store);
        store.close().unwrap();
        let store = Store::open(directory.path(), options(true)).unwrap();
        settle(&store);
        assert_eq!(seen(&store.tenant("default").unwrap()), (0, 40));
        sound(&store);
    }
}

#[test]
fn imports_that_were_queued_tell_nothing_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    tenant.create("Group", group("g", &[]), &with_id("g")).unwrap();
    let queue = |users: &str, actor: &str| {
        let mut options = ImportJobOptions::default();
        options.actor = Some(actor.to_owned());
        let body = format!(r#"{{"group": {{"value": "g"}}, "users": [{users}]}}"#);
        let job = tenant.queue_import(options, &mut body.as_bytes()).unwrap();
        tenant.wait_for_import(&job.correlation_id, Duration::from_secs(60)).unwrap()
    };
    // It fails, then comes by another way, and queues an import itself.
    let failed = queue(&format!(r#"{{"externalId": "{CANARY}-x"}}, {{"externalId": "other"}}"#), "boss");
    assert_eq!((failed.failed, failed.failures.len()), (2, 2));
    let id = format!("{CANARY}-id");
    tenant.create("User", user(&id, &format!(r#", "externalId": "{CANARY}-x""#)), &with_id(&id)).unwrap();
    queue("", &format!("{CANARY}-x"));
    tenant.delete("User", &id, &with_id("x")).unwrap();
    tenant.forget("User", &format!("{CANARY}-x"), None).unwrap();
    assert_eq!(found_in(directory.path(), &[CANARY.as_bytes()]), Vec::<String>::new());
    let jobs = tenant.import_jobs().unwrap();
    assert_eq!((jobs[0].failed, jobs[0].actor.as_deref()), (2, Some("boss")));
    let failures: Vec<_> = jobs[0].failures.iter().map(|it| (it.row, it.external_id.as_deref())).collect();
    assert_eq!(failures, [(1, Some("(forgotten)")), (2, Some("other"))]);
    assert_eq!(jobs[1].actor.as_deref(), Some("(forgotten)"));
    sound(&store);
}

#[test]
fn an_id_that_was_given_again_belongs_to_somebody_else() {
    let store = Store::open_in_memory(options(true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    for external in ["one", "two"] {
        let more = format!(r#", "externalId": "{external}""#);
        tenant.create("User", user("ann", &more), &with_id("ann")).unwrap();
        tenant.delete("User", "ann", &with_id("x")).unwrap();
    }
    tenant.create("User", user("ann", ""), &with_id("ann")).unwrap();
    let ids = |tenant: &Tenant| -> Vec<String> {
        let changes = tenant.changes(0, 100, Duration::ZERO).unwrap();
        changes.into_iter().map(|change| change.id).collect()
    };
    let (gone, ann) = ("(forgotten)", "ann");
    tenant.forget("User", "one", None).unwrap();
    assert_eq!(ids(&tenant), [gone, gone, ann, ann, ann, gone]);
    tenant.forget("User", "two", None).unwrap();
    assert_eq!(ids(&tenant), [gone, gone, gone, gone, ann, gone, gone]);
    assert_eq!(tenant.get("User", "ann", &ReadOptions::default()).unwrap().id, "ann");
    assert_eq!(tenant.forget("Group", "two", None).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(tenant.forget("User", "", None).unwrap_err().kind(), ErrorKind::InvalidValue);
    sound(&store);
}

#[test]
fn what_cannot_be_finished_is_finished_later() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    let die = |name: &str| {
        let more = format!(r#", "externalId": "{name}", "title": "{name}-title""#);
        tenant.create("User", user(name, &more), &with_id(&format!("{name}-id"))).unwrap();
        tenant.delete("User", &format!("{name}-id"), &with_id("x")).unwrap();
    };
    tenant.create("User", user("stays", ""), &with_id("stays")).unwrap();
    die("kanarie1");
    die("kanarie2");
    // A reader holds the file as it was.
    let hold = || tenant.stream(Some("User"), &SearchRequest::default()).unwrap();
    let reader = hold();
    let busy = tenant.forget("User", "kanarie1", None).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Unavailable, "{busy}");
    drop(reader);
    let problems = store.check(&mut |_, _| ()).unwrap().problems;
    assert!(problems.len() == 1 && problems[0].contains("not finished"), "{problems:?}");
    assert_eq!(tenant.forget("User", "kanarie1", None).unwrap().resources, 1, "the same call goes on with it");
    assert_eq!(found_in(directory.path(), &[b"kanarie1"]), Vec::<String>::new());
    let reader = hold();
    assert_eq!(tenant.forget("User", "kanarie2", None).unwrap_err().kind(), ErrorKind::Unavailable);
    drop(reader);
    assert_eq!(found_in(directory.path(), &[b"kanarie2"]), ["store.redb"]);
    store.close().unwrap();
    drop((tenant, store));
    let store = Store::open(directory.path(), options(true)).unwrap();
    assert_eq!(found_in(directory.path(), &[b"kanarie2"]), Vec::<String>::new(), "opening goes on with it");
    sound(&store);
}

#[test]
fn many_are_forgotten_together() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    for number in 0..24 {
        let more = format!(r#", "externalId": "x-{number}""#);
        tenant.create("User", user(&format!("kanarie{number}"), &more), &with_id(&format!("id{number}"))).unwrap();
        tenant.delete("User", &format!("id{number}"), &with_id("x")).unwrap();
    }
    std::thread::scope(|scope| {
        for number in 0..24 {
            let tenant = &tenant;
            scope.spawn(move || tenant.forget("User", &format!("x-{number}"), None).unwrap());
        }
        for number in 0..24 {
            tenant.create("User", user(&format!("new{number}"), ""), &with_id(&format!("new{number}"))).unwrap();
        }
    });
    assert_eq!(found_in(directory.path(), &[b"kanarie"]), Vec::<String>::new());
    assert_eq!(everything(&tenant).len(), 24);
    sound(&store);
}

#[test]
fn over_http_where_the_profile_has_it() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let strict = store.tenant("default").unwrap();
    let profile = r#"{"name": "a", "endpoints": ["forget"]}"#.parse().unwrap();
    let tenant = store.create_tenant("forgetful", TenantOptions::of_profile(profile)).unwrap();
    let send = |tenant: &Tenant, method: &str, target: &str, body: &str| {
        let headers = [("content-type", "application/scim+json")];
        handle(tenant, &Request { method, target, headers: &headers, body: body.as_bytes() }, &Context::default())
    };
    let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "externalId": "myuser", "userName": 7}"#;
    assert_eq!(send(&strict, "POST", "/Users/.forget", body).status, 405);
    let json = user("ann", r#", "externalId": "myuser""#).to_json();
    let input = ResourceInput::from_json(json.as_bytes()).unwrap();
    tenant.create("User", input, &with_id("ann")).unwrap();
    assert_eq!(send(&tenant, "POST", "/Users/.forget", body).status, 409);
    tenant.delete("User", "ann", &with_id("x")).unwrap();
    let statuses: Vec<u16> = ["/Users/.Forget", "/Users/.forget", "/Things/.forget"]
        .iter()
        .map(|target| send(&tenant, "POST", target, body).status)
        .collect();
    assert_eq!(statuses, [204, 404, 404]);
    assert_eq!(send(&tenant, "GET", "/Users/.forget", "").status, 405);
    assert_eq!(send(&tenant, "POST", "/Users/.forget", "{}").status, 400);
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// The process that is killed: users live, die and are forgotten.
#[test]
fn child_that_forgets() {
    let Some(directory) = child::directory() else { return };
    let round = std::env::var("SCIMDB_KILL_ROUND").unwrap();
    let store = Store::open(directory, options(true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    for number in 0.. {
        let name = format!("kanarie-{round}-{number}-");
        let more = format!(r#", "externalId": "{name}", "title": "{name}""#);
        tenant.create("User", user(&name, &more), &with_id(&name)).unwrap();
        if number % 2 == 0 {
            settle(&store);
        }
        tenant.delete("User", &name, &with_id("x")).unwrap();
        say(&format!("\ntry {name}"));
        tenant.forget("User", &name, None).unwrap();
        say(&format!("\ndone {name}"));
    }
}

#[test]
fn a_killed_erasure_is_finished_at_the_next_opening() {
    let rounds: usize = std::env::var("SCIMDB_KILL_ROUNDS").map_or(6, |text| text.parse().expect("a number"));
    let directory = tempfile::tempdir().unwrap();
    {
        let store = Store::open(directory.path(), options(true)).unwrap();
        for number in 0..40 {
            let id = format!("u{number}");
            store.tenant("default").unwrap().create("User", user(&id, ""), &with_id(&id)).unwrap();
        }
        settle(&store);
    }
    let mut finished = 0;
    for round in 0..rounds {
        let mut killed = child::command("child_that_forgets", directory.path(), &[])
            .env("SCIMDB_KILL_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines().map(Result::unwrap);
        let tries = (0..1 + round % 3).map(|_| lines.by_ref().find(|line| line.starts_with("try ")).unwrap()).last();
        // Somewhere in the middle of it.
        std::thread::sleep(Duration::from_millis((round as u64 * 7) % 40));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let name = tries.unwrap().trim_start_matches("try ").to_owned();
        let is_done = lines.any(|line| line == format!("done {name}"));
        let store = Store::open(directory.path(), options(true)).unwrap();
        let tenant = store.tenant("default").unwrap();
        sound(&store);
        let left = found_in(directory.path(), &[name.as_bytes()]);
        match tenant.forget("User", &name, None) {
            // The wish was not recorded yet.
            Ok(_) => assert!(!is_done && !left.is_empty(), "{name}: {left:?}"),
            Err(error) => {
                assert_eq!((error.kind(), left.as_slice()), (ErrorKind::NotFound, &[][..]), "{name}");
                finished += 1;
            }
        }
        assert_eq!(found_in(directory.path(), &[name.as_bytes()]), Vec::<String>::new(), "{name}");
        settle(&store);
        assert_eq!(count(&tenant, "userName sw \"u\""), 40);
        // What the child was at when it died.
        for (row, found) in everything(&tenant).iter().map(|row| (row, row.contains("kanarie"))) {
            if found {
                let row: serde_json::Value = serde_json::from_str(row).unwrap();
                tenant.delete("User", row["id"].as_str().unwrap(), &with_id("x")).unwrap();
            }
        }
        store.close().unwrap();
    }
    println!("{finished} of {rounds} were finished, by the child or by the opening");
}
