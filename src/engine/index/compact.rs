//! Merging runs: so that there are few of them, and few dead docs in them.

use std::ops::Range;
use std::sync::Arc;

use super::indexer::Shared;
use super::manifest::{self, Manifest};
use super::publish::TypeKey;
use super::{Bits, LiveRun, Run, TypeView, hold, merge};
use crate::Result;
use crate::engine::options::IndexOptions;

/// Docs of a run that is not merged into a larger one: bounds the memory and the time of a merge.
const MAX_DOCS: u64 = 4_000_000;
/// Bytes of the runs of a merge: places in the values of a column are told by 32 bits.
const MAX_BYTES: u64 = 2 << 30;
/// Dead docs of a run from which on their share is looked at.
const MIN_DEAD: u32 = 64;

/// How many times as many changes as a run on disk has docs may be in memory only.
const MAX_BEHIND: u64 = 4;

/// How many times as many docs gather in memory while writers are busy.
const PATIENCE: u64 = 8;

/// Whether the disk is so far behind that what is in memory goes there although it is little: rows that are written
/// again and again make no more docs, but many changes, and the change log keeps all that the disk lacks.
fn is_behind(view: &TypeView, enough: u64) -> bool {
    let on_disk = manifest_of(&view.runs);
    let most = MAX_BEHIND * enough;
    !on_disk.runs.is_empty() && view.applied.saturating_sub(on_disk.applied) > most
}

/// The first of the runs that are in memory only.
fn in_memory(view: &TypeView) -> usize {
    view.runs.iter().position(|live| live.number.is_none()).unwrap_or(view.runs.len())
}

/// Whether what is in memory has to go to the disk.
fn belongs_on_disk(view: &TypeView, enough: u64) -> bool {
    let runs = view.runs.get(in_memory(view)..).unwrap_or_default();
    let alive: u64 = runs.iter().map(|live| u64::from(live.alive())).sum();
    alive >= enough || is_behind(view, enough)
}

fn bytes(runs: &[LiveRun]) -> u64 {
    runs.iter().map(|live| live.run.bytes()).sum()
}

/// Which runs of an index to merge next; none: it is as it should be. An empty range after the last run: what is on disk
/// is everything, and has to be said so.
///
/// While writers are busy, what is in memory may grow: parts that are written once and are large need no merging.
pub(super) fn choose(view: &TypeView, options: &IndexOptions, busy: bool) -> Option<Range<usize>> {
    let enough = u64::from(options.durable_from.max(1)) * if busy { PATIENCE } else { 1 };
    choose_within(view, options, enough, MAX_BYTES)
}

/// The same where the disk has to hold everything.
pub(super) fn choose_for_disk(view: &TypeView, options: &IndexOptions) -> Option<Range<usize>> {
    choose_within(view, options, 0, MAX_BYTES)
}

fn choose_within(view: &TypeView, options: &IndexOptions, enough: u64, most: u64) -> Option<Range<usize>> {
    let runs = &view.runs;
    let alive: Vec<u64> = runs.iter().map(|live| u64::from(live.alive())).collect();
    let fits = |window: &Range<usize>| bytes(runs.get(window.clone()).unwrap_or_default()) <= most;
    if belongs_on_disk(view, enough) {
        let mut from = in_memory(view);
        let mut to = runs.len();
        while to > from + 1 && !fits(&(from..to)) {
            to -= 1;
        }
        let mut sum: u64 = alive.get(from..to).unwrap_or_default().iter().sum();
        // Older ones that are small beside it come along. More would be written again and again.
        while let Some(older) = from.checked_sub(1).and_then(|index| alive.get(index))
            && *older <= sum / 2
            && sum + older <= MAX_DOCS
            && fits(&(from - 1..to))
        {
            sum += older;
            from -= 1;
        }
        return Some(from..to);
    }
    if runs.len() > options.merge_above.max(1) {
        // Several at a time, so that each doc is written again less often.
        let cheapest = |width: usize| {
            let windows = alive.windows(width).enumerate();
            let windows = windows.map(|(index, window)| (index..index + width, window.iter().sum::<u64>()));
            windows.filter(|(window, _)| fits(window)).min_by_key(|(_, sum)| *sum).map(|(window, _)| window)
        };
        let found = cheapest((options.merge_above / 2).clamp(2, runs.len())).or_else(|| cheapest(2));
        if found.is_some() {
            return found;
        }
    }
    let is_worn = |live: &LiveRun| live.dead.count >= MIN_DEAD && live.dead.count > live.run.docs() / 4;
    runs.iter().position(is_worn).map(|index| index..index + 1)
}

/// Which runs to merge while nobody writes, so that searches look at fewer: the last ones, as far back as none is much
/// larger than all that came after it.
pub(super) fn choose_at_leisure(view: &TypeView) -> Option<Range<usize>> {
    let mut from = view.runs.len();
    let mut sum = 0;
    for (index, live) in view.runs.iter().enumerate().rev() {
        let alive = u64::from(live.alive());
        sum += alive;
        if sum > MAX_DOCS || bytes(view.runs.get(index..).unwrap_or_default()) > MAX_BYTES {
            break;
        }
        if alive < 2 * (sum - alive) {
            from = index;
        }
    }
    (from + 1 < view.runs.len()).then_some(from..view.runs.len())
}

/// Merges some runs of an index into one; none if nothing is left of them.
fn merged(
    shared: &Shared,
    key: TypeKey,
    view: &TypeView,
    window: &Range<usize>,
    through: u64,
) -> Result<Option<LiveRun>> {
    let runs = view.runs.get(window.clone()).unwrap_or_default();
    if runs.is_empty() {
        return Ok(None);
    }
    let sources: Vec<(&Run, &Bits)> = runs.iter().map(|live| (&*live.run, &live.dead.bits)).collect();
    let older = view.runs.get(..window.start).unwrap_or_default();
    let words = merge::merge(&sources, &view.catalog, |row| hold(older, row))?;
    let enough = u64::from(shared.publisher.options().durable_from.max(1));
    let is_wanted = belongs_on_disk(view, enough) || shared.publisher.is_purging(key);
    let on_disk = is_wanted || runs.iter().any(|live| live.number.is_some());
    let made = shared.keep(words, on_disk, through)?;
    if made.is_empty()
        && let Some(number) = made.number
    {
        shared.remove(number);
    }
    Ok((!made.is_empty()).then_some(made))
}

/// What the disk holds of a list of runs: those before the first that is in memory only.
pub(super) fn manifest_of(runs: &[LiveRun]) -> Manifest {
    let on_disk = runs.iter().map_while(|live| Some((live.number?, live.through)));
    let mut manifest = Manifest::default();
    for (number, through) in on_disk {
        manifest.applied = manifest.applied.max(through);
        manifest.runs.push(number);
    }
    manifest
}

/// Whether some runs cannot be merged, however often that is tried: they do not fit the schemas, or each other.
pub(super) fn is_hopeless(view: &TypeView, window: Range<usize>) -> bool {
    let runs = view.runs.get(window).unwrap_or_default();
    let sources: Vec<(&Run, &Bits)> = runs.iter().map(|live| (&*live.run, &live.dead.bits)).collect();
    !merge::fit(&sources, &view.catalog)
}

/// Merges the claimed runs of an index, and puts the result in their place.
pub(super) fn compact(shared: &Shared, key: TypeKey, view: &TypeView, window: Range<usize>) -> Result<()> {
    let Some(sources) = view.runs.get(window.clone()) else { return Ok(()) };
    let through = match sources.last() {
        Some(last) if window.end < view.runs.len() => last.through,
        _ => view.applied,
    };
    let made = merged(shared, key, view, &window, through)?;
    let put = |now: &TypeView| {
        // Those before them are not merged by anybody else.
        let start = find(&now.runs, view.runs.get(..window.end)?)? + window.start;
        let replaced = now.runs.get(start..start + sources.len())?;
        // What died since the merge began.
        let died = replaced.iter().zip(sources).flat_map(|(now, then)| {
            let mut bits = now.dead.bits.clone();
            bits.and_not(then.dead.bits.words());
            bits.iter().filter_map(|doc| then.run.rows().get(doc as usize).copied()).collect::<Vec<u64>>()
        });
        let made = made.as_ref().map(|made| made.without(died));
        let mut runs = now.runs.get(..start)?.to_vec();
        if made.is_none()
            && let Some(last) = runs.last_mut()
        {
            last.through = last.through.max(through);
        }
        runs.extend(made);
        runs.extend_from_slice(now.runs.get(start + sources.len()..)?);
        Some(runs)
    };
    let old: Vec<u64> = sources.iter().filter_map(|live| live.number).collect();
    let edited = shared.publisher.live(key).and_then(|now| Some((manifest_of(&now.runs), put(&now)?)));
    let Some((before, runs)) = edited else { return discard(shared, made.as_ref()) };
    let after = manifest_of(&runs);
    // The files are named before they are used, and others removed only after they are not named any more.
    if after != before {
        match manifest::save(&shared.writer, key, &before, &after) {
            Ok(true) => {}
            Ok(false) => {
                // What the disk tells is not what is in use: it is read again.
                if shared.publisher.live(key).is_some_and(|now| now.is_kin_of(view)) {
                    shared.publisher.retire(key);
                }
                return discard(shared, made.as_ref());
            }
            Err(error) => {
                shared.doubt(made.and_then(|made| made.number));
                return Err(error);
            }
        }
    }
    let done = shared.publisher.edit(key, |now| {
        put(now).map(|runs| TypeView::new(Arc::clone(&now.catalog), runs, now.applied, now.recent.clone()))
    });
    // Nothing names them any more, even if the index went away meanwhile: unless it was read again just before.
    let now = if done { None } else { shared.publisher.live(key) };
    let in_use = |number: &u64| now.iter().any(|now| now.runs.iter().any(|live| live.number == Some(*number)));
    old.into_iter().filter(|number| !in_use(number)).for_each(|number| shared.remove(number));
    Ok(())
}

/// The index went away meanwhile. Its next making cleans up what the manifest may name.
fn discard(shared: &Shared, made: Option<&LiveRun>) -> Result<()> {
    if let Some(number) = made.and_then(|made| made.number) {
        shared.remove(number);
    }
    Ok(())
}

/// Where a list of runs stands in another.
pub(super) fn find(runs: &[LiveRun], part: &[LiveRun]) -> Option<usize> {
    let same = |window: &[LiveRun]| window.iter().zip(part).all(|(a, b)| Arc::ptr_eq(&a.run, &b.run));
    runs.windows(part.len().max(1)).position(same)
}

#[cfg(test)]
mod tests {
    use super::super::testing::words;
    use super::super::{Catalog, Shelf};
    use super::*;

    #[test]
    fn what_would_be_too_large_is_not_merged() {
        let values = [b"a".to_vec(), b"b".to_vec()];
        let run = || LiveRun::new(Shelf::memory(words(&[(&values, false)])).unwrap(), None, 1);
        let catalog = Catalog { leaves: Vec::new(), spaces: Vec::new(), next_number: 0, grams_from: 0 };
        let view = TypeView::new(Arc::new(catalog), (0..5).map(|_| run()).collect(), 1, Vec::new());
        let options = IndexOptions { merge_above: 4, ..IndexOptions::default() };
        let one = run().run.bytes();
        let from = u64::from(options.durable_from);
        assert_eq!(choose_within(&view, &IndexOptions { merge_above: 8, ..options.clone() }, from, one * 3), None);
        assert_eq!(choose_within(&view, &IndexOptions { merge_above: 1, ..options.clone() }, from, one * 2 - 1), None);
        assert_eq!(choose_within(&view, &options, from, one * 2).map(|window| window.len()), Some(2));
    }
}
