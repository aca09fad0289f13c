//! A page across several sequences: found by what has to stand before it, and merged hit by hit.

use std::cmp::Ordering;

use super::sequence::{Item, Stream, compare};
use crate::engine::query::Hit;
use crate::engine::query::page::{Page, Position, Start};

/// A page of the hits of all sequences.
#[derive(Default)]
pub(in crate::engine::query) struct Cut {
    pub(in crate::engine::query) hits: Vec<Hit>,
    pub(in crate::engine::query) first: Option<Position>,
    pub(in crate::engine::query) last: Option<Position>,
    /// Whether hits stand before it, and behind it.
    pub(in crate::engine::query) precedes: bool,
    pub(in crate::engine::query) follows: bool,
}

/// Cuts the page out of the sequences.
pub(in crate::engine::query) fn cut(streams: &[Stream<'_>], page: &Page, descending: bool) -> Cut {
    let mut ends: Vec<u64> = streams.iter().map(Stream::len).collect();
    let all: u64 = ends.iter().sum();
    let starts = match &page.start {
        Start::Skip(skip) if *skip >= all => return Cut { precedes: all > 0, ..Cut::default() },
        Start::Skip(skip) => select(streams, &ends, *skip, descending),
        Start::After(position) => {
            streams.iter().map(|stream| stream.before(position.item(), true, descending)).collect()
        }
        Start::Before(position) => {
            ends = streams.iter().map(|stream| stream.before(position.item(), false, descending)).collect();
            let before: u64 = ends.iter().sum();
            select(streams, &ends, before.saturating_sub(page.count), descending)
        }
    };
    let precedes = starts.iter().sum::<u64>() > 0 || matches!(page.start, Start::After(_));
    let mut cut = Cut { precedes, ..Cut::default() };
    if let ([stream], [start], [end]) = (streams, starts.as_slice(), ends.as_slice()) {
        let to = start.saturating_add(page.count).min(*end);
        cut.hits.extend((*start..to).map(|at| stream.hit(at)));
        let position = |at: u64| (*start..to).contains(&at).then(|| stream.position(at));
        (cut.first, cut.last) = (position(*start), position(to.wrapping_sub(1)));
        cut.follows = to < *end || matches!(page.start, Start::Before(_));
        return cut;
    }
    let mut heads = Heads::new(streams, starts, ends, descending);
    let expected = all.min(page.count);
    cut.hits.reserve(usize::try_from(expected).unwrap_or(0));
    let position = |item: Item<'_>| Some(Position { key: item.key.map(<[u8]>::to_vec), at: item.at });
    while (cut.hits.len() as u64) < page.count {
        let Some((index, at, item)) = heads.next() else { break };
        let place = streams.get(index).and_then(|stream| Some((stream.run?.0, stream.doc(at)?.1)));
        cut.hits.push(Hit { at: item.at, place });
        if cut.first.is_none() {
            cut.first = position(item);
        }
        if cut.hits.len() as u64 == page.count || heads.is_empty() {
            cut.last = position(item);
        }
    }
    cut.follows = !heads.is_empty() || matches!(page.start, Start::Before(_));
    cut
}

/// The next hit of each sequence.
struct Heads<'a, 'r> {
    streams: &'a [Stream<'r>],
    /// The sequences that are not at their end: their number, where they stand, where they end, and their next hit.
    open: Vec<(usize, u64, u64, Item<'a>)>,
    descending: bool,
}

impl<'a, 'r> Heads<'a, 'r> {
    fn new(streams: &'a [Stream<'r>], starts: Vec<u64>, ends: Vec<u64>, descending: bool) -> Self {
        let places = streams.iter().enumerate().zip(starts).zip(ends);
        let open = places
            .filter(|((_, start), end)| start < end)
            .map(|(((index, stream), start), end)| (index, start, end, stream.item(start)))
            .collect();
        Heads { streams, open, descending }
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The first of them: the number of its sequence, its place there, and what decides its place.
    fn next(&mut self) -> Option<(usize, u64, Item<'a>)> {
        let mut best: Option<(usize, Item<'a>)> = None;
        for (slot, (_, _, _, item)) in self.open.iter().enumerate() {
            if best.is_none_or(|(_, best)| compare(*item, best, self.descending) == Ordering::Less) {
                best = Some((slot, *item));
            }
        }
        let (slot, item) = best?;
        let entry = self.open.get_mut(slot)?;
        let (index, at) = (entry.0, entry.1);
        entry.1 += 1;
        if entry.1 == entry.2 {
            self.open.swap_remove(slot);
        } else if let Some(stream) = self.streams.get(index) {
            entry.3 = stream.item(entry.1);
        }
        Some((index, at, item))
    }
}

/// So few hits are passed one by one.
const FEW: u64 = 24;
/// After so many guesses, windows are halved instead.
const GUESSES: u32 = 8;

/// How many hits of each sequence, which ends there, are among the first `count` of all.
///
/// A hit is taken from the largest window, about where the last one of those should be; its place in the other
/// sequences then narrows all windows. None can be wider than what is missing or too many, so that few rounds do.
fn select(streams: &[Stream<'_>], ends: &[u64], count: u64, descending: bool) -> Vec<u64> {
    let mut high: Vec<u64> = ends.iter().map(|end| *end.min(&count)).collect();
    let mut low: Vec<u64> = high.iter().map(|_| 0).collect();
    for round in 0.. {
        let (below, above) = (low.iter().sum::<u64>(), high.iter().sum::<u64>());
        let missing = count.saturating_sub(below);
        if missing == 0 {
            return low;
        }
        if above <= count {
            return high;
        }
        if missing <= FEW {
            break;
        }
        let part = if round < GUESSES { (missing, above - below) } else { (1, 2) };
        let widest = low.iter().zip(&high).map(|(low, high)| high - low).enumerate().max_by_key(|(_, width)| *width);
        let Some((index, width)) = widest else { return low };
        let (Some(stream), Some(from)) = (streams.get(index), low.get(index).copied()) else { return low };
        let at = from + share(width, part).min(width - 1);
        let pivot = stream.item(at);
        let windows = low.iter().zip(&high).zip(streams).enumerate();
        let before: Vec<u64> = windows
            .map(|(other, ((low, high), stream))| match other == index {
                true => at,
                false => place(stream, *low, *high, part, pivot, descending),
            })
            .collect();
        let sum: u64 = before.iter().sum();
        if sum <= count {
            low = before;
            if sum < count
                && let Some(low) = low.get_mut(index)
            {
                *low += 1;
            }
            let missing = count - low.iter().sum::<u64>();
            high.iter_mut().zip(&low).for_each(|(high, low)| *high = (*high).min(low + missing));
        } else {
            high = before;
            let surplus = sum - count;
            low.iter_mut().zip(&high).for_each(|(low, high)| *low = (*low).max(high.saturating_sub(surplus)));
        }
    }
    let missing = count - low.iter().sum::<u64>();
    let mut heads = Heads::new(streams, low.clone(), ends.to_vec(), descending);
    for _ in 0..missing {
        let Some((index, at, _)) = heads.next() else { break };
        if let Some(low) = low.get_mut(index) {
            *low = at + 1;
        }
    }
    low
}

/// A part of a width.
fn share(width: u64, (part, of): (u64, u64)) -> u64 {
    u64::try_from(u128::from(width) * u128::from(part) / u128::from(of.max(1))).unwrap_or(width)
}

/// How many hits of a sequence stand before an item, which is looked for from a guess outwards.
fn place(stream: &Stream<'_>, from: u64, to: u64, part: (u64, u64), item: Item<'_>, descending: bool) -> u64 {
    let is_before = |at: u64| compare(stream.item(at), item, descending) == Ordering::Less;
    let (mut low, mut high) = (from, to);
    if low < high {
        let guess = (low + share(high - low, part)).min(high - 1);
        let mut step = (high - low).isqrt().max(1);
        if is_before(guess) {
            low = guess + 1;
            while low + step < high {
                if !is_before(low + step) {
                    high = low + step;
                    break;
                }
                low += step + 1;
                step *= 2;
            }
        } else {
            high = guess;
            while high > low + step {
                if is_before(high - step) {
                    low = high - step + 1;
                    break;
                }
                high -= step;
                step *= 2;
            }
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
