//! What a child of fork() must let go of. It has a copy of every descriptor of its parent: as long as it lives, the lock of
//! a store that its parent held would stay taken, calls would still be sent to a parent that is gone, and clients would
//! still connect to a server that has stopped.

use std::ffi::CString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU16, AtomicU64, Ordering};

/// A store that this process has opened in a directory, or a server of its, until it is dropped.
pub(super) struct Opened(&'static Entry);

/// An entry of the list. It is never freed, so that a child can read the list whatever its parent was about to do; one
/// that is closed is used again.
struct Entry {
    is_open: AtomicBool,
    /// The files that are locked: the store's own, and the one that names its holder. None for a server.
    files: Option<[CString; 2]>,
    /// The address where calls arrive, as one of IPv6: complete before the port is.
    ip: [AtomicU64; 2],
    /// Where calls of other processes arrive; 0 if they do not.
    port: AtomicU16,
    /// Where calls of this process go, on this machine's loopback; 0 if they did to nobody.
    holder: AtomicU16,
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
        Some(Self::entry(Some([file("store.redb")?, file("holder")?])))
    }

    /// Notes a server that listens at this address.
    pub(super) fn serves(address: SocketAddr) -> Self {
        let server = Self::entry(None);
        server.listens_at(address);
        server
    }

    /// Takes an entry for these files.
    fn entry(files: Option<[CString; 2]>) -> Self {
        let take = |entry: &&Entry| !entry.is_open.swap(true, Ordering::AcqRel);
        // So the list grows with the directories and the servers, and not with the times that they are opened.
        if let Some(entry) = entries().filter(|entry| entry.files == files).find(take) {
            return Opened(entry);
        }
        let entry = Box::leak(Box::new(Entry {
            is_open: AtomicBool::new(true),
            files,
            ip: [AtomicU64::new(0), AtomicU64::new(0)],
            port: AtomicU16::new(0),
            holder: AtomicU16::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut first = ENTRIES.load(Ordering::Acquire);
        loop {
            entry.next.store(first, Ordering::Release);
            match ENTRIES.compare_exchange(first, entry, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Opened(entry),
                Err(other) => first = other,
            }
        }
    }

    /// Notes the port of this machine's loopback where calls of other processes arrive, or that they do not.
    pub(super) fn listens(&self, port: Option<u16>) {
        match port {
            Some(port) => self.listens_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            None => self.0.port.store(0, Ordering::Release),
        }
    }

    /// Notes the port of this machine's loopback where calls of this process go, or that they do not.
    pub(super) fn reaches(&self, port: Option<u16>) {
        self.0.holder.store(port.unwrap_or_default(), Ordering::Release);
    }

    fn listens_at(&self, address: SocketAddr) {
        self.listens(None);
        let ip = wide(address.ip()).to_bits();
        let [high, low] = &self.0.ip;
        high.store((ip >> 64) as u64, Ordering::Release);
        low.store(ip as u64, Ordering::Release);
        self.0.port.store(address.port(), Ordering::Release);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.listens(None);
        self.reaches(None);
        self.0.is_open.store(false, Ordering::Release);
    }
}

/// An address as one of IPv6, where those of IPv4 have a place of their own.
fn wide(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// Descriptors that are looked at, from the lowest: a process that may have more has few of them.
#[cfg(unix)]
const MOST_DESCRIPTORS: libc::rlim_t = 1 << 16;
/// Stores and servers whose descriptors are let go of.
#[cfg(unix)]
const MOST_OPENED: usize = 64;

/// What to look for among the descriptors.
#[cfg(unix)]
struct Wanted {
    files: [Option<(libc::dev_t, libc::ino_t)>; 2 * MOST_OPENED],
    listeners: [Option<Listener>; MOST_OPENED],
    /// The ports of the processes that hold what is shared; 0 for none.
    holders: [u16; MOST_OPENED],
}

/// Where calls arrive.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct Listener {
    ip: Ipv6Addr,
    port: u16,
}

#[cfg(unix)]
impl Listener {
    fn of(entry: &Entry) -> Option<Self> {
        let port = entry.port.load(Ordering::Acquire);
        let [high, low] = &entry.ip;
        let ip = u128::from(high.load(Ordering::Acquire)) << 64 | u128::from(low.load(Ordering::Acquire));
        (port != 0).then(|| Listener { ip: Ipv6Addr::from_bits(ip), port })
    }

    /// Whether a socket with this address is the listener, or a connection that it has accepted.
    fn has(&self, ip: Ipv6Addr, port: u16) -> bool {
        let is_any = match self.ip.to_ipv4_mapped() {
            Some(own) => own.is_unspecified() && ip.to_ipv4_mapped().is_some(),
            None => self.ip.is_unspecified(),
        };
        self.port == port && (self.ip == ip || is_any)
    }
}

/// Closes what this child of fork() has of its parent's stores and servers. It allocates nothing, takes no lock, and calls only what may be
/// called in a child of a process with threads.
#[cfg(unix)]
pub(super) fn let_go() {
    let mut wanted =
        Wanted { files: [None; 2 * MOST_OPENED], listeners: [None; MOST_OPENED], holders: [0; MOST_OPENED] };
    let open = || entries().filter(|entry| entry.is_open.load(Ordering::Acquire)).take(MOST_OPENED);
    let files = open().flat_map(|entry| entry.files.iter().flatten()).map(|path| {
        // SAFETY: the path ends with a NUL, and there is room for the answer.
        look(|about| unsafe { libc::stat(path.as_ptr(), about) }).map(|about| (about.st_dev, about.st_ino))
    });
    wanted.files.iter_mut().zip(files).for_each(|(place, file)| *place = file);
    wanted.listeners.iter_mut().zip(open()).for_each(|(place, entry)| *place = Listener::of(entry));
    wanted.holders.iter_mut().zip(open()).for_each(|(place, entry)| *place = entry.holder.load(Ordering::Acquire));
    // None of them is this process's: what it opens by those names and ports from here on is its own.
    for entry in open() {
        entry.port.store(0, Ordering::Release);
        entry.holder.store(0, Ordering::Release);
    }
    let is_none = wanted.files.iter().all(Option::is_none) && wanted.listeners.iter().all(Option::is_none);
    if is_none && wanted.holders.iter().all(|port| *port == 0) {
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
            libc::S_IFSOCK if is_stream(descriptor) => {
                let is_accepted = address(descriptor, libc::getsockname)
                    .is_some_and(|(ip, port)| self.listeners.iter().flatten().any(|listener| listener.has(ip, port)));
                let loopback = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
                let is_call = |(ip, port)| ip == loopback && port != 0 && self.holders.contains(&port);
                is_accepted || address(descriptor, libc::getpeername).is_some_and(is_call)
            }
            _ => false,
        }
    }
}

/// Whether a socket is one of streams: other kinds have ports of their own.
#[cfg(unix)]
fn is_stream(socket: libc::c_int) -> bool {
    let mut kind: libc::c_int = 0;
    let Ok(mut length) = libc::socklen_t::try_from(size_of_val(&kind)) else { return false };
    let place = ptr::from_mut(&mut kind).cast();
    // SAFETY: there is room for the answer.
    let told = unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_TYPE, place, &mut length) };
    told == 0 && kind == libc::SOCK_STREAM
}

/// What tells the address of one side of a socket.
#[cfg(unix)]
type Tell = unsafe extern "C" fn(libc::c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> libc::c_int;

/// The address of one side of a socket.
#[cfg(unix)]
fn address(socket: libc::c_int, tell: Tell) -> Option<(Ipv6Addr, u16)> {
    let mut address = std::mem::MaybeUninit::<libc::sockaddr_in6>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::sockaddr_in6>()).ok()?;
    // SAFETY: there is room for the answer, and zeros are an address; a longer address is cut.
    let (told, wide) = unsafe { (tell(socket, address.as_mut_ptr().cast(), &mut length), address.assume_init()) };
    if told != 0 {
        return None;
    }
    match i32::from(wide.sin6_family) {
        libc::AF_INET6 => Some((Ipv6Addr::from(wide.sin6_addr.s6_addr), u16::from_be(wide.sin6_port))),
        libc::AF_INET => {
            // SAFETY: the family says that it is one, and it is the shorter of the two.
            let narrow = unsafe { address.as_ptr().cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from_bits(u32::from_be(narrow.sin_addr.s_addr));
            Some((ip.to_ipv6_mapped(), u16::from_be(narrow.sin_port)))
        }
        _ => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_listener_has_the_sockets_of_its_own_addresses() {
        let has = |own: &str, socket: &str| {
            let (own, socket): (SocketAddr, SocketAddr) = (own.parse().unwrap(), socket.parse().unwrap());
            Listener { ip: wide(own.ip()), port: own.port() }.has(wide(socket.ip()), socket.port())
        };
        assert!(has("127.0.0.1:80", "127.0.0.1:80") && has("[::1]:80", "[::1]:80"));
        assert!(has("0.0.0.0:80", "10.0.0.1:80") && has("[::]:80", "10.0.0.1:80") && has("[::]:80", "[::1]:80"));
        assert!(!has("127.0.0.1:80", "127.0.0.1:81") && !has("127.0.0.1:80", "10.0.0.1:80"));
        assert!(!has("0.0.0.0:80", "[::1]:80") && !has("0.0.0.0:80", "0.0.0.0:81"));
    }
}
