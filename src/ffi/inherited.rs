//! What a child of fork() must let go of. It has a copy of every descriptor of its parent: as long as it lives, the lock of
//! a store that its parent held would stay taken, and calls would still be sent to a parent that is gone.

use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU16, Ordering};

/// A store that this process has opened in a directory, until it is dropped.
pub(super) struct Opened(&'static Entry);

/// An entry of the list. It is never freed, so that a child can read the list whatever its parent was about to do; one
/// that is closed is used again.
struct Entry {
    is_open: AtomicBool,
    /// The files that are locked: the store's own, and the one that names its holder.
    files: [CString; 2],
    /// Where calls of other processes arrive; 0 if they do not.
    port: AtomicU16,
    next: AtomicPtr<Entry>,
}

static ENTRIES: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());

/// The entries, from the newest one.
fn entries() -> impl Iterator<Item = &'static Entry> {
    let follow = |place: &AtomicPtr<Entry>| {
        // SAFETY: entries are never freed, and complete before they stand in the list.
        unsafe { place.load(Ordering::Acquire).as_ref() }
    };
    std::iter::successors(follow(&ENTRIES), move |entry| follow(&entry.next))
}

impl Opened {
    /// Notes a store before it is opened. None where its path is no path of the system's.
    pub(super) fn note(directory: &Path) -> Option<Self> {
        // A child may be in another directory by then.
        let directory = std::path::absolute(directory).ok()?;
        let file = |name: &str| CString::new(directory.join(name).into_os_string().into_encoded_bytes()).ok();
        let files = [file("store.redb")?, file("holder")?];
        let take = |entry: &&Entry| !entry.is_open.swap(true, Ordering::AcqRel);
        // So the list grows with the directories, and not with the times that they are opened.
        if let Some(entry) = entries().filter(|entry| entry.files == files).find(take) {
            return Some(Opened(entry));
        }
        let entry = Box::leak(Box::new(Entry {
            is_open: AtomicBool::new(true),
            files,
            port: AtomicU16::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut first = ENTRIES.load(Ordering::Acquire);
        loop {
            entry.next.store(first, Ordering::Release);
            match ENTRIES.compare_exchange(first, entry, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(Opened(entry)),
                Err(other) => first = other,
            }
        }
    }

    /// Notes the port where calls of other processes arrive, or that they do not.
    pub(super) fn listens(&self, port: Option<u16>) {
        self.0.port.store(port.unwrap_or(0), Ordering::Release);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.listens(None);
        self.0.is_open.store(false, Ordering::Release);
    }
}

/// Descriptors that are looked at, from the lowest: a process that may have more has few of them.
#[cfg(unix)]
const MOST_DESCRIPTORS: libc::rlim_t = 1 << 16;
/// Stores whose descriptors are let go of.
#[cfg(unix)]
const MOST_STORES: usize = 32;

/// What to look for among the descriptors.
#[cfg(unix)]
struct Wanted {
    files: [Option<(libc::dev_t, libc::ino_t)>; 2 * MOST_STORES],
    ports: [u16; MOST_STORES],
}

/// Closes what this child of fork() has of its parent's stores. It allocates nothing, takes no lock, and calls only what may be
/// called in a child of a process with threads.
#[cfg(unix)]
pub(super) fn let_go() {
    let mut wanted = Wanted { files: [None; 2 * MOST_STORES], ports: [0; MOST_STORES] };
    let open = || entries().filter(|entry| entry.is_open.load(Ordering::Acquire)).take(MOST_STORES);
    let files = open().flat_map(|entry| entry.files.iter()).map(|path| {
        // SAFETY: the path ends with a NUL, and there is room for the answer.
        look(|about| unsafe { libc::stat(path.as_ptr(), about) }).map(|about| (about.st_dev, about.st_ino))
    });
    wanted.files.iter_mut().zip(files).for_each(|(place, file)| *place = file);
    wanted.ports.iter_mut().zip(open()).for_each(|(place, entry)| *place = entry.port.load(Ordering::Acquire));
    if wanted.files.iter().all(Option::is_none) {
        return;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the answer.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return;
    }
    let descriptors = 0..libc::c_int::try_from(limit.rlim_cur.min(MOST_DESCRIPTORS)).unwrap_or_default();
    for descriptor in descriptors.filter(|descriptor| wanted.has(*descriptor)) {
        // SAFETY: what the parent had it for is refused in this child.
        unsafe { libc::close(descriptor) };
    }
}

/// What the system tells of a file.
#[cfg(unix)]
fn look(ask: impl FnOnce(*mut libc::stat) -> libc::c_int) -> Option<libc::stat> {
    let mut about = std::mem::MaybeUninit::uninit();
    // SAFETY: it was filled if the call succeeded.
    (ask(about.as_mut_ptr()) == 0).then(|| unsafe { about.assume_init() })
}

#[cfg(unix)]
impl Wanted {
    fn has(&self, descriptor: libc::c_int) -> bool {
        // SAFETY: there is room for the answer.
        let Some(about) = look(|about| unsafe { libc::fstat(descriptor, about) }) else { return false };
        match about.st_mode & libc::S_IFMT {
            libc::S_IFREG => self.files.contains(&Some((about.st_dev, about.st_ino))),
            libc::S_IFSOCK => local_port(descriptor).is_some_and(|port| port != 0 && self.ports.contains(&port)),
            _ => false,
        }
    }
}

/// The port of a socket on this machine's loopback.
#[cfg(unix)]
fn local_port(socket: libc::c_int) -> Option<u16> {
    let mut address = std::mem::MaybeUninit::<libc::sockaddr_in>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::sockaddr_in>()).ok()?;
    // SAFETY: there is room for the answer, and zeros are an address; a longer address is cut.
    let (told, address) =
        unsafe { (libc::getsockname(socket, address.as_mut_ptr().cast(), &mut length), address.assume_init()) };
    let is_ours = told == 0
        && i32::from(address.sin_family) == libc::AF_INET
        && u32::from_be(address.sin_addr.s_addr) == u32::from(std::net::Ipv4Addr::LOCALHOST);
    is_ours.then(|| u16::from_be(address.sin_port))
}
