//! Imports that are queued: what becomes of the users, their group and the counts; of what is wrong, and of what breaks
//! off. `tests/kill_jobs.rs` has those that a crash interrupts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/medium.rs"]
mod medium;

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scimdb::engine::{
    CommittedWrite, Decision, Hooks, ImportJob, ImportJobOptions, JobStatus, ProposedWrite, ReadOptions, TenantOptions,
    WriteOptions, refusal,
};
use scimdb::message::{ResourceInput, SearchRequest};
use scimdb::{Error, ErrorKind, Store, StoreOptions, Tenant};

const PATIENCE: Duration = Duration::from_secs(120);
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

fn group(tenant: &Tenant, id: &str) {
    let json = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"imported"}"#;
    let options = WriteOptions { id: Some(id.to_owned()), ..WriteOptions::default() };
    tenant.create("Group", ResourceInput::from_json(json.as_bytes()).unwrap(), &options).unwrap();
}

fn users(numbers: impl Iterator<Item = usize>) -> String {
    let user = |n: usize| {
        format!(
            r#"{{"userName":"u{n}","externalId":"bb0_{n}","name":{{"familyName":"last{n}"}},"emails":[{{"value":"e{n}@company.com"}}]}}"#
        )
    };
    numbers.map(user).collect::<Vec<_>>().join(",")
}

fn body(users: &str) -> String {
    format!(r#"{{"users": [{users}], "group": {{"value": "USG_FTEMP"}}}}"#)
}

fn queue(tenant: &Tenant, text: &str) -> ImportJob {
    let mut options = ImportJobOptions::default();
    options.actor = Some("importer".to_owned());
    tenant.queue_import(options, &mut text.as_bytes()).unwrap()
}

fn counts(job: &ImportJob) -> [u64; 5] {
    [job.import_size, job.processed, job.failed, job.already_existed, job.imported]
}

fn total(tenant: &Tenant, filter: &str) -> u64 {
    let request = SearchRequest { filter: Some(filter.to_owned()), count: Some(0), ..SearchRequest::default() };
    tenant.search(Some("User"), &request).unwrap().total_results
}

fn is_sound(store: &Store) {
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

#[test]
fn users_become_members_once_and_each_is_in_the_change_log() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    const COUNT: usize = 50_000;
    let first = queue(&tenant, &body(&users(0..COUNT)));
    assert_eq!(
        (first.status, first.import_size, first.resource_type.as_str()),
        (JobStatus::Importing, COUNT as u64, "User")
    );
    // Behind it: users that are there by then, one of them twice, and some that cannot be.
    let mixed = [
        users(COUNT - 5..COUNT + 3),
        users(COUNT..COUNT + 1),
        format!(r#"{{"userName":"{}"}}"#, "U7"),
        r#"{"userName":7,"externalId":"wrong"},{"externalId":"nameless"},{"a":1,"A":2}"#.to_owned(),
    ]
    .join(",");
    let second = queue(&tenant, &body(&mixed));
    assert!(tenant.import_job(&first.correlation_id).unwrap().processed <= COUNT as u64);
    let second = tenant.wait_for_import(&second.correlation_id, PATIENCE).unwrap();
    // First in, first out.
    let first = tenant.import_job(&first.correlation_id).unwrap();
    assert_eq!((first.status, counts(&first)), (JobStatus::Done, [50_000, 50_000, 0, 0, 50_000]));
    assert_eq!((second.status, counts(&second)), (JobStatus::Done, [13, 13, 3, 7, 3]));
    assert!(first.finished.unwrap() <= second.finished.unwrap());
    let failed: Vec<(u64, Option<&str>)> =
        second.failures.iter().map(|failure| (failure.row, failure.external_id.as_deref())).collect();
    assert_eq!(failed, [(11, Some("wrong")), (12, Some("nameless")), (13, None)]);
    assert!(second.failures[1].detail.contains("userName"), "{:?}", second.failures);
    assert_eq!(total(&tenant, r#"groups.value eq "USG_FTEMP""#), COUNT as u64 + 3);
    assert_eq!(total(&tenant, r#"externalId eq "bb0_7""#), 1);
    let changes = tenant.changes(0, 100_000, Duration::ZERO).unwrap();
    let created = |change: &&scimdb::engine::Change| {
        change.operation == scimdb::engine::ChangeOperation::Create && change.actor.as_deref() == Some("importer")
    };
    assert_eq!(changes.iter().filter(created).count(), COUNT + 3);
    // An auditor finds them by the import, and its memberships.
    let of = |job: &scimdb::engine::ImportJob| {
        let id = Some(job.correlation_id.as_str());
        let users =
            |change: &&scimdb::engine::Change| change.correlation_id.as_deref() == id && change.resource_type == "User";
        changes.iter().filter(users).count()
    };
    assert_eq!((of(&first), of(&second)), (COUNT, 3));
    assert!(changes.iter().any(|change| change.resource_type == "Group" && change.correlation_id.is_some()));
    assert!(changes.first().is_some_and(|change| change.correlation_id.is_none()), "{:?}", changes.first());
    is_sound(&store);
    store.close().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let jobs = store.tenant("default").unwrap().import_jobs().unwrap();
    assert_eq!(jobs, [first, second]);
}

#[test]
fn what_breaks_off_or_is_wrong_leaves_nothing() {
    /// The text, and then an error.
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other(Error::new(ErrorKind::Cancelled, "the client went away")));
            }
            self.0.read(into)
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::default();
    options.max_import_bytes = 3 << 20;
    let store = Store::open(directory.path(), options).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    let whole = body(&users(0..9_000));
    let refused = |text: &[u8]| tenant.queue_import(ImportJobOptions::default(), &mut Broken(text)).unwrap_err();
    let cut = refused(&whole.as_bytes()[..whole.len() - 200]);
    assert_eq!((cut.kind(), cut.detail()), (ErrorKind::Cancelled, "the client went away"));
    let gone = refused(whole.replace("USG_FTEMP", "nobody").as_bytes());
    assert_eq!((gone.kind(), gone.attribute()), (ErrorKind::InvalidValue, Some("group.value")));
    let user = tenant
        .create(
            "User",
            ResourceInput::from_json(format!(r#"{{"schemas":["{USER}"],"userName":"no group"}}"#).as_bytes()).unwrap(),
            &WriteOptions::default(),
        )
        .unwrap();
    assert_eq!(refused(whole.replace("USG_FTEMP", &user.id).as_bytes()).attribute(), Some("group.value"));
    assert_eq!(refused(body(&users(0..40_000)).as_bytes()).kind(), ErrorKind::PayloadTooLarge);
    let policy = whole.replace(r#""group""#, r#""authenticatorPolicy": {"value": "AT"}, "group""#);
    let unfit = tenant.queue_import(ImportJobOptions::default(), &mut policy.as_bytes()).unwrap_err();
    assert_eq!((unfit.kind(), unfit.attribute()), (ErrorKind::InvalidValue, Some("authenticatorPolicy")));
    assert_eq!(tenant.import_jobs().unwrap(), []);
    assert_eq!(tenant.import_job("1P5FOESDK44J6Q0QAHK2").unwrap_err().kind(), ErrorKind::NotFound);
    let entries = store.check(&mut |_, _| ()).unwrap();
    assert_eq!(entries.problems, Vec::<String>::new());
    assert_eq!(total(&tenant, "userName pr"), 1);
    // Nothing to do is done at once.
    let empty = queue(&tenant, &body(""));
    assert_eq!((empty.status, counts(&empty)), (JobStatus::Done, [0; 5]));
    assert_eq!(store.check(&mut |_, _| ()).unwrap().entries, entries.entries + 2);
}

#[test]
fn a_group_that_goes_ends_the_import() {
    /// Deletes the group after the first users.
    struct Deletes(Mutex<Option<Tenant>>);
    impl Hooks for Deletes {
        fn after_commit(&self, write: &CommittedWrite) {
            if write.resource_type == "User"
                && let Some(tenant) = self.0.lock().unwrap().take()
            {
                tenant.delete("Group", "USG_FTEMP", &WriteOptions::default()).unwrap();
            }
        }
    }
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    store.set_hooks(Some(Arc::new(Deletes(Mutex::new(Some(tenant.clone()))))));
    let job = queue(&tenant, &body(&users(0..9_000)));
    let job = tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap();
    assert_eq!((job.status, counts(&job)), (JobStatus::Failed, [9_000, 9_000, 5_000, 0, 4_000]));
    assert!(job.reason.unwrap().contains("USG_FTEMP"));
    group(&tenant, "USG_FTEMP");
    store.set_hooks(None);
    // The next one goes on.
    let job = queue(&tenant, &body(&users(8_000..8_001)));
    assert_eq!(tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap().imported, 1);
    is_sound(&store);
}

#[test]
fn hooks_have_a_say_about_every_user() {
    #[derive(Default)]
    struct Picky(AtomicUsize);
    impl Hooks for Picky {
        fn before_write(&self, write: &ProposedWrite) -> scimdb::Result<Decision> {
            assert!(std::thread::current().name() != Some("scimdb-writer"));
            assert_eq!(write.actor.as_deref(), Some("importer"));
            match write.after.as_deref() {
                Some(after) if after.contains(r#""userName":"u3""#) => Err(refusal(400, None, "no threes")),
                Some(_) if write.resource_type == "User" => Ok(Decision::Set(r#"{"title":"checked"}"#.to_owned())),
                _ => Ok(Decision::Accept),
            }
        }

        fn after_commit(&self, write: &CommittedWrite) {
            self.0.fetch_add(usize::from(write.resource_type == "User"), Ordering::Relaxed);
            // It stands all the same.
            assert!(!write.after.as_deref().unwrap_or_default().contains(r#""userName":"u5""#), "a panic");
        }
    }
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    let hooks = Arc::new(Picky::default());
    store.set_hooks(Some(Arc::clone(&hooks) as Arc<dyn Hooks>));
    let job = queue(&tenant, &body(&users(0..10)));
    let job = tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap();
    assert_eq!((job.status, counts(&job)), (JobStatus::Done, [10, 10, 1, 0, 9]));
    assert_eq!((job.failures[0].row, job.failures[0].detail.as_str()), (4, "no threes"));
    assert_eq!(total(&tenant, r#"title eq "checked""#), 9);
    // It is told once the users are there, on the store's own thread.
    let told = |_: &i32| hooks.0.load(Ordering::Relaxed) == 9;
    assert!((0..10_000).inspect(|_| std::thread::sleep(Duration::from_millis(1))).find(told).is_some());
}

#[test]
fn tenants_take_turns_and_a_dropped_one_is_forgotten() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let large = store.tenant("default").unwrap();
    let small = store.create_tenant("small", TenantOptions::default()).unwrap();
    let dropped = store.create_tenant("dropped", TenantOptions::default()).unwrap();
    [&large, &small, &dropped].into_iter().for_each(|tenant| group(tenant, "USG_FTEMP"));
    let many = body(&users(0..20_000));
    let [_, first] = [&dropped, &large].map(|tenant| queue(tenant, &many));
    let last = queue(&small, &body(&users(0..10)));
    let last = small.wait_for_import(&last.correlation_id, PATIENCE).unwrap();
    assert_eq!((last.status, last.imported), (JobStatus::Done, 10));
    assert_eq!(large.import_job(&first.correlation_id).unwrap().status, JobStatus::Importing);
    store.drop_tenant("dropped").unwrap();
    assert_eq!(large.wait_for_import(&first.correlation_id, PATIENCE).unwrap().imported, 20_000);
    assert_eq!(dropped.import_jobs().unwrap_err().kind(), ErrorKind::UnknownTenant);
    is_sound(&store);
}

#[test]
fn closing_a_store_holds_an_import_up_and_opening_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut wanted = None;
    for round in 0.. {
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let tenant = store.tenant("default").unwrap();
        if round == 0 {
            group(&tenant, "USG_FTEMP");
            wanted = Some(queue(&tenant, &body(&users(0..20_000))).correlation_id);
        }
        let id = wanted.as_deref().unwrap();
        let copy = directory.path().join("copy");
        if round == 1 {
            store.backup(&copy, &mut |_, _| ()).unwrap();
        }
        let before = tenant.import_job(id).unwrap().processed;
        let further = || (0..6_000).map(|_| tenant.wait_for_import(id, Duration::from_millis(20)).unwrap());
        let job = further().find(|job| job.processed > before || job.is_finished()).unwrap();
        if job.is_finished() {
            assert_eq!(counts(&job), [20_000, 20_000, 0, 0, 20_000]);
            assert!(round > 0, "it was to be interrupted");
            is_sound(&store);
            // A copy has the import as well, as far as it had come.
            let copy = Store::open(&copy, StoreOptions::default()).unwrap();
            let job = copy.tenant("default").unwrap().wait_for_import(id, PATIENCE).unwrap();
            assert_eq!(counts(&job), [20_000, 20_000, 0, 0, 20_000]);
            break;
        }
        // Some close it, some drop it.
        if round % 2 == 0 {
            store.close().unwrap();
        }
    }
}

#[test]
fn a_full_disk_holds_an_import_up_until_there_is_room() {
    let disk = medium::Disk::default();
    let store = Store::open_on(disk.factory(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    let text = body(&users(0..20_000));
    let job = queue(&tenant, &text);
    disk.leave_room(Some(0));
    // A commit may find free pages; sooner or later one needs more.
    let stuck = || (0..1_000).map(|_| tenant.wait_for_import(&job.correlation_id, Duration::from_millis(20)));
    let mut before = 0;
    let mut same = 0;
    for told in stuck().filter_map(Result::ok) {
        assert_eq!(told.status, JobStatus::Importing, "there was to be no room: {told:?}");
        same = if told.processed == before { same + 1 } else { 0 };
        before = told.processed;
        if same > 100 {
            break;
        }
    }
    assert!(before < 20_000 && same > 100, "{before} {same}");
    disk.leave_room(None);
    let job = loop {
        match tenant.wait_for_import(&job.correlation_id, PATIENCE) {
            Ok(job) if job.is_finished() => break job,
            // The store is opened again meanwhile.
            Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!((job.status, counts(&job)), (JobStatus::Done, [20_000, 20_000, 0, 0, 20_000]));
    is_sound(&store);
}

#[test]
fn users_have_only_what_they_may_and_get_an_authenticator() {
    const AUTHENTICATORS: &str = "urn:example:Authenticators:authenticators";
    let schema = br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"urn:example:Authenticators","name":"Authenticators",
        "attributes":[{"name":"authenticators","type":"complex","multiValued":true,"subAttributes":[
            {"name":"display","type":"string"},{"name":"value","type":"string"}]},
            {"name":"status","type":"string"}]}"#;
    let user_type = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],"id":"User","name":"User","endpoint":"/Users","schema":"{USER}",
        "schemaExtensions":[{{"schema":"urn:example:Authenticators","required":false}},
            {{"schema":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","required":false}}]}}"#
    );
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    let documents: Vec<_> = [&schema[..], user_type.as_bytes()]
        .into_iter()
        .flat_map(|json| scimdb::message::parse_schema_document(json).unwrap())
        .collect();
    tenant.put_schemas(documents).unwrap();
    group(&tenant, "USG_FTEMP");
    let mut options = ImportJobOptions::default();
    options.authenticators = Some(AUTHENTICATORS.to_owned());
    options.refused = ["roles", "groups", "urn:example:Authenticators", "urn:unknown"].map(str::to_owned).to_vec();
    let users = [
        r#"{"userName":"a","password":"in clear 1","groups":[],"roles":null}"#,
        r#"{"userName":"b","groups":[{"value":"USG_FTEMP"}]}"#,
        r#"{"userName":"c","urn:ietf:params:scim:schemas:core:2.0:User:roles":[{"value":"x"}]}"#,
        r#"{"userName":"d","urn:example:Authenticators":{"status":"x"}}"#,
        r#"{"userName":"e","urn:example:Authenticators:status":"x"}"#,
        r#"{"userName":"f","urn:unknown":{}}"#,
        r#"{"userName":"g","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}"#,
    ];
    let text = format!(
        r#"{{"authenticatorPolicy":{{"value":"AT_CUST_PW"}},"group":{{"value":"USG_FTEMP"}},"users":[{}]}}"#,
        users.join(",")
    );
    let job = tenant.queue_import(options.clone(), &mut text.as_bytes()).unwrap();
    let job = tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap();
    assert_eq!(counts(&job), [7, 7, 5, 0, 2], "{:?}", job.failures);
    let named: Vec<bool> = job
        .failures
        .iter()
        .zip(["groups", "roles", "urn:example:Authenticators", "urn:example:Authenticators", "urn:unknown"])
        .map(|(failure, path)| failure.detail.starts_with(&format!("{path} cannot be imported")))
        .collect();
    assert_eq!(named, [true; 5], "{:?}", job.failures);
    let request = SearchRequest { filter: Some(r#"userName eq "a""#.to_owned()), ..SearchRequest::default() };
    let found = tenant.search(Some("User"), &request).unwrap().resources.remove(0);
    let element = format!(r#"{{"display":"AT_CUST_PW","value":"{}.AT_CUST_PW"}}"#, found.id);
    let read = tenant.get("User", &found.id, &ReadOptions::default()).unwrap();
    assert!(read.json.contains(&element), "{}", read.json);
    assert!(tenant.verify_password("User", &found.id, "in clear 1").unwrap());
    options.authenticators = Some("emails.value".to_owned());
    let error = tenant.queue_import(options, &mut text.as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidArgument, Some("authenticators")));
}

#[test]
fn a_password_in_clear_never_reaches_the_disk() {
    const CANARY: &str = "correct-horse-canary";
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    // Hooks hold the worker up, so that what waits is looked at as it waits.
    let user = format!(r#"{{"userName":"a","pass\u0077ord":"{CANARY}"}}"#);
    let job = queue(&tenant, &body(&user));
    assert_eq!(tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap().imported, 1);
    store.close().unwrap();
    let bytes = std::fs::read(directory.path().join("store.redb")).unwrap();
    assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

#[test]
fn passwords_are_what_the_profile_asks_for() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let profile = r#"{"name": "p", "attributes": {"User": {"password": {"minLength": 12}}}}"#;
    store.configure_tenant("default", TenantOptions::of_profile(profile.parse().unwrap())).unwrap();
    let tenant = store.tenant("default").unwrap();
    group(&tenant, "USG_FTEMP");
    let job = queue(
        &tenant,
        &body(r#"{"userName":"a","password":"short"},{"userName":"b","password":"long enough, it is"}"#),
    );
    let job = tenant.wait_for_import(&job.correlation_id, PATIENCE).unwrap();
    assert_eq!(counts(&job), [2, 2, 1, 0, 1]);
    assert!(job.failures[0].detail.contains("it has 12 at least"), "{:?}", job.failures);
}
