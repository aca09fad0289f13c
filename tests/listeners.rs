//! Callbacks that changes wake: told how far the store is, and never after they were let go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/script.rs"]
mod script;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use scimdb::engine::Subscription;
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{user, with_id};

const LONG: Duration = Duration::from_secs(60);

fn open() -> (Store, Tenant) {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    (store, tenant)
}

fn create(tenant: &Tenant, id: &str) {
    tenant.create("User", user(id, ""), &with_id(id)).unwrap();
}

fn channel(store: &Store) -> (Subscription, mpsc::Receiver<u64>) {
    let (tell, told) = mpsc::channel();
    let callback = move |sequence| tell.send(sequence).unwrap_or_default();
    (store.on_change(Box::new(callback)).unwrap(), told)
}

#[test]
fn changes_wake_and_nothing_else_does() {
    let (store, tenant) = open();
    create(&tenant, "before");
    let (subscription, told) = channel(&store);
    let panics = store.on_change(Box::new(|_| panic!("as it should"))).unwrap();
    store.interrupt();
    assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "nothing changed");
    for number in 0..20 {
        create(&tenant, &format!("u{number}"));
    }
    let last = store.sequence().unwrap();
    let mut newest = 0;
    while newest < last {
        let sequence = told.recv_timeout(LONG).unwrap();
        assert!(sequence > newest && sequence <= last, "{sequence} after {newest} of {last}");
        newest = sequence;
    }
    drop(subscription);
    assert!(told.recv_timeout(LONG).is_err(), "it is gone, with what it held");
    create(&tenant, "late");
    drop(panics);
}

/// Many come and go while somebody writes: nobody is called after they were dropped.
#[test]
fn nobody_is_called_after_they_are_let_go() {
    let (store, tenant) = open();
    let (done, calls) = (AtomicBool::new(false), Arc::new(AtomicU64::new(0)));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if done.load(Ordering::SeqCst) {
                    return;
                }
                create(&tenant, &format!("u{number}"));
            }
        });
        let listeners: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let (alive, calls) = (Arc::new(AtomicBool::new(true)), Arc::clone(&calls));
                        let seen = Arc::clone(&alive);
                        let (tell, told) = mpsc::channel();
                        let callback = move |_| {
                            std::thread::yield_now();
                            assert!(seen.load(Ordering::SeqCst));
                            calls.fetch_add(1, Ordering::SeqCst);
                            let _ = tell.send(());
                        };
                        let subscription = store.on_change(Box::new(callback)).unwrap();
                        told.recv_timeout(LONG).unwrap();
                        drop(subscription);
                        alive.store(false, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let outcomes: Vec<_> = listeners.into_iter().map(|listener| listener.join()).collect();
        done.store(true, Ordering::SeqCst);
        assert!(outcomes.iter().all(Result::is_ok));
    });
    assert!(calls.load(Ordering::SeqCst) >= 120);
}

#[test]
fn a_callback_may_let_go_of_itself_and_close_the_store() {
    let (store, tenant) = open();
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let (place, (tell, told)) = (Arc::clone(&own), mpsc::channel());
    let subscription = store
        .on_change(Box::new(move |_| {
            drop(place.lock().unwrap().take());
            let _ = tell.send(());
        }))
        .unwrap();
    *own.lock().unwrap() = Some(subscription);
    create(&tenant, "a");
    told.recv_timeout(LONG).unwrap();
    create(&tenant, "b");
    assert!(told.recv_timeout(LONG).is_err(), "it is gone, with what it held");

    let (inner, (tell, told)) = (store.clone(), mpsc::channel());
    let subscription = store.on_change(Box::new(move |_| tell.send(inner.close()).unwrap())).unwrap();
    // The store may be closed before this has its answer.
    let _ = tenant.create("User", user("c", ""), &with_id("c"));
    told.recv_timeout(LONG).unwrap().unwrap();
    assert_eq!(store.on_change(Box::new(|_| ())).unwrap_err().kind(), ErrorKind::Unavailable);
    drop((subscription, tenant, store));

    // Closing waits for a call that is under way.
    let (store, tenant) = open();
    let (begun, ended) = (mpsc::channel(), Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&ended);
    let subscription = store
        .on_change(Box::new(move |_| {
            let _ = begun.0.send(());
            std::thread::sleep(Duration::from_millis(100));
            flag.store(true, Ordering::SeqCst);
        }))
        .unwrap();
    create(&tenant, "a");
    begun.1.recv_timeout(LONG).unwrap();
    store.close().unwrap();
    assert!(ended.load(Ordering::SeqCst));
    drop(subscription);
}
