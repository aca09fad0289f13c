//! Repositories of the host, and what else came with the profiles, from the process that holds the store and from another.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::super::code::{
    SCIMDB_IN_USE, SCIMDB_INTERNAL, SCIMDB_INVALID_ARGUMENT, SCIMDB_MISUSE, SCIMDB_NOT_FOUND, SCIMDB_OK,
    SCIMDB_UNAUTHENTICATED, SCIMDB_UNAVAILABLE, scimdb_code,
};
use super::super::error::scimdb_error;
use super::super::forget::scimdb_forget;
use super::super::life::{scimdb_close, scimdb_store};
use super::super::profiles::scimdb_profile_check;
use super::super::query::scimdb_search;
use super::super::repositories::{scimdb_found, scimdb_found_add, scimdb_found_fail, scimdb_set_repositories};
use super::super::resources::{scimdb_create, scimdb_delete};
use super::super::tenants::scimdb_tenant_configure;
use super::super::tokens::{scimdb_authenticate, scimdb_token_create, scimdb_token_regenerate};
use super::super::value_keys::scimdb_value_keys_rotate;
use super::serving::{Failed, close, create, open, outcome, text, told};
use super::sessions::both;

/// Users that are known elsewhere, and how the host answers.
#[derive(Default)]
struct Ldap {
    store: AtomicUsize,
    calls: AtomicUsize,
    drops: AtomicUsize,
    /// What the host returns, and a status that it fails with before, unless it is 0.
    answer: AtomicI32,
    status: AtomicI32,
    kept: AtomicUsize,
    wrong: AtomicI32,
}

unsafe extern "C" fn look(
    userdata: *mut c_void,
    query: *const c_char,
    query_n: usize,
    found: *mut scimdb_found,
) -> scimdb_code {
    // SAFETY: it leads to what answers, and the text is as long as it says.
    let (ldap, query) = unsafe { (&*userdata.cast::<Ldap>(), std::slice::from_raw_parts(query.cast(), query_n)) };
    ldap.calls.fetch_add(1, Ordering::SeqCst);
    ldap.kept.store(found.addr(), Ordering::SeqCst);
    let query: Value = serde_json::from_slice(query).unwrap();
    assert_eq!(query, json!({"tenant": "default", "resourceType": "User", "filter": query["filter"], "count": 8}));
    let store: *mut scimdb_store = without_provenance_mut(ldap.store.load(Ordering::SeqCst));
    // SAFETY: the functions take any handle.
    unsafe {
        if !store.is_null() {
            assert_eq!(scimdb_close(store), SCIMDB_MISUSE, "it is not closed within");
            assert_eq!(search(store, r#"{"count": 1}"#).unwrap()["totalResults"], 1, "it is read within");
        }
        for name in ["eve", "adam"] {
            let user = user(name);
            let (json, json_n) = text!(user);
            assert_eq!(scimdb_found_add(found, json, json_n), SCIMDB_OK);
        }
        if ldap.wrong.load(Ordering::SeqCst) != 0 {
            let (json, json_n) = text!("[]");
            assert_eq!(scimdb_found_add(found, json, json_n), SCIMDB_OK);
        }
        assert_eq!(scimdb_found_add(found, null(), 0), SCIMDB_MISUSE);
        let status = ldap.status.load(Ordering::SeqCst);
        if status != 0 {
            let (detail, detail_n) = text!("the directory is asleep");
            assert_eq!(scimdb_found_fail(found, status, detail, detail_n), SCIMDB_OK);
        }
    }
    ldap.answer.load(Ordering::SeqCst)
}

unsafe extern "C" fn let_go(userdata: *mut c_void) {
    // SAFETY: as above.
    unsafe { &*userdata.cast::<Ldap>() }.drops.fetch_add(1, Ordering::SeqCst);
}

fn user(name: &str) -> String {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "0", "userName": name}).to_string()
}

fn set(db: *mut scimdb_store, ldap: &Ldap) {
    let userdata = std::ptr::from_ref(ldap).cast_mut().cast();
    // SAFETY: everything leads to what it says, here and below.
    outcome((), |_, error| unsafe { scimdb_set_repositories(db, Some(look), userdata, Some(let_go), error) }).unwrap();
}

fn search(db: *const scimdb_store, request: &str) -> Result<Value, Failed> {
    let ((kind, kind_n), (request, request_n)) = (text!("User"), text!(request));
    // SAFETY: as above.
    let page = told(|out, error| unsafe { scimdb_search(db, null(), 0, kind, kind_n, request, request_n, out, error) });
    page.map(|page| serde_json::from_str(&page).unwrap())
}

const EVERYWHERE: &str =
    r#"{"filter": "userName ew \"e\" or userName eq \"ann\"", "searchRepositories": true, "count": 8}"#;

fn configure(db: *const scimdb_store, profile: &str) {
    let options = format!("{{\"profile\": {profile}}}");
    let ((name, name_n), (options, options_n)) = (text!("default"), text!(options));
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_tenant_configure(db, name, name_n, options, options_n, error) }).unwrap();
}

const PROFILE: &str = r#"{"name": "p", "repositories": {"resourceType": "User"}}"#;

#[test]
fn repositories_are_asked_and_say_how_they_fail() {
    let db = open(Path::new(":memory:"), "{}").unwrap();
    configure(db, PROFILE);
    create(db, "ann", "{}").unwrap();
    assert_eq!(search(db, EVERYWHERE).unwrap()["totalResults"], 1, "nobody is there to be asked");
    let ldap = Ldap::default();
    ldap.store.store(db.addr(), Ordering::SeqCst);
    set(db, &ldap);
    assert_eq!(search(db, "{}").unwrap()["totalResults"], 1);
    assert_eq!(ldap.calls.load(Ordering::SeqCst), 0, "it is not asked where nobody asks for it");
    let page = search(db, EVERYWHERE).unwrap();
    assert_eq!((&page["totalResults"], &page["Resources"][1]["userName"]), (&2.into(), &"eve".into()), "{page}");
    let late: *mut scimdb_found = without_provenance_mut(ldap.kept.load(Ordering::SeqCst));
    let (json, json_n) = text!("{}");
    // SAFETY: the functions take any handle.
    unsafe {
        assert_eq!(scimdb_found_add(late, json, json_n), SCIMDB_MISUSE);
        assert_eq!(scimdb_found_fail(late, 503, null(), 0), SCIMDB_MISUSE);
    }
    ldap.answer.store(SCIMDB_INTERNAL, Ordering::SeqCst);
    assert_eq!(search(db, EVERYWHERE).unwrap_err().0, SCIMDB_UNAVAILABLE);
    ldap.status.store(404, Ordering::SeqCst);
    let failed = search(db, EVERYWHERE).unwrap_err();
    assert!(failed.0 == SCIMDB_NOT_FOUND && failed.1.contains("asleep"), "{failed:?}");
    ldap.status.store(0, Ordering::SeqCst);
    ldap.answer.store(SCIMDB_OK, Ordering::SeqCst);
    ldap.wrong.store(1, Ordering::SeqCst);
    assert_eq!(search(db, EVERYWHERE).unwrap_err().0, SCIMDB_INTERNAL);
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_set_repositories(db, None, null_mut(), None, error) }).unwrap();
    assert_eq!(ldap.drops.load(Ordering::SeqCst), 1);
    assert_eq!(search(db, EVERYWHERE).unwrap()["totalResults"], 1);
    close(db);
}

#[test]
fn repositories_are_asked_where_the_store_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    configure(holder, PROFILE);
    create(guest, "ann", "{}").unwrap();
    let (of_holder, of_guest) = (Ldap::default(), Ldap::default());
    set(guest, &of_guest);
    let passed_over = search(guest, EVERYWHERE).unwrap_err();
    assert!(passed_over.0 == SCIMDB_UNAVAILABLE && passed_over.1.contains("repositories"), "{passed_over:?}");
    set(holder, &of_holder);
    assert_eq!(search(guest, EVERYWHERE).unwrap()["totalResults"], 2);
    let calls = || [&of_holder, &of_guest].map(|ldap| ldap.calls.load(Ordering::SeqCst));
    assert_eq!(calls(), [1, 0]);
    close(holder);
    assert_eq!(search(guest, EVERYWHERE).unwrap()["totalResults"], 2);
    assert_eq!(calls(), [1, 1]);
    close(guest);
}

/// What calls with two texts behind the tenant share.
type TwoTexts = unsafe extern "C" fn(
    *const scimdb_store,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *mut super::super::buf::scimdb_buf,
    *mut *mut scimdb_error,
) -> scimdb_code;

fn asked(function: TwoTexts, db: *const scimdb_store, given: &str) -> Result<Value, Failed> {
    let (given, given_n) = text!(given);
    // SAFETY: as above.
    let json = told(|out, error| unsafe { function(db, null(), 0, given, given_n, out, error) })?;
    Ok(serde_json::from_str(&json).unwrap())
}

fn bears(db: *const scimdb_store, secret: &Value) -> Result<String, Failed> {
    let (secret, secret_n) = text!(secret.as_str().unwrap());
    // SAFETY: as above.
    told(|out, error| unsafe { scimdb_authenticate(db, secret, secret_n, out, error) })
}

#[test]
fn profiles_tokens_and_erasure_are_for_every_process() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    let ((name, name_n), (kind, kind_n)) = (text!("idp"), text!("User"));
    // SAFETY: as above.
    let first =
        told(|out, error| unsafe { scimdb_token_create(holder, null(), 0, name, name_n, null(), 0, out, error) });
    let mut secret = serde_json::from_str::<Value>(&first.unwrap()).unwrap()["secret"].clone();
    for (number, db) in [holder, guest].into_iter().enumerate() {
        let token = asked(scimdb_token_regenerate, db, "idp").unwrap();
        assert_eq!(bears(holder, &secret).unwrap_err().0, SCIMDB_UNAUTHENTICATED);
        secret = token["secret"].clone();
        bears(holder, &secret).unwrap();
        assert_eq!(asked(scimdb_token_regenerate, db, "none").unwrap_err().0, SCIMDB_NOT_FOUND);
        assert_eq!(asked(scimdb_token_regenerate, db, "").unwrap_err().0, SCIMDB_INVALID_ARGUMENT);

        let leaver = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob",
            "externalId": format!("x{number}")});
        let leaver = leaver.to_string();
        let ((json, json_n), (id, id_n)) = (text!(leaver), text!("bob"));
        let (options, options_n) = text!(r#"{"id": "bob"}"#);
        // SAFETY: as above.
        told(|out, error| unsafe {
            scimdb_create(db, null(), 0, kind, kind_n, json, json_n, options, options_n, out, error)
        })
        .unwrap();
        let narrow = r#"{"name": "narrow", "attributes": {"User": {"displayName": {"required": true}}}}"#;
        let report = asked(scimdb_profile_check, db, narrow).unwrap();
        assert_eq!((&report["refused"], &report["counts"][0]["rule"]), (&1.into(), &"required".into()), "{report}");
        assert_eq!(report["findings"][0]["id"], "bob");
        for name in ["entra", "\"entra\""] {
            assert_eq!(asked(scimdb_profile_check, db, name).unwrap()["profile"], "entra");
        }
        assert_eq!(asked(scimdb_profile_check, db, "none").unwrap_err().0, SCIMDB_INVALID_ARGUMENT);

        let (external, actor) = (format!("x{number}"), r#"{"actor": "officer"}"#);
        let forget = || {
            let ((external, external_n), (actor, actor_n)) = (text!(external), text!(actor));
            // SAFETY: as above.
            told(|out, error| unsafe {
                scimdb_forget(db, null(), 0, kind, kind_n, external, external_n, actor, actor_n, out, error)
            })
        };
        assert_eq!(forget().unwrap_err().0, SCIMDB_IN_USE);
        // SAFETY: as above.
        outcome((), |_, error| unsafe { scimdb_delete(db, null(), 0, kind, kind_n, id, id_n, null(), 0, error) })
            .unwrap();
        assert_eq!(forget().unwrap(), r#"{"resources":1}"#);
        assert_eq!(forget().unwrap_err().0, SCIMDB_NOT_FOUND);
    }
    close(holder);
    close(guest);
}

#[test]
fn keys_of_values_come_by_options_and_are_rotated() {
    let directory = tempfile::tempdir().unwrap();
    let [old, new] = [1, 2].map(|byte| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [byte; 32]));
    let (first, second) = (json!({"id": "k1", "key": old}), json!({"id": "k2", "key": new}));
    let keys = |keys: &[&Value]| json!({"valueKeys": keys, "share": true}).to_string();
    let rotate = |db| {
        // SAFETY: as above.
        told(|out, error| unsafe { scimdb_value_keys_rotate(db, out, error) })
    };
    let db = open(directory.path(), &keys(&[&first])).unwrap();
    configure(db, r#"{"name": "p", "encryption": [{"attribute": "nickName"}]}"#);
    let (kind, kind_n) = text!("User");
    let (json, json_n) =
        text!(r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann", "nickName": "Ann"}"#);
    // SAFETY: as above.
    told(|out, error| unsafe { scimdb_create(db, null(), 0, kind, kind_n, json, json_n, null(), 0, out, error) })
        .unwrap();
    assert_eq!(rotate(db).unwrap(), r#"{"rewritten":0}"#);
    close(db);
    let db = open(directory.path(), &keys(&[&second, &first])).unwrap();
    let guest = open(directory.path(), r#"{"share": true}"#).unwrap();
    assert_eq!(rotate(guest).unwrap(), r#"{"rewritten":1}"#, "the keys are the holder's");
    close(guest);
    close(db);
    let file = directory.path().join("keys.json");
    std::fs::write(&file, json!({"keys": [second]}).to_string()).unwrap();
    let db = open(directory.path(), &json!({"valueKeysFile": file}).to_string()).unwrap();
    assert_eq!(search(db, r#"{"filter": "nickName eq \"Ann\""}"#).unwrap()["totalResults"], 1);
    assert_eq!(rotate(db).unwrap(), r#"{"rewritten":0}"#);
    close(db);
    let both = json!({"valueKeys": [first], "valueKeysFile": file}).to_string();
    for wrong in [
        both,
        keys(&[]),
        keys(&[&json!(old)]),
        keys(&[&json!({"id": "k1", "key": &old[1..]})]),
        keys(&[&json!({"id": "k1"})]),
        keys(&[&json!({"id": "k1", "key": old, "more": old})]),
        json!({"valueKeys": old}).to_string(),
        json!({"valueKeys": {"key": old}}).to_string(),
    ] {
        let (code, detail) = open(Path::new(":memory:"), &wrong).unwrap_err();
        assert!(code == SCIMDB_INVALID_ARGUMENT && !detail.contains(&old[1..]), "{wrong}: {detail}");
    }
    let db = open(Path::new(":memory:"), "{}").unwrap();
    assert_eq!(rotate(db).unwrap_err().0, SCIMDB_INVALID_ARGUMENT);
    close(db);
}
