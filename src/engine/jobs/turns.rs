//! Whose turn it is: tenants take turns chunk by chunk, and in each of them the import that came first goes first.

use std::collections::{BTreeMap, VecDeque};

/// How far an import has been handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The next chunk.
    pub(super) next: u32,
    /// How many there are.
    pub(super) chunks: u32,
    /// The users before that chunk.
    pub(super) row: u64,
}

/// The imports that wait, by tenant.
#[derive(Debug)]
pub(super) struct Turns<T> {
    lanes: VecDeque<Lane<T>>,
}

#[derive(Debug)]
struct Lane<T> {
    tenant: T,
    /// By number; where an import stands, once that is known.
    jobs: BTreeMap<u64, Option<Place>>,
    /// Whether its first import could not go on just now.
    is_held: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Turns { lanes: VecDeque::new() }
    }
}

impl<T: Clone> Turns<T> {
    /// Adds an import.
    pub(super) fn add(&mut self, tenant: &T, number: u64, is_same: impl Fn(&T, &T) -> bool) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| is_same(&lane.tenant, tenant)) {
            lane.jobs.insert(number, None);
            return;
        }
        self.lanes.push_back(Lane { tenant: tenant.clone(), jobs: BTreeMap::from([(number, None)]), is_held: false });
    }

    /// How many imports a tenant has here.
    pub(super) fn count(&self, is_it: impl Fn(&T) -> bool) -> usize {
        self.lanes.iter().find(|lane| is_it(&lane.tenant)).map_or(0, |lane| lane.jobs.len())
    }

    /// Whether an import is here. Numbers are those of the whole store.
    pub(super) fn has(&self, number: u64) -> bool {
        self.lanes.iter().any(|lane| lane.jobs.contains_key(&number))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Whose turn it is, and where that import stands if it is known. An import all of whose chunks are handed out has no
    /// turn, and holds up those behind it, until it is told how that went.
    pub(super) fn take(&mut self) -> Option<(T, u64, Option<Place>)> {
        let index = self.lanes.iter().position(Lane::is_ready)?;
        let lane = self.lanes.remove(index)?;
        let (number, place) = lane.jobs.first_key_value().map(|(number, place)| (*number, *place))?;
        let turn = (lane.tenant.clone(), number, place);
        self.lanes.push_back(lane);
        Some(turn)
    }

    /// Notes where an import stands; none: that is to be looked up.
    pub(super) fn set(&mut self, number: u64, to: Option<Place>) {
        if let Some(place) = self.lanes.iter_mut().find_map(|lane| lane.jobs.get_mut(&number)) {
            *place = to;
        }
    }

    /// Takes an import out.
    pub(super) fn end(&mut self, number: u64) {
        for lane in &mut self.lanes {
            lane.jobs.remove(&number);
        }
        self.lanes.retain(|lane| !lane.jobs.is_empty());
    }

    /// Leaves the tenant of an import out, so that others need not wait for what it waits for.
    pub(super) fn hold(&mut self, number: u64) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.jobs.contains_key(&number)) {
            lane.is_held = true;
        }
    }

    /// Whether some tenant is left out.
    pub(super) fn is_any_held(&self) -> bool {
        self.lanes.iter().any(|lane| lane.is_held)
    }

    /// Whether it is anybody's turn.
    pub(super) fn is_any_ready(&self) -> bool {
        self.lanes.iter().any(Lane::is_ready)
    }

    /// Where every import stands is to be looked up, and nobody is left out any more.
    pub(super) fn forget(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.is_held = false);
        self.lanes.iter_mut().flat_map(|lane| lane.jobs.values_mut()).for_each(|place| *place = None);
    }
}

impl<T> Lane<T> {
    fn is_ready(&self) -> bool {
        let is_left = |place: &Option<Place>| place.is_none_or(|place| place.next < place.chunks);
        !self.is_held && self.jobs.first_key_value().is_some_and(|(_, place)| is_left(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_each_has_an_order() {
        let mut turns = Turns::default();
        for (tenant, number) in [("a", 2), ("a", 1), ("b", 3)] {
            turns.add(&tenant, number, |a, b| a == b);
        }
        assert_eq!((turns.count(|it| *it == "a"), turns.count(|it| *it == "c")), (2, 0));
        assert_eq!((turns.has(3), turns.has(4)), (true, false));
        let mut order = Vec::new();
        // Two chunks each: handed out, and told to be stored when both are.
        let mut handed = std::collections::HashMap::new();
        loop {
            while let Some((_, number, place)) = turns.take() {
                let place = place.unwrap_or(Place { next: 0, chunks: 2, row: 0 });
                order.push((number, place.next));
                turns.set(number, Some(Place { next: place.next + 1, row: place.row + 10, ..place }));
                *handed.entry(number).or_insert(0) += 1;
            }
            let Some(done) = handed.iter().find(|(_, count)| **count == 2).map(|(number, _)| *number) else { break };
            handed.remove(&done);
            turns.end(done);
        }
        assert!(turns.is_empty());
        assert_eq!(order[..4], [(1, 0), (3, 0), (1, 1), (3, 1)]);
        assert_eq!(order[4..], [(2, 0), (2, 1)]);
        turns.add(&"a", 7, |a, b| a == b);
        turns.set(7, Some(Place { next: 2, chunks: 2, row: 0 }));
        assert_eq!(turns.take(), None);
        turns.forget();
        assert_eq!(turns.take(), Some(("a", 7, None)));
        turns.add(&"b", 8, |a, b| a == b);
        turns.hold(7);
        assert!(turns.is_any_held() && turns.is_any_ready());
        assert_eq!([turns.take(), turns.take()], [Some(("b", 8, None)); 2]);
        turns.hold(8);
        assert!(!turns.is_any_ready() && turns.take().is_none());
        turns.forget();
        assert!(!turns.is_any_held() && turns.take().is_some());
    }
}
