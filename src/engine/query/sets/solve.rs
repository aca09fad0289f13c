//! Working out which docs or slots meet a part of a filter: from its smallest condition, the others either by bits or
//! by looking at what is left, whichever is cheaper.

use std::borrow::Cow;

use super::part::{Part, Values, is_only};
use super::set::{Set, is_few};
use crate::engine::index::{Bits, Space, bits};

/// Nanoseconds that a word of bits takes to be made and counted, and a number to be set in them.
const PER_WORD: u64 = 1;
const PER_NUMBER: u64 = 2;

/// The set of those below `len` that meet a part.
pub(in crate::engine::query) fn solve<'r>(part: &Part<'r>, len: u32) -> Set<'r> {
    match part {
        Part::None => Set::None,
        Part::All => Set::All,
        Part::Range(column, ords, slice) => {
            let slots = column.slots_of(ords.clone());
            if slots.len() == len as usize {
                return Set::All;
            }
            if ords.start == 0 && ords.end == column.distinct {
                return column.present().map_or(Set::All, |words| Set::Bits(Cow::Borrowed(words)));
            }
            if ords.len() > 1 {
                return Set::Loose(Cow::Borrowed(slots), Some(*slice));
            }
            // The slots of one value are in order.
            match column.dense(ords.start) {
                Some(words) => Set::Bits(Cow::Borrowed(words)),
                None => Set::List(Cow::Borrowed(slots)),
            }
        }
        Part::Values(values) => of_values(values, len),
        Part::Ending(ending) if ending.slots.is_empty() => Set::None,
        Part::Ending(ending) => Set::Loose(Cow::Borrowed(ending.slots), Some(ending.slice)),
        Part::Docs(docs) => Set::of_sorted(docs.clone()),
        Part::Bits(words) => Set::Bits(Cow::Borrowed(words)),
        Part::Only(column, space, ord) => {
            let slots = column.slots_of(*ord..*ord + 1);
            let mut docs: Vec<u32> = slots.iter().map(|slot| space.owner(*slot)).collect();
            docs.dedup();
            docs.retain(|doc| is_only(column, *space, *ord, *doc));
            Set::of_sorted(docs)
        }
        Part::And(parts) => all_of(parts, len),
        Part::Or(parts) => any_of(parts, len),
        Part::Not(inner) => match solve(inner, len) {
            Set::None => Set::All,
            Set::All => Set::None,
            set => {
                let mut bits = set.into_bits(len);
                bits.not(len);
                Set::of_bits(bits)
            }
        },
        Part::Owners(space, inner) => owners(*space, inner, len),
    }
}

fn of_values<'r>(values: &Values<'r>, len: u32) -> Set<'r> {
    let column = &values.column;
    if let [ord] = values.ords.as_slice()
        && let Some(words) = column.dense(*ord)
    {
        return Set::Bits(Cow::Borrowed(words));
    }
    if is_few(values.count, len) || column.is_unique() {
        let mut slots = Vec::with_capacity(usize::try_from(values.count).unwrap_or(0));
        values.each_slice(|some| slots.extend_from_slice(some));
        return Set::Loose(Cow::Owned(slots), None);
    }
    let mut bits = Bits::none(len);
    values.add_to(&mut bits);
    Set::of_bits(bits)
}

impl<'r> Values<'r> {
    fn each_slice(&self, mut visit: impl FnMut(&'r [u32])) {
        self.ords.iter().for_each(|ord| visit(self.column.slots_of(*ord..*ord + 1)));
    }

    fn add_to(&self, bits: &mut Bits) {
        for ord in &self.ords {
            match self.column.dense(*ord).filter(|_| !self.column.is_unique()) {
                Some(words) => bits.or(words),
                None => self.column.slots_of(*ord..*ord + 1).iter().for_each(|slot| bits.set(*slot)),
            }
        }
    }
}

/// About how long it takes to make bits of a part.
fn cost_of_bits(part: &Part<'_>, len: u32) -> u64 {
    let words = u64::from(len / 64) * PER_WORD;
    match part {
        Part::None | Part::All | Part::Bits(_) => 0,
        Part::Range(column, ords, _) => {
            let is_whole = ords.start == 0 && ords.end == column.distinct;
            if is_whole || (ords.len() == 1 && column.dense(ords.start).is_some()) {
                return 0;
            }
            words + part.estimate(len) * PER_NUMBER
        }
        Part::Values(values) => words + values.count * (PER_NUMBER + 2),
        Part::Not(inner) => cost_of_bits(inner, len),
        Part::And(parts) => {
            let least = parts.iter().map(|part| cost_of_bits(part, len)).min().unwrap_or(0);
            let probes: u64 = parts.iter().map(Part::cost_of_one).sum();
            least + part.estimate(len) * probes
        }
        Part::Or(parts) => parts.iter().map(|part| cost_of_bits(part, len)).sum(),
        Part::Owners(space, inner) => words + cost_of_bits(inner, space.slots) + part.estimate(len) * PER_NUMBER,
        other => words + other.estimate(len) * (PER_NUMBER + other.cost_of_one() / 4),
    }
}

fn all_of<'r>(parts: &[Part<'r>], len: u32) -> Set<'r> {
    let mut order: Vec<(u64, &Part<'r>)> = parts.iter().map(|part| (part.estimate(len), part)).collect();
    order.sort_by_key(|(estimate, part)| (*estimate, part.cost_of_one()));
    let mut order = order.into_iter();
    let Some((mut count, first)) = order.next() else { return Set::All };
    let mut set = solve(first, len);
    for (_, part) in order {
        let is_bits = matches!(set, Set::Bits(_) | Set::All);
        let words = u64::from(len / 64) * PER_WORD;
        let by_bits = cost_of_bits(part, len) + if is_bits { words } else { count };
        let by_looking = count * (part.cost_of_one() + u64::from(is_bits));
        set = if by_looking <= by_bits { filter(set, part, len) } else { both(set, part, len) };
        match &set {
            Set::None => return Set::None,
            other => count = other.count(len),
        }
    }
    set
}

/// Those of a set that meet a part.
fn filter<'r>(set: Set<'r>, part: &Part<'r>, len: u32) -> Set<'r> {
    match set {
        Set::None => Set::None,
        Set::All => solve(part, len),
        Set::List(list) => Set::of_sorted(list.iter().copied().filter(|number| part.meets(*number)).collect()),
        Set::Loose(list, _) => {
            let kept: Vec<u32> = list.iter().copied().filter(|number| part.meets(*number)).collect();
            if kept.is_empty() { Set::None } else { Set::Loose(Cow::Owned(kept), None) }
        }
        Set::Bits(words) => {
            let mut kept = Vec::with_capacity(words.len());
            let mut any = false;
            for (word, base) in words.iter().zip((0u32..).step_by(64)) {
                let (mut rest, mut result) = (*word, *word);
                while rest != 0 {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    if !part.meets(base + bit) {
                        result &= !(1 << bit);
                    }
                }
                any |= result != 0;
                kept.push(result);
            }
            if any { Set::Bits(Cow::Owned(kept)) } else { Set::None }
        }
    }
}

/// Those of a set that meet a part, of which bits are made.
fn both<'r>(set: Set<'r>, part: &Part<'r>, len: u32) -> Set<'r> {
    let (inner, negated) = match part {
        Part::Not(inner) => (&**inner, true),
        other => (other, false),
    };
    let other = match (solve(inner, len), negated) {
        (Set::None, false) | (Set::All, true) => return Set::None,
        (Set::All, false) | (Set::None, true) => return set,
        (other, _) => other.into_words(len),
    };
    match set {
        Set::None => Set::None,
        Set::List(list) => {
            Set::of_sorted(list.iter().copied().filter(|number| bits::has(&other, *number) != negated).collect())
        }
        Set::Loose(list, _) => {
            let kept = list.iter().copied().filter(|number| bits::has(&other, *number) != negated).collect();
            Set::Loose(Cow::Owned(kept), None)
        }
        all_or_bits => {
            let mut bits = all_or_bits.into_bits(len);
            if negated {
                bits.and_not(&other)
            } else {
                bits.and(&other)
            }
            Set::of_bits(bits)
        }
    }
}

fn any_of<'r>(parts: &[Part<'r>], len: u32) -> Set<'r> {
    let most: u64 = parts.iter().map(|part| part.estimate(len)).sum();
    if is_few(most, len) {
        let mut found = Vec::new();
        for part in parts {
            solve(part, len).each(len, |number| found.push(number));
        }
        return Set::of_any(found);
    }
    let mut union = Bits::none(len);
    for part in parts {
        match part {
            Part::Values(values) => values.add_to(&mut union),
            other => match solve(other, len) {
                Set::All => return Set::All,
                set => set.add_to(&mut union, len),
            },
        }
    }
    Set::of_bits(union)
}

/// The docs of which a slot meets a part.
fn owners<'r>(space: Space<'r>, inner: &Part<'r>, len: u32) -> Set<'r> {
    let slots = solve(inner, space.slots);
    let count = match &slots {
        Set::None => return Set::None,
        Set::List(list) | Set::Loose(list, _) => list.len() as u64,
        _ => u64::MAX,
    };
    if is_few(count, len) {
        let mut docs = Vec::new();
        slots.each(space.slots, |slot| docs.push(space.owner(slot)));
        return Set::of_any(docs);
    }
    let mut docs = Bits::none(len);
    match space.shift() {
        Some(0) => return slots,
        Some(shift) => slots.each(space.slots, |slot| docs.set(slot >> shift)),
        None => slots.each(space.slots, |slot| docs.set(space.owner(slot))),
    }
    Set::of_bits(docs)
}
