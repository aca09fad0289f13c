//! A store: opening, closing, and its tenants.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::config::Config;
use super::consult::Host;
use super::cursor::CursorKey;
use super::documents::{Builtin, load_config};
use super::index::{Indexer, Publisher, Schemas, Shelf, View, manifest};
use super::jobs::{Jobs, Means, interrupted};
use super::listeners::Listeners;
use super::mounts::Mounts;
use super::password::Hasher;
use super::repositories::Repositories;
use super::storage::keys::{Key, TenantId};
use super::storage::records::TenantRecord;
use super::storage::{
    ChangedRow, Counter, Interrupts, Location, MediumFactory, MemoryMedium, Observer, Reads, Snapshot, Table, Writer,
    check_may_wait, read_counter,
};
use super::tenants::find_tenant;
use super::{Env, Hooks, IndexDisk, IndexMedium, IndexMemory, StoreOptions, Tenant, TenantOptions, seal};
use crate::{Error, ErrorKind, Result};

/// The tenant that a new store has.
pub const DEFAULT_TENANT: &str = "default";

/// A store: one directory, many tenants. Cheap to clone; every clone is the same store.
///
/// ```
/// use scimdb::{Store, StoreOptions};
/// let store = Store::open_in_memory(StoreOptions::default())?;
/// assert_eq!(store.tenants()?, ["default"]);
/// # Ok::<(), scimdb::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) writer: Arc<Writer>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) indexer: Indexer,
    pub(super) env: Env,
    pub(super) options: StoreOptions,
    pub(super) location: Location,
    pub(super) builtin: Arc<Builtin>,
    pub(super) hasher: Arc<Hasher>,
    pub(super) cursors: CursorKey,
    host: Arc<RwLock<Host>>,
    pub(super) jobs: Jobs,
    /// What searches of repositories ask.
    pub(super) repositories: RwLock<Option<Arc<dyn Repositories>>>,
    pub(super) interrupts: Interrupts,
    pub(super) listeners: Arc<Listeners>,
    /// Held by whoever carries out what is to be forgotten: one rewriting of the file does for many.
    pub(super) forgetting: Mutex<()>,
    tenants: Arc<Tenants>,
    pub(super) mounts: Arc<Mounts>,
    /// How often one was added to them.
    news: AtomicUsize,
}

/// The tenants that were asked for since the store was opened, by name.
type Tenants = RwLock<HashMap<String, Arc<TenantState>>>;

/// What every handle of a tenant shares.
pub(super) struct TenantState {
    pub(super) id: TenantId,
    pub(super) name: String,
    config: RwLock<Option<Arc<Config>>>,
    /// Whether it was asked for since it was last looked at whether anybody needs it.
    asked: AtomicBool,
    /// The next number that is an id, where ids are numbers: numbers of writes that are on their way are taken.
    number: AtomicU64,
}

/// Tenants with schemas of their own that are kept though nobody holds them: their compiled schemas take a quarter of a
/// megabyte each.
const KEPT: usize = 256;
/// After so many new ones it is looked at how many there are.
const LOOK_EVERY: usize = 64;

/// Forgets tenants with schemas of their own that nobody holds, if they are many: at first those that were not asked for
/// since the last time. They are read again when they are asked for.
fn forget_unused(tenants: &mut HashMap<String, Arc<TenantState>>, builtin: &Builtin) {
    let is_unused = |state: &Arc<TenantState>| {
        // Nobody can come by one while the map is locked.
        Arc::strong_count(state) == 1 && state.config().is_ok_and(|config| !builtin.is_shared(&config.registry))
    };
    for _ in 0..2 {
        if tenants.values().filter(|state| is_unused(state)).count() <= KEPT {
            return;
        }
        tenants.retain(|_, state| !is_unused(state) || state.asked.swap(false, Ordering::Relaxed));
    }
}

impl TenantState {
    /// A number that no other resource of the tenant gets as its id; `from` is the least that it may be.
    pub(super) fn take_number(&self, from: u64) -> u64 {
        self.number.fetch_max(from, Ordering::Relaxed);
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// The configuration as of now.
    pub(super) fn config(&self) -> Result<Arc<Config>> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        config.ok_or_else(|| unknown_tenant(&self.name))
    }

    /// Replaces the configuration; none when the tenant was dropped.
    pub(super) fn set_config(&self, config: Option<Arc<Config>>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Reads the configuration again, after a change of it failed in a way that leaves open whether it was made.
    fn reload(&self, snapshot: &Snapshot, builtin: &Builtin, keep_changes: Option<u64>) -> Result<()> {
        let found = snapshot.get(Table::Tenants, &Key::of(self.id).done())?;
        let record = found.map(|bytes| TenantRecord::decode(&bytes)).transpose()?.filter(|record| !record.dropped);
        let load = |record: TenantRecord| load_config(snapshot, self.id, &record.profile, builtin, keep_changes);
        self.set_config(record.map(load).transpose()?);
        Ok(())
    }
}

pub(super) fn unknown_tenant(name: &str) -> Error {
    Error::new(ErrorKind::UnknownTenant, format!("there is no tenant \"{name}\""))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a directory, and makes it where there is none.
    ///
    /// # Errors
    /// `Locked` when another process holds it, `UnknownFormat`, `Io`, `DiskFull`, `Corrupt`; `NotFound` when there is
    /// none and [`StoreOptions::create`] is false; `InvalidArgument` for a path that names none.
    pub fn open(directory: impl AsRef<Path>, options: StoreOptions) -> Result<Self> {
        let path = directory.as_ref().to_owned();
        let index = Arc::new(IndexDisk::new(&path));
        let location = Location::Directory { path, create: options.create, holder: options.holder.clone() };
        Self::open_at(location, index, options)
    }

    /// Opens a store that lives in memory and is gone when the last handle is.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_in_memory(options: StoreOptions) -> Result<Self> {
        let medium = MemoryMedium::default();
        Self::open_on(Arc::new(move || Ok(Box::new(medium.clone()))), options)
    }

    /// Opens a store on a medium of the caller's own: encrypted, remote, or made to fail.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(medium: MediumFactory, options: StoreOptions) -> Result<Self> {
        Self::open_on_with_index(medium, Arc::new(IndexMemory::default()), options)
    }

    /// The same with a medium for the files of the index, which are derived from the rest and may be lost.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on_with_index(
        medium: MediumFactory,
        index: Arc<dyn IndexMedium>,
        options: StoreOptions,
    ) -> Result<Self> {
        Self::open_at(Location::Medium(medium), index, options)
    }

    fn open_at(location: Location, index: Arc<dyn IndexMedium>, options: StoreOptions) -> Result<Self> {
        let shelf = Shelf::new(index);
        let builtin = Arc::new(Builtin::new()?);
        let env = options.env.clone();
        let tenants: Arc<Tenants> = Arc::default();
        let mounts: Arc<Mounts> = Arc::default();
        let publisher = Arc::new(Publisher::new(options.index.clone()));
        let observer = Arc::new(Reopening {
            publisher: Arc::clone(&publisher),
            tenants: Arc::clone(&tenants),
            mounts: Arc::clone(&mounts),
            builtin: Arc::clone(&builtin),
            keep_changes: options.keep_changes,
        });
        let writer = Arc::new(Writer::start(location.clone(), options.cache_bytes, env.clone(), observer)?);
        if let Some(source) = &options.value_keys {
            builtin.set_value_keys(Arc::new(seal::open_keys(&writer, source)?));
        }
        let schemas = registry_reader(Arc::clone(&builtin));
        let indexer = Indexer::start(Arc::clone(&publisher), Arc::clone(&writer), shelf, schemas)?;
        let hasher = Arc::new(Hasher::new(options.hash_memory_bytes));
        let host: Arc<RwLock<Host>> = Arc::default();
        let means = Means {
            writer: Arc::clone(&writer),
            hasher: Arc::clone(&hasher),
            host: Arc::clone(&host),
            env: env.clone(),
        };
        let cursors = CursorKey::default();
        let inner = Inner {
            writer,
            publisher,
            indexer,
            env,
            options,
            location,
            builtin,
            hasher,
            cursors,
            host,
            jobs: Jobs::new(means),
            repositories: RwLock::default(),
            interrupts: Interrupts::default(),
            listeners: Arc::default(),
            forgetting: Mutex::default(),
            tenants,
            mounts,
            news: AtomicUsize::new(0),
        };
        let store = Store { inner: Arc::new(inner) };
        store.prepare()?;
        Ok(store)
    }

    /// Makes the default tenant of a new store, and goes on with drops and erasures that a crash interrupted.
    fn prepare(&self) -> Result<()> {
        let mut dropped = Vec::new();
        let mut any = false;
        self.each_tenant(&mut |id, record| {
            any = true;
            if record.dropped {
                dropped.push(id);
            }
        })?;
        if !any {
            self.create_tenant(DEFAULT_TENANT, TenantOptions::default())?;
        }
        dropped.into_iter().try_for_each(|id| self.purge_tenant(id))?;
        // What cannot be finished now, for want of room say, must not keep everybody out: the next opening tries again,
        // the next erasure does, and a check tells of it.
        let _ = self.finish_forgetting(None);
        self.resume_imports()
    }

    /// Goes on with the imports that a crash or a close interrupted.
    fn resume_imports(&self) -> Result<()> {
        for interrupted in interrupted(&*self.inner.writer.snapshot()?)? {
            let mut name = None;
            self.each_tenant(&mut |id, record| {
                if id == interrupted.tenant && !record.dropped {
                    name = Some(record.name.clone());
                }
            })?;
            let tenant = name.map(|name| self.tenant(&name)).transpose()?;
            self.inner.jobs.resume(tenant.as_ref().map(|tenant| &tenant.state), interrupted);
        }
        Ok(())
    }

    pub(super) fn each_tenant(&self, visit: &mut dyn FnMut(TenantId, &TenantRecord)) -> Result<()> {
        let snapshot = self.inner.writer.snapshot()?;
        snapshot.scan(Table::Tenants, &[], None, &mut |key, value| {
            let record = TenantRecord::decode(value)?;
            if let Some(id) = key.first_chunk() {
                visit(TenantId::from_be_bytes(*id), &record);
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// The tenant of a name. A new store has one, `default`.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn tenant(&self, name: &str) -> Result<Tenant> {
        let known = self.inner.tenants.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(state) = known.filter(|state| state.config().is_ok()) {
            state.asked.store(true, Ordering::Relaxed);
            return Ok(Tenant::new(self.clone(), state));
        }
        let snapshot = self.inner.writer.snapshot()?;
        let (id, record) = find_tenant(&*snapshot, name)?.ok_or_else(|| unknown_tenant(name))?;
        let keep_changes = self.inner.options.keep_changes;
        let config = load_config(&*snapshot, id, &record.profile, &self.inner.builtin, keep_changes)?;
        let state = {
            let mut tenants = self.inner.tenants.write().unwrap_or_else(PoisonError::into_inner);
            let known = tenants.get(name).filter(|state| state.id >= id && state.config().is_ok()).cloned();
            known.unwrap_or_else(|| {
                let config = RwLock::new(Some(config));
                let state = Arc::new(TenantState {
                    id,
                    name: name.to_owned(),
                    config,
                    asked: AtomicBool::new(true),
                    number: AtomicU64::new(0),
                });
                tenants.insert(name.to_owned(), Arc::clone(&state));
                if self.inner.news.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
                    forget_unused(&mut tenants, &self.inner.builtin);
                }
                state
            })
        };
        // Somebody may have dropped it since it was read: a handle must not write to what is being removed.
        let snapshot = self.inner.writer.snapshot()?;
        if find_tenant(&*snapshot, name)?.is_none_or(|(id, _)| id != state.id) {
            state.set_config(None);
            self.forget(&state);
            return Err(unknown_tenant(name));
        }
        Ok(Tenant::new(self.clone(), state))
    }

    /// Takes a tenant that was dropped out of those that are known.
    pub(super) fn forget(&self, state: &Arc<TenantState>) {
        let mut tenants = self.inner.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if tenants.get(&state.name).is_some_and(|known| Arc::ptr_eq(known, state)) {
            tenants.remove(&state.name);
        }
    }

    /// Gives the store the hooks of its host, or takes them away: they are asked about every write of a resource that
    /// begins from here on, in every tenant, and told of it afterwards. Those of before are dropped when the last write
    /// that began with them is done.
    ///
    /// They run on the thread that made the call, whichever verb it was: create, replace, modify, delete, each operation
    /// of a bulk request, each row of an import. While it is asked about a write every other writer waits, so a slow hook
    /// is a slow store; and it must not wait for another thread that writes. Concurrent writes share a commit: what a hook
    /// reads is the store as of the last commit, without writes of others that were accepted since.
    ///
    /// A hook is shown resources whole: a write of a group with many members costs as much as reading it twice.
    ///
    /// Not asked: about a PATCH or a replacement that changes nothing, about groups that lose a member because it is
    /// deleted, about a tenant that is dropped, and about changes of schemas.
    pub fn set_hooks(&self, hooks: Option<Arc<dyn Hooks>>) {
        let before = {
            let mut host = self.inner.host.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *host, hooks)
        };
        // Dropping them may run code of the host, outside the lock.
        drop(before);
    }

    /// Waits for what is being written, and closes the store; every later call on any handle fails.
    ///
    /// # Errors
    /// `Misuse` inside a before-write hook, whose write it would wait for. A later version may tell of a failure to write
    /// what was not acknowledged.
    pub fn close(&self) -> Result<()> {
        check_may_wait()?;
        self.inner.close();
        Ok(())
    }
}

/// How long a search waits in all for indexes that are being read from disk: it would look at every resource instead.
pub(super) const OPENING: Duration = Duration::from_secs(2);

impl Inner {
    /// The hooks of the host, as of now.
    pub(super) fn host(&self) -> Host {
        self.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state after the last acknowledged change, with its indexes.
    pub(super) fn view(&self) -> Result<Arc<View>> {
        let view = || self.publisher.view().filter(|view| !view.snapshot.is_failed());
        if let Some(view) = view() {
            return Ok(view);
        }
        // Begins the recovery from an I/O error where nobody did, and waits for it.
        let snapshot = self.writer.snapshot()?;
        Ok(view().unwrap_or_else(|| Arc::new(View::bare(snapshot))))
    }

    /// Asks for the index of a type that has none yet and enough resources; where it is on disk, waits for it until a
    /// deadline. True if the view is to be taken again.
    pub(super) fn want_index(&self, view: &View, tenant: TenantId, kind: u16, deadline: Instant) -> Result<bool> {
        let options = self.publisher.options();
        if let Some(index) = view.index(tenant, kind) {
            self.publisher.used(index);
            return Ok(false);
        }
        if !options.enabled {
            return Ok(false);
        }
        let reads = &*view.snapshot;
        if read_counter(reads, tenant, Counter::Resources(kind))? < options.from {
            return Ok(false);
        }
        let on_disk = manifest::load(reads, (tenant, kind))?.is_some();
        Ok(self.publisher.request((tenant, kind), on_disk.then_some(deadline)) && on_disk)
    }

    /// Ends the thread that carries out imports.
    pub(super) fn end_imports(&self) {
        self.jobs.close(self.may_wait());
    }

    /// The writer's own thread cannot wait for those that wait for it: they end by themselves.
    fn may_wait(&self) -> bool {
        !self.writer.is_own_thread()
    }

    /// Ends the threads. The indexer goes before the writer, which it may wait for.
    fn close(&self) {
        self.end_imports();
        self.indexer.close(self.may_wait());
        self.writer.close();
        self.interrupts.close();
        self.listeners.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Passes on to the indexes what the writer tells, and reads the configurations again where they may have changed.
struct Reopening {
    publisher: Arc<Publisher>,
    tenants: Arc<Tenants>,
    mounts: Arc<Mounts>,
    builtin: Arc<Builtin>,
    keep_changes: Option<u64>,
}

impl Observer for Reopening {
    fn wants(&self, tenant: TenantId, kind: u16) -> bool {
        self.publisher.wants(tenant, kind)
    }

    fn committed(&self, snapshot: &Arc<Snapshot>, sequence: u64, rows: Vec<ChangedRow>) {
        self.publisher.committed(snapshot, sequence, rows);
    }

    fn opened(&self, snapshot: &Arc<Snapshot>, sequence: u64) -> Result<()> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().try_for_each(|state| state.reload(snapshot, &self.builtin, self.keep_changes))?;
        self.mounts.load(&**snapshot)?;
        self.publisher.opened(snapshot, sequence)
    }

    fn withdrawn(&self) {
        self.publisher.withdrawn();
    }

    fn returned(&self, snapshot: &Arc<Snapshot>) {
        self.publisher.returned(snapshot);
    }

    fn admit(&self) {
        self.publisher.admit();
    }
}

/// How the indexer gets at the schemas of a tenant.
fn registry_reader(builtin: Arc<Builtin>) -> Schemas {
    Box::new(move |snapshot, tenant| {
        let found = snapshot.get(Table::Tenants, &Key::of(tenant).done())?;
        let record = found.map(|bytes| TenantRecord::decode(&bytes)).transpose()?.filter(|record| !record.dropped);
        let load = |record: TenantRecord| load_config(snapshot, tenant, &record.profile, &builtin, None);
        Ok(record.map(load).transpose()?.map(|config| Arc::clone(&config.registry)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_that_nobody_holds_are_forgotten_when_they_are_many() {
        let (shared, own) = (Builtin::new().unwrap(), Builtin::new().unwrap());
        let state = |builtin: &Builtin, number: usize| {
            let (registry, profile) = (builtin.registry(), Arc::default());
            let config = RwLock::new(Some(Arc::new(Config::new(profile, registry, None, None).unwrap())));
            Arc::new(TenantState {
                id: 1,
                name: number.to_string(),
                config,
                asked: AtomicBool::new(number == 1),
                number: AtomicU64::new(0),
            })
        };
        let mut tenants: HashMap<String, Arc<TenantState>> =
            (0..KEPT * 2).map(|number| (number.to_string(), state(&shared, number))).collect();
        let own: Vec<_> = (0..KEPT).map(|number| (format!("own {number}"), state(&own, number))).collect();
        tenants.extend(own.iter().map(|(name, state)| (name.clone(), Arc::clone(state))));
        forget_unused(&mut tenants, &shared);
        assert_eq!(tenants.len(), KEPT * 3, "somebody holds them, or they cost nothing");
        let held = own.into_iter().next().unwrap();
        forget_unused(&mut tenants, &shared);
        assert_eq!(tenants.len(), KEPT * 3, "they are few");
        let more = Builtin::new().unwrap();
        tenants.extend((0..9).map(|number| (format!("more {number}"), state(&more, number))));
        forget_unused(&mut tenants, &shared);
        // Those that were asked for once may stay for one more round.
        let kept = tenants.keys().filter(|name| name.contains(' ')).count();
        assert!(tenants.contains_key(&held.0) && tenants.contains_key("own 1") && kept == 3, "{kept}");
    }
}
