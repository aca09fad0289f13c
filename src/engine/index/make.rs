//! Making an index: from what is on disk and the changes since, or from all rows.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::indexer::{Shared, is_current};
use super::manifest::{self, Manifest};
use super::publish::{Phase, TypeKey};
use super::{Catalog, LiveRun, RunBuilder, compact, interrupt, stack};
use crate::engine::rows::find;
use crate::engine::storage::keys::{self, Key, RowId, TenantId};
use crate::engine::storage::records::ChangeRecord;
use crate::engine::storage::{Counter, Reads, Snapshot, Table, read_counter};
use crate::model::{TypeModel, stored};
use crate::{Error, ErrorKind, Result};

/// Docs of a run that is made from rows, and bytes that it may take meanwhile: bounds the memory of the making.
const CHUNK: (u32, usize) = (262_144, 320 << 20);

/// How often an index that cannot catch up is begun anew before its writers have to wait for it.
const ATTEMPTS: u32 = 3;

/// Makes the index of a type and publishes it, if the type has enough resources.
pub(super) fn open(shared: &Shared, key: TypeKey) -> Result<()> {
    let mut made = Made { shared, numbers: Vec::new() };
    let is_live = make(&mut made, key)?;
    if is_live {
        made.numbers.clear();
        return Ok(());
    }
    // Whoever waits for the index finds nothing of it left.
    drop(made);
    shared.publisher.drop_phase(key)
}

/// The files that a making wrote. They go with it, unless the index goes live.
struct Made<'a> {
    shared: &'a Shared,
    numbers: Vec<u64>,
}

impl Made<'_> {
    /// Keeps the files of these runs alone.
    fn keep(&mut self, runs: &[LiveRun]) {
        let is_kept = |number: &u64| runs.iter().any(|live| live.number == Some(*number));
        for number in self.numbers.extract_if(.., |number| !is_kept(number)) {
            self.shared.remove(number);
        }
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.numbers.iter().for_each(|number| self.shared.remove(*number));
    }
}

/// The same; false: there is nothing to be made, or nobody to make it for.
fn make(made: &mut Made<'_>, key: TypeKey) -> Result<bool> {
    let shared = made.shared;
    let Some((snapshot, sequence)) = shared.publisher.snapshot() else { return Ok(false) };
    let (tenant, kind) = key;
    let stored = manifest::load(&*snapshot, key)?;
    let is_large = read_counter(&*snapshot, tenant, Counter::Resources(kind))? >= shared.publisher.options().from;
    let Some(model) = shared.model(&snapshot, key)?.filter(|_| is_large || stored.is_some()) else {
        return Ok(false);
    };
    let mut catalog = shared.catalog(&model);
    let from_disk = match &stored {
        Some(manifest) => read(shared, &*snapshot, key, manifest, &catalog)?,
        None => None,
    };
    let (mut runs, mut applied) = match from_disk {
        Some(found) => found,
        None => {
            shared.publisher.set_phase(key, Phase::Building);
            (all_rows(made, &snapshot, key, &model, &catalog, sequence)?, sequence)
        }
    };
    drop(snapshot);
    // The rest may be a lot, since writers went on: the last part, which they are held to, has to be small.
    let small = (shared.publisher.options().max_recent / 2) as u64;
    let mut attempts = 0;
    let mut is_last = false;
    while !is_last {
        let Some((mut snapshot, mut sequence)) = shared.publisher.snapshot() else { return Ok(false) };
        let Some(mut model) = shared.model(&snapshot, key)? else { return Ok(false) };
        let fits = |snapshot: &Snapshot, catalog: &Catalog, runs: &[LiveRun]| {
            Ok::<bool, crate::Error>(told_from(snapshot, key)? <= applied + 1 && is_current(runs, catalog))
        };
        catalog = shared.catalog(&model);
        let mut is_told = fits(&snapshot, &catalog, &runs)?;
        is_last = if is_told { sequence.saturating_sub(applied) <= small } else { attempts >= ATTEMPTS };
        if is_last {
            let Some(now) = shared.publisher.gather(key) else { return Ok(false) };
            (snapshot, sequence) = now;
            let Some(now) = shared.model(&snapshot, key)? else { return Ok(false) };
            model = now;
            catalog = shared.catalog(&model);
            is_told = fits(&snapshot, &catalog, &runs)?;
        }
        if is_told {
            runs = catch_up(made, &snapshot, key, &model, &catalog, runs, applied, sequence)?;
        } else {
            // The schemas changed meanwhile, or the change log was trimmed.
            attempts += 1;
            drop(std::mem::take(&mut runs));
            made.keep(&[]);
            shared.publisher.set_phase(key, Phase::Building);
            runs = all_rows(made, &snapshot, key, &model, &catalog, sequence)?;
        }
        applied = sequence;
    }
    let manifest = compact::manifest_of(&runs);
    let old = stored.unwrap_or_default();
    if manifest != old && !(manifest.runs.is_empty() && old.runs.is_empty()) {
        match manifest::save(&shared.writer, key, &old, &manifest) {
            Ok(true) => {}
            Ok(false) => return is_unchanged(shared, key, &old).map(|()| false),
            Err(error) => {
                shared.doubt(made.numbers.drain(..));
                return Err(error);
            }
        }
        // Named now, they stay whatever becomes of this index.
        made.numbers.retain(|number| !manifest.runs.contains(number));
        let gone = old.runs.into_iter().filter(|number| !manifest.runs.contains(number));
        gone.for_each(|number| shared.remove(number));
    }
    Ok(shared.publisher.go_live(key, catalog, runs, applied))
}

/// Refuses to go on with an index whose manifest somebody else stored meanwhile.
fn is_unchanged(shared: &Shared, key: TypeKey, old: &Manifest) -> Result<()> {
    let Some((snapshot, _)) = shared.publisher.snapshot() else { return Ok(()) };
    let now = manifest::load(&*snapshot, key)?.unwrap_or_default();
    if now.runs == old.runs { Ok(()) } else { Err(Error::new(ErrorKind::Internal, "the index was stored by another")) }
}

/// The runs that are on disk, and what they hold; none if one is damaged or of another version, or if the change log
/// does not tell what happened since, or tells so much that the rows are read faster.
fn read(
    shared: &Shared,
    reads: &dyn Reads,
    (tenant, kind): TypeKey,
    manifest: &Manifest,
    catalog: &Catalog,
) -> Result<Option<(Vec<LiveRun>, u64)>> {
    if manifest.runs.is_empty() || told_from(reads, (tenant, kind))? > manifest.applied + 1 {
        return Ok(None);
    }
    let resources = read_counter(reads, tenant, Counter::Resources(kind))?;
    if is_longer(reads, tenant, manifest.applied, 2 * resources + u64::from(shared.publisher.options().durable_from))? {
        return Ok(None);
    }
    let mut runs = Vec::new();
    for number in &manifest.runs {
        let Ok(run) = shared.shelf.open(*number) else { return Ok(None) };
        if run.kind() != kind {
            return Ok(None);
        }
        runs = stack(&runs, LiveRun::new(run, Some(*number), manifest.applied));
    }
    Ok(is_current(&runs, catalog).then_some((runs, manifest.applied)))
}

/// The sequence from which on the change log tells the id of every change of a type: what came before was trimmed, or may
/// be forgotten.
fn told_from(reads: &dyn Reads, (tenant, kind): TypeKey) -> Result<u64> {
    let forgotten = read_counter(reads, tenant, Counter::ForgottenThrough(kind))?;
    Ok(read_counter(reads, tenant, Counter::ChangesFrom)?.max(forgotten + 1))
}

/// Whether the change log of a tenant has more than so many changes after a sequence.
fn is_longer(reads: &dyn Reads, tenant: TenantId, after: u64, most: u64) -> Result<bool> {
    let mut count = 0;
    let from = Key::of(tenant).u64(after + 1).done();
    let to = keys::after_prefix(&Key::of(tenant).done());
    reads.scan(Table::Changes, &from, to.as_deref(), &mut |_, _| {
        count += 1;
        Ok(if count > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(count > most)
}

/// Runs under construction.
struct Maker<'a, 'b> {
    files: &'a mut Made<'b>,
    kind: u16,
    catalog: &'a Arc<Catalog>,
    builder: RunBuilder,
    runs: Vec<LiveRun>,
    /// What the runs hold, but for the last one, which holds `sequence`.
    before: u64,
    sequence: u64,
}

impl<'a, 'b> Maker<'a, 'b> {
    fn new(files: &'a mut Made<'b>, kind: u16, catalog: &'a Arc<Catalog>, before: u64, sequence: u64) -> Self {
        Maker { files, kind, catalog, builder: RunBuilder::new(catalog, kind), runs: Vec::new(), before, sequence }
    }

    fn add(&mut self, row: u64, bytes: &[u8], model: &TypeModel) -> Result<()> {
        self.builder.add(row, &stored::view(bytes, model)?)?;
        if self.builder.docs() >= CHUNK.0 || self.builder.memory() >= CHUNK.1 {
            self.cut(self.before)?;
        }
        Ok(())
    }

    fn cut(&mut self, through: u64) -> Result<()> {
        let full = std::mem::replace(&mut self.builder, RunBuilder::new(self.catalog, self.kind));
        let shared = self.files.shared;
        // The store must not wait for this when it is closed; and nobody may take a part for the whole.
        interrupt::check()?;
        // What is on disk must end where the rest begins: a last part in memory would leave nothing known of it.
        let follows = self.runs.iter().any(|run| run.number.is_some());
        let on_disk = follows || full.docs() >= shared.publisher.options().durable_from;
        let words = full.finish()?;
        interrupt::check()?;
        let run = shared.keep(words, on_disk, through)?;
        self.files.numbers.extend(run.number);
        self.runs.push(run);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<LiveRun>> {
        if self.builder.docs() > 0 || self.builder.has_tombstones() {
            self.cut(self.sequence)?;
        } else if let Some(last) = self.runs.last_mut() {
            last.through = self.sequence;
        }
        Ok(self.runs)
    }
}

/// Makes runs of all rows of a type.
fn all_rows(
    made: &mut Made<'_>,
    snapshot: &Snapshot,
    key: TypeKey,
    model: &TypeModel,
    catalog: &Arc<Catalog>,
    sequence: u64,
) -> Result<Vec<LiveRun>> {
    let mut maker = Maker::new(made, key.1, catalog, 0, sequence);
    snapshot.scan_prefix(Table::Resources, &Key::of(key.0).u16(key.1).done(), &mut |at, bytes| {
        if let Some(at) = keys::resource_row(at) {
            maker.add(at.row, bytes, model)?;
        }
        // A long making must not hold up the closing of the store.
        Ok(if interrupt::is_due() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    interrupt::check()?;
    // Rows of one making are in no two of its runs: nothing is dead.
    maker.finish()
}

/// Puts the changes behind one sequence, up to that of a snapshot, on top of runs.
#[expect(clippy::too_many_arguments, reason = "one state before, one after")]
fn catch_up(
    made: &mut Made<'_>,
    snapshot: &Snapshot,
    key: TypeKey,
    model: &TypeModel,
    catalog: &Arc<Catalog>,
    runs: Vec<LiveRun>,
    applied: u64,
    sequence: u64,
) -> Result<Vec<LiveRun>> {
    let (rows, gone) = changed_rows(snapshot, key, &runs, applied)?;
    let mut maker = Maker::new(made, key.1, catalog, applied, sequence);
    gone.into_iter().for_each(|row| maker.builder.tombstone(row));
    for row in rows {
        let at = RowId { row, kind: key.1 };
        if let Some(bytes) = snapshot.get(Table::Resources, &keys::resource(key.0, at))? {
            maker.add(row, &bytes, model)?;
        }
    }
    Ok(maker.finish()?.into_iter().fold(runs, |runs, newer| stack(&runs, newer)))
}

/// The rows of a type that were stored, and those that went away, since a sequence.
fn changed_rows(
    snapshot: &Snapshot,
    (tenant, kind): TypeKey,
    runs: &[LiveRun],
    applied: u64,
) -> Result<(BTreeSet<u64>, BTreeSet<u64>)> {
    let mut ids = HashSet::new();
    let from = Key::of(tenant).u64(applied + 1).done();
    let to = keys::after_prefix(&Key::of(tenant).done());
    snapshot.scan(Table::Changes, &from, to.as_deref(), &mut |_, bytes| {
        let record = ChangeRecord::decode(bytes)?;
        if record.kind == kind {
            ids.insert(record.id);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let (mut rows, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for id in ids {
        let now = find(snapshot, tenant, &id)?.filter(|at| at.kind == kind).map(|at| at.row);
        rows.extend(now);
        for live in runs {
            let old = live.run.doc_of_id(&id).and_then(|doc| live.run.rows().get(doc as usize).copied());
            gone.extend(old.filter(|old| Some(*old) != now));
        }
    }
    Ok((rows, gone))
}
