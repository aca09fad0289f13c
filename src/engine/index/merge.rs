//! Merges runs, column by column, without looking at a resource.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

use super::bits::{self, Bits};
use super::catalog::{Catalog, Leaf};
use super::column::Column;
use super::intern::prefix;
use super::interrupt;
use super::run::{Coverage, Run};
use super::space::Space;
use super::write::{NONE, Numbering, Values, Writer, too_large};
use crate::model::AttributeId;
use crate::{Error, ErrorKind, Result};

/// A doc of the merged run: which run it comes from, and which doc it is there.
struct Source {
    row: u64,
    run: u32,
    doc: u32,
}

/// The values of a leaf in one of the runs, and the elements that they belong to.
struct Input<'a> {
    column: Column<'a>,
    space: Option<Space<'a>>,
}

impl Input<'_> {
    #[inline]
    fn slots_of(&self, doc: u32) -> Range<u32> {
        self.space.map_or(doc..doc + 1, |space| space.slots_of(doc))
    }
}

/// Merges runs, the oldest first, each with its dead docs, which are left out. The bytes are those that a builder makes
/// of the same resources. Tombstones are kept of rows that some older run `holds`, be they dead there.
///
/// # Errors
/// `Internal` where a run knows nothing true of an attribute: the merged run is then built from resources.
pub(in crate::engine) fn merge(
    runs: &[(&Run, &Bits)],
    catalog: &Arc<Catalog>,
    holds: impl Fn(u64) -> bool,
) -> Result<Vec<u64>> {
    let kind = runs.first().map(|(run, _)| run.kind());
    let kind = kind.ok_or_else(|| Error::new(ErrorKind::Internal, "no part of the index to merge"))?;
    let sources = sources(runs)?;
    let rows: Vec<u64> = sources.iter().map(|source| source.row).collect();
    let mut versions = Vec::with_capacity(sources.len());
    let mut ids = Values::with_capacity(0, 0);
    for source in &sources {
        let Some((run, _)) = runs.get(source.run as usize) else { continue };
        versions.push(run.version(source.doc));
        ids.push(run.id(source.doc).as_bytes()).ok_or_else(too_large)?;
    }
    let kept = runs.iter().flat_map(|(run, _)| run.tombstones()).copied().filter(|row| holds(*row)).collect();
    let mut writer = Writer::new(kind, catalog, (&rows, &versions), &ids, kept)?;
    drop((rows, versions));
    drop(ids);
    // Runs of which nothing is left need not know anything.
    let mut counts = vec![0u32; runs.len()];
    for source in &sources {
        if let Some(count) = counts.get_mut(source.run as usize) {
            *count += 1;
        }
    }
    let parts: Vec<Part<'_>> = runs.iter().zip(counts).map(|((run, _), alive)| Part { run, alive }).collect();
    let mut numberings = Vec::with_capacity(catalog.spaces.len());
    for attribute in &catalog.spaces {
        numberings.push(writer.space(*attribute, elements(&parts, &sources, *attribute)?.into_iter())?);
    }
    for leaf in &catalog.leaves {
        let space = catalog.spaces.binary_search(&leaf.target.attribute).ok();
        let numbering = space.and_then(|space| numberings.get(space));
        interrupt::check()?;
        column(&mut writer, &parts, &sources, leaf, numbering)?;
    }
    writer.finish()
}

/// Whether runs can be merged as far as their contents go.
pub(super) fn fit(runs: &[(&Run, &Bits)], catalog: &Catalog) -> bool {
    let knows = |run: &Run| {
        let leaf = |leaf: &Leaf| !matches!(run.column(leaf), Coverage::Stale);
        let space = |space: &AttributeId| run.space(*space).is_some() || space.0 >= run.next_number();
        catalog.leaves.iter().all(leaf) && catalog.spaces.iter().all(space)
    };
    runs.iter().all(|(run, _)| knows(run)) && sources(runs).is_ok()
}

/// A run that takes part.
struct Part<'a> {
    run: &'a Run,
    /// Docs that are not dead.
    alive: u32,
}

fn stale() -> Error {
    Error::new(ErrorKind::Internal, "a part of the index is of an older schema; it is made again")
}

/// The docs of the merged run.
fn sources(runs: &[(&Run, &Bits)]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for (number, (run, dead)) in (0u32..).zip(runs) {
        let docs = (0u32..).zip(run.rows()).filter(|(doc, _)| !dead.has(*doc));
        sources.extend(docs.map(|(doc, row)| Source { row: *row, run: number, doc }));
    }
    sources.sort_by_key(|source| source.row);
    if sources.windows(2).any(|pair| matches!(pair, [one, two] if one.row == two.row)) {
        return Err(Error::new(ErrorKind::Internal, "a row is alive in two parts of the index"));
    }
    Ok(sources)
}

/// How many elements of an attribute each doc of the merged run has.
fn elements(parts: &[Part<'_>], sources: &[Source], attribute: AttributeId) -> Result<Vec<u32>> {
    let mut spaces = Vec::with_capacity(parts.len());
    for part in parts {
        let space = part.run.space(attribute);
        if space.is_none() && part.alive > 0 && attribute.0 < part.run.next_number() {
            return Err(stale());
        }
        spaces.push(space);
    }
    let count = |source: &Source| {
        let Some(space) = spaces.get(source.run as usize).copied().flatten() else { return 0 };
        let slots = space.slots_of(source.doc);
        match space.elements() {
            Some(words) => slots.filter(|slot| bits::has(words, *slot)).count() as u32,
            None => slots.end - slots.start,
        }
    };
    Ok(sources.iter().map(count).collect())
}

fn column(
    writer: &mut Writer,
    parts: &[Part<'_>],
    sources: &[Source],
    leaf: &Leaf,
    numbering: Option<&Numbering>,
) -> Result<()> {
    let mut inputs = Vec::with_capacity(parts.len());
    for part in parts {
        inputs.push(match part.run.column(leaf) {
            _ if part.alive == 0 => None,
            Coverage::Column(column) => {
                let space = if leaf.is_element { part.run.space(leaf.target.attribute) } else { None };
                Some(Input { column, space })
            }
            Coverage::Empty => None,
            Coverage::Stale => return Err(stale()),
        });
    }
    // For each run, which of the merged values each of its values is; at first, whether a doc that is left has it.
    let mut maps: Vec<Vec<u32>> = Vec::with_capacity(parts.len());
    for (input, part) in inputs.iter().zip(parts) {
        let distinct = input.as_ref().map_or(0, |input| input.column.distinct as usize);
        maps.push(vec![if part.alive == part.run.docs() { 0 } else { NONE }; distinct]);
    }
    for source in sources {
        let at = source.run as usize;
        let is_whole = parts.get(at).is_none_or(|part| part.alive == part.run.docs());
        let Some(input) = inputs.get(at).and_then(Option::as_ref).filter(|_| !is_whole) else { continue };
        let Some(map) = maps.get_mut(at) else { continue };
        for ord in input.slots_of(source.doc).filter_map(|slot| input.column.ords.get(slot)) {
            if let Some(used) = map.get_mut(ord as usize) {
                *used = 0;
            }
        }
    }
    let values = values(&inputs, &mut maps)?;
    let slots = numbering.map_or(sources.len(), |numbering| numbering.slots as usize);
    let mut ords = vec![NONE; slots];
    for (doc, source) in (0u32..).zip(sources) {
        let at = source.run as usize;
        let Some((input, map)) = inputs.get(at).and_then(Option::as_ref).zip(maps.get(at)) else { continue };
        let to = numbering.map_or(doc..doc + 1, |numbering| numbering.slots_of(doc));
        let to = ords.get_mut(to.start as usize..to.end as usize).unwrap_or_default();
        // Elements stand at the beginning of a doc's slots, here and there.
        for (place, slot) in to.iter_mut().zip(input.slots_of(source.doc)) {
            let ord = input.column.ords.get(slot);
            *place = ord.and_then(|ord| map.get(ord as usize).copied()).unwrap_or(NONE);
        }
    }
    writer.column(leaf, numbering, &values, &ords);
    Ok(())
}

/// Merges the values that are used, and tells in the maps where each went.
fn values(inputs: &[Option<Input<'_>>], maps: &mut [Vec<u32>]) -> Result<Values> {
    // The next value of a run that is used, from an ord on.
    let next = |run: usize, from: u32, maps: &[Vec<u32>]| {
        let column = &inputs.get(run)?.as_ref()?.column;
        let used = maps.get(run)?.get(from as usize..)?.iter().position(|used| *used != NONE)?;
        let ord = from + u32::try_from(used).ok()?;
        let value = column.value(ord);
        Some(Reverse((prefix(value), value, run, ord)))
    };
    let mut heap: BinaryHeap<_> = (0..inputs.len()).filter_map(|run| next(run, 0, maps)).collect();
    let mut values = Values::new();
    let mut last: Option<(&[u8], u32)> = None;
    while let Some(Reverse((_, value, run, ord))) = heap.pop() {
        let number = match last {
            Some((same, number)) if same == value => number,
            _ => values.push(value).ok_or_else(too_large)?,
        };
        last = Some((value, number));
        if let Some(place) = maps.get_mut(run).and_then(|map| map.get_mut(ord as usize)) {
            *place = number;
        }
        heap.extend(next(run, ord + 1, maps));
    }
    Ok(values)
}
