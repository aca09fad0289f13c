//! A store that several processes share: who holds it, what the others are told, and who takes it when the holder is
//! killed. The processes are real ones.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier, LazyLock};
use std::time::{Duration, Instant};

use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::message::ResourceInput;
use scimdb::share::{Answerer, Begun, Called, Channel, Nature, Session, Shared, Values};
use scimdb::{Error, ErrorKind, Result, Store, StoreOptions};

const LIMIT: Duration = Duration::from_secs(60);

/// The functions of these tests: `create` and `get` a user by id, `echo`, `refuse`, `wait` some milliseconds, `panic`.
struct Functions;

impl Answerer for Functions {
    fn answer(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        let text = |at: usize| std::str::from_utf8(arguments[at].unwrap()).unwrap();
        match function {
            "create" => {
                const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
                let user = format!(r#"{{"schemas": ["{USER}"], "userName": "{}"}}"#, text(0));
                let options = WriteOptions { id: Some(text(0).to_owned()), ..WriteOptions::default() };
                let made =
                    store.tenant("default")?.create("User", ResourceInput::from_json(user.as_bytes())?, &options)?;
                Ok(vec![Some(made.json.into_bytes())])
            }
            "get" => {
                let found = store.tenant("default")?.get("User", text(0), &ReadOptions::default())?;
                Ok(vec![Some(found.json.into_bytes())])
            }
            "echo" => Ok(arguments.iter().map(|argument| argument.map(<[u8]>::to_vec)).collect()),
            "refuse" => Err(Error::new(ErrorKind::InvalidFilter, "expected é").on("userName").at_offset(3)),
            "wait" => {
                std::thread::sleep(Duration::from_millis(text(0).parse().unwrap()));
                Ok(vec![Some(b"waited".to_vec())])
            }
            "panic" => panic!("a bug"),
            other => panic!("there is no {other}"),
        }
    }

    fn begin(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Box<dyn Session>> {
        match function {
            "sum" => Ok(Box::new(Sum { store: store.clone(), total: arguments.len(), sums: Arc::clone(&SUMS) })),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "there is no such beginning")),
        }
    }
}

/// Sums that are under way in this process.
static SUMS: LazyLock<Arc<()>> = LazyLock::new(Arc::default);

/// Adds up what it is given, from the number of arguments that it began with on.
struct Sum {
    store: Store,
    total: usize,
    sums: Arc<()>,
}

impl Session for Sum {
    fn answer(&mut self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        assert!(Arc::strong_count(&self.sums) > 1);
        if function != "add" {
            return Functions.answer(&self.store, function, arguments);
        }
        self.total += arguments.iter().flatten().map(|argument| argument.len()).sum::<usize>();
        Ok(vec![Some(self.total.to_string().into_bytes())])
    }
}

fn open(directory: &Path) -> Result<Shared> {
    Shared::open(directory, StoreOptions::default(), Arc::new(Functions), LIMIT)
}

/// Calls a function, here or there.
fn call(
    shared: &Shared,
    function: &str,
    arguments: &[Option<&[u8]>],
    nature: Nature,
    limit: Duration,
) -> Result<Values> {
    match shared.call(function, arguments, nature, limit)? {
        Called::There(values) => Ok(values),
        Called::Here => Functions.answer(shared.store().unwrap(), function, arguments),
    }
}

fn create(shared: &Shared, id: &str) -> Result<Values> {
    call(shared, "create", &[Some(id.as_bytes())], Nature::Write, LIMIT)
}

fn get(shared: &Shared, id: &str) -> Result<Values> {
    call(shared, "get", &[Some(id.as_bytes())], Nature::Read, LIMIT)
}

#[test]
fn a_second_handle_calls_the_first_and_then_takes_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let holder = open(path).unwrap();
    let guest = open(path).unwrap();
    assert!(holder.store().is_some() && guest.store().is_none());
    create(&guest, "ann").unwrap();
    create(&holder, "bob").unwrap();
    assert_eq!(get(&guest, "bob").unwrap(), get(&holder, "bob").unwrap());

    // What goes there arrives, and what comes back does.
    let large = vec![0xff; 3 << 20];
    let arguments = [None, Some(&b""[..]), Some("é\0".as_bytes()), Some(&large)];
    let echoed = call(&guest, "echo", &arguments, Nature::Read, LIMIT).unwrap();
    assert!(echoed.iter().map(Option::as_deref).eq(arguments));
    let refused = call(&guest, "refuse", &[], Nature::Write, LIMIT).unwrap_err();
    let told = (refused.kind(), refused.detail(), refused.attribute(), refused.offset());
    assert_eq!(told, (ErrorKind::InvalidFilter, "expected é", Some("userName"), Some(3)));
    assert_eq!(get(&guest, "nobody").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(call(&guest, "panic", &[], Nature::Read, LIMIT).unwrap_err().kind(), ErrorKind::Internal);

    // Those who do not share are told by whom it is held, and that it is shared.
    let process = format!("process {}", std::process::id());
    let locked = Store::open(path, StoreOptions::default()).unwrap_err();
    assert_eq!(locked.kind(), ErrorKind::Locked);
    assert!(locked.detail().contains(&process) && locked.detail().contains("shares it at 127.0.0.1:"), "{locked}");
    let only_there = guest.store_here(LIMIT).unwrap_err();
    assert_eq!(only_there.kind(), ErrorKind::NotImplemented);
    assert!(only_there.detail().contains(&process), "{only_there}");
    let mode = std::fs::metadata(path.join("share")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it has the secret");

    holder.close().unwrap();
    assert!(!path.join("share").exists());
    assert_eq!(get(&guest, "ann").unwrap(), get(&guest, "ann").unwrap());
    assert!(guest.store_here(LIMIT).is_ok(), "it holds the store now");
    let next = open(path).unwrap();
    create(&next, "cid").unwrap();
    assert!(next.store().is_none());
    guest.close().unwrap();
    assert_eq!(
        guest.call("echo", &[], Nature::Read, LIMIT).map(|called| matches!(called, Called::Here)).ok(),
        Some(true)
    );
    next.close().unwrap();
    assert_eq!(get(&next, "ann").unwrap_err().kind(), ErrorKind::Unavailable);
    Store::open(path, StoreOptions::default())
        .unwrap()
        .tenant("default")
        .unwrap()
        .get("User", "cid", &ReadOptions::default())
        .unwrap();
}

#[test]
fn a_store_that_is_not_shared_stays_locked() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::default();
    options.holder = Some("a test".to_owned());
    let store = Store::open(directory.path(), options).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.detail().contains(&format!("process {} (a test)", std::process::id())), "{refused}");
    store.name_holder(Some("b")).unwrap();
    assert_eq!(Store::holder(directory.path()).unwrap(), format!("process {} (b)", std::process::id()));
    store.close().unwrap();
    // What somebody left behind who was killed is not taken for the holder's word.
    std::fs::write(directory.path().join("share"), "0.1.0\n1\n127.0.0.1:9\nx\n").unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    assert_eq!(open(directory.path()).unwrap_err().kind(), ErrorKind::Locked);
    store.close().unwrap();
    assert!(open(directory.path()).unwrap().store().is_some());
}

#[test]
fn who_does_not_know_the_secret_is_not_served() {
    let directory = tempfile::tempdir().unwrap();
    let holder = open(directory.path()).unwrap();
    let note = std::fs::read_to_string(directory.path().join("share")).unwrap();
    let address = note.lines().nth(2).unwrap();
    for said in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[b"scimdb share 1\r\n".as_slice(), &[7; 32], &[9; 32]].concat()] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(said).unwrap();
        let mut heard = Vec::new();
        // It is closed, after its proof at most, whatever follows.
        let _ = std::io::Read::read_to_end(&mut stream, &mut heard);
        assert!(heard.len() <= 64, "{heard:?}");
    }
    // Many who say nothing keep nobody out for long.
    let silent: Vec<_> = (0..80).map(|_| std::net::TcpStream::connect(address)).collect();
    let guest = open(directory.path()).unwrap();
    create(&guest, "ann").unwrap();
    drop(silent);
    holder.close().unwrap();
}

#[test]
fn hooks_are_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = (open(directory.path()).unwrap(), open(directory.path()).unwrap());
    let set = Arc::new(AtomicUsize::new(0));
    let count = |set: &Arc<AtomicUsize>| {
        let set = Arc::clone(set);
        move |_: &Store| {
            set.fetch_add(1, Ordering::Relaxed);
        }
    };
    guest.set_hooks(true, count(&set));
    assert_eq!(set.load(Ordering::Relaxed), 0, "they run where the store is held");
    let short = Duration::from_secs(2);
    let refused = call(&guest, "create", &[Some(b"ann")], Nature::Write, short).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.detail().contains("has set no hooks"), "{refused}");
    assert_eq!(get(&guest, "ann").unwrap_err().kind(), ErrorKind::NotFound);
    holder.set_hooks(true, |_| ());
    create(&guest, "ann").unwrap();
    holder.close().unwrap();
    create(&guest, "bob").unwrap();
    assert_eq!(set.load(Ordering::Relaxed), 1, "they were set when it took the store");
    let hookless = open(directory.path()).unwrap();
    create(&hookless, "cid").unwrap();
}

#[test]
fn reads_that_wait_are_interrupted_and_no_call_outlasts_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = (open(directory.path()).unwrap(), open(directory.path()).unwrap());
    let started = Instant::now();
    let wait = |nature, limit| call(&guest, "wait", &[Some(b"3000")], nature, limit);
    let late = wait(Nature::Write, Duration::from_millis(200)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::DeadlineExceeded);
    assert!(late.detail().contains("not known"), "{late}");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (guest, is_over) = (&guest, &is_over);
        scope.spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                guest.interrupt();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        assert_eq!(wait(Nature::Read, LIMIT).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(wait(Nature::Write, LIMIT).unwrap(), [Some(b"waited".to_vec())], "writes are not interrupted");
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(started.elapsed() < Duration::from_secs(30));
    holder.close().unwrap();
}

#[test]
fn of_many_threads_that_find_the_holder_gone_one_takes_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let holder = open(directory.path()).unwrap();
    let guests: Vec<Shared> = (0..4).map(|_| open(directory.path()).unwrap()).collect();
    let start = Barrier::new(17);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (guest, start) = (&guests[thread % 4], &start);
            scope.spawn(move || {
                start.wait();
                for number in 0..20 {
                    let id = format!("{thread}-{number}");
                    // Who closes the store in order leaves nobody in doubt.
                    create(guest, &id).unwrap();
                    get(guest, &id).unwrap();
                }
            });
        }
        start.wait();
        holder.close().unwrap();
    });
    assert_eq!(guests.iter().filter(|guest| guest.store().is_some()).count(), 1);
}

fn begin(shared: &Arc<Shared>, arguments: &[Option<&[u8]>]) -> Channel {
    match shared.begin("sum", arguments, LIMIT).unwrap() {
        Begun::There(channel) => channel,
        Begun::Here => panic!("the store is held elsewhere"),
    }
}

fn add(channel: &mut Channel, text: &str, nature: Nature) -> Result<String> {
    let values = channel.call("add", &[Some(text.as_bytes())], nature, LIMIT)?;
    Ok(String::from_utf8(values[0].clone().unwrap()).unwrap())
}

#[test]
fn what_takes_several_calls_is_kept_by_the_holder_until_it_is_let_go_of() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = (open(directory.path()).unwrap(), Arc::new(open(directory.path()).unwrap()));
    let (mut one, mut other) = (begin(&guest, &[]), begin(&guest, &[None, None]));
    assert_eq!(add(&mut one, "abc", Nature::Read).unwrap(), "3");
    assert_eq!(add(&mut other, "d", Nature::Write).unwrap(), "3");
    let refused = one.call("refuse", &[], Nature::Read, LIMIT).unwrap_err();
    assert_eq!((refused.kind(), refused.attribute()), (ErrorKind::InvalidFilter, Some("userName")));
    assert_eq!(one.call("panic", &[], Nature::Read, LIMIT).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(add(&mut one, "de", Nature::Read).unwrap(), "5", "an error ends nothing");
    assert_eq!(guest.begin("nothing", &[], LIMIT).unwrap_err().kind(), ErrorKind::InvalidArgument);
    // Other calls go on beside it.
    create(&guest, "ann").unwrap();
    assert_eq!(get(&guest, "ann").unwrap(), get(&holder, "ann").unwrap());

    // An interrupt ends what reads, for good; what writes goes on.
    guest.interrupt();
    for _ in 0..2 {
        assert_eq!(add(&mut one, "x", Nature::Read).unwrap_err().kind(), ErrorKind::Cancelled);
    }
    assert_eq!(add(&mut other, "x", Nature::Write).unwrap(), "4");
    // What was not answered in time may have been done: nothing is asked behind it.
    let mut late = begin(&guest, &[]);
    let short = Duration::from_millis(200);
    let error = late.call("wait", &[Some(b"1000")], Nature::Write, short).unwrap_err();
    assert!(error.kind() == ErrorKind::DeadlineExceeded && error.detail().contains("not known"), "{error}");
    assert_eq!(add(&mut late, "x", Nature::Write).unwrap_err().kind(), ErrorKind::Unavailable);
    drop((one, late));
    let started = Instant::now();
    // The one that is left, and that of the process.
    while Arc::strong_count(&SUMS) > 2 {
        assert!(started.elapsed() < Duration::from_secs(30), "they are kept");
        std::thread::sleep(Duration::from_millis(10));
    }

    // With hooks, what writes waits until the holder has some.
    guest.set_hooks(true, |_| ());
    let unhooked = other.call("add", &[], Nature::Write, Duration::from_secs(2)).unwrap_err();
    assert!(unhooked.kind() == ErrorKind::Unavailable && unhooked.detail().contains("no hooks"), "{unhooked}");
    holder.set_hooks(true, |_| ());
    assert_eq!(add(&mut other, "x", Nature::Write).unwrap(), "5");

    // It ends with the process that holds the store, which does not wait for it.
    holder.close().unwrap();
    let gone = add(&mut other, "x", Nature::Write).unwrap_err();
    assert!(gone.kind() == ErrorKind::Unavailable && gone.detail().contains("begin anew"), "{gone}");
    assert!(matches!(guest.begin("sum", &[], LIMIT).unwrap(), Begun::Here));
    guest.close().unwrap();
    assert_eq!(add(&mut other, "x", Nature::Write).unwrap_err().kind(), ErrorKind::Unavailable);
}

/// A worker: it writes users, and says of each what it tries and what was acknowledged, until it is killed.
#[test]
fn child_that_works() {
    let Some(directory) = child::directory() else { return };
    let name = std::env::var("SCIMDB_WORKER").unwrap();
    let shared = open(&directory).unwrap();
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
    };
    say(format!("\nopen {name}"));
    for number in 0.. {
        let id = format!("{name}-{number}");
        match create(&shared, &id) {
            Ok(_) => say(format!("done {id}")),
            // The holder went away under it.
            Err(error) if error.kind() == ErrorKind::Unavailable => say(format!("doubt {id}")),
            Err(error) => return say(format!("failed {id}: {error:?}")),
        }
        if let Err(error) = get(&shared, &id)
            && error.kind() != ErrorKind::NotFound
        {
            return say(format!("failed to read {id}: {error:?}"));
        }
    }
}

/// A worker whose lines are heard.
struct Worker {
    child: Child,
    lines: Receiver<String>,
}

impl Worker {
    fn start(directory: &Path, name: &str) -> Self {
        let mut command = child::command("child_that_works", directory, &[]);
        let mut child = command.env("SCIMDB_WORKER", name).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(|line| line.ok()).try_for_each(|line| sender.send(line)));
        Worker { child, lines }
    }

    /// Hears so many acknowledgements; panics if the worker fails or says nothing for a minute.
    fn hear(&self, count: usize, done: &mut BTreeSet<String>) {
        let mut heard = 0;
        while heard < count {
            let line = self.lines.recv_timeout(LIMIT).expect("a worker hangs or has ended");
            heard += usize::from(note(&line, done));
        }
    }

    /// Kills it, and hears what it had said.
    fn kill(mut self, done: &mut BTreeSet<String>) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for line in self.lines.iter() {
            note(&line, done);
        }
    }
}

fn note(line: &str, done: &mut BTreeSet<String>) -> bool {
    assert!(!line.starts_with("failed"), "{line}");
    line.strip_prefix("done ").is_some_and(|id| done.insert(id.to_owned()))
}

/// The process that holds the store.
fn holder(directory: &Path) -> u32 {
    Store::holder(directory).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A signal is on its way to each thread, and one may answer meanwhile.
fn wait_until_stopped(pid: u32) {
    let is_stopped = |task: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        // The name in parentheses may have anything in it; the state is behind it.
        status.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('T'))
    };
    let begun = Instant::now();
    while let Ok(mut tasks) = fs::read_dir(format!("/proc/{pid}/task")) {
        if tasks.all(is_stopped) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{pid} does not stop");
        std::thread::sleep(Duration::from_millis(5));
    }
    // There is nothing to look at elsewhere.
    std::thread::sleep(Duration::from_secs(1));
}

#[test]
fn when_the_holder_is_killed_the_next_takes_its_place_and_nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut done = BTreeSet::new();
    // All at once, where there is no store yet.
    let mut workers: Vec<Worker> =
        (0..3).map(|number| Worker::start(directory.path(), &format!("w{number}"))).collect();
    for round in 0..4 {
        for worker in &workers {
            worker.hear(10, &mut done);
        }
        let pid = holder(directory.path());
        let at = workers.iter().position(|worker| worker.child.id() == pid).expect("a worker holds the store");
        workers.remove(at).kill(&mut done);
        workers.push(Worker::start(directory.path(), &format!("r{round}")));
    }
    for worker in &workers {
        worker.hear(10, &mut done);
    }
    // A holder that stands still keeps nobody waiting for longer than they want to wait.
    let pid = holder(directory.path());
    let guest = open(directory.path()).unwrap();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    signal("-STOP");
    wait_until_stopped(pid);
    let (started, short) = (Instant::now(), Duration::from_secs(1));
    let late = call(&guest, "get", &[Some(b"w0-0")], Nature::Read, short).unwrap_err();
    assert!(matches!(late.kind(), ErrorKind::DeadlineExceeded | ErrorKind::Unavailable), "{late:?}");
    assert!(late.detail().contains(&pid.to_string()), "{late}");
    let unopened = Shared::open(directory.path(), StoreOptions::default(), Arc::new(Functions), short).unwrap_err();
    assert_eq!(unopened.kind(), ErrorKind::Unavailable, "{unopened:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
    signal("-CONT");
    get(&guest, "w0-0").unwrap();

    for worker in workers {
        worker.kill(&mut done);
    }
    let survivor = guest;
    for id in &done {
        get(&survivor, id).unwrap_or_else(|error| panic!("{id} was acknowledged: {error:?}"));
    }
    assert!(survivor.store().is_some() && done.len() >= 120, "{}", done.len());
    assert_eq!(survivor.store().unwrap().check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}
