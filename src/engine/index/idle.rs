//! Which indexes are open: all of them, while they are few and small. Beyond that, the one that was searched or written
//! the longest ago makes room for one that is asked for. A closed index comes back by request, from disk and the change
//! log, or from rows; what it would answer is meanwhile answered by looking at rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::TypeView;
use super::publish::TypeKey;
use crate::engine::options::IndexOptions;

/// The indexes of a store.
type Live = HashMap<TypeKey, Arc<TypeView>>;

/// Those that have to be closed, so that neither their number nor their memory is above its limit. One stays.
pub(super) fn excess(live: &Live, options: &IndexOptions, is_busy: impl Fn(&TypeKey) -> bool) -> Vec<TypeKey> {
    let mut bytes: u64 = live.values().map(|view| view.memory()).sum();
    let mut count = live.len();
    if count <= options.max_open.max(1) && bytes <= options.max_memory {
        return Vec::new();
    }
    let mut all: Vec<(u64, TypeKey, u64)> =
        live.iter().map(|(key, view)| (view.last_used(), *key, view.memory())).collect();
    all.sort_unstable();
    // The newest one stays even if it is too large alone.
    all.pop();
    let mut closed = Vec::new();
    for (_, key, memory) in all {
        if count <= options.max_open.max(1) && bytes <= options.max_memory {
            break;
        }
        if !is_busy(&key) {
            count -= 1;
            bytes -= memory;
            closed.push(key);
        }
    }
    closed
}

/// How many more may be opened without another being closed.
pub(super) fn free(live: &Live, options: &IndexOptions) -> usize {
    let bytes: u64 = live.values().map(|view| view.memory()).sum();
    // Some is kept for those that are open to grow.
    if bytes <= options.max_memory / 4 * 3 { options.max_open.max(1).saturating_sub(live.len()) } else { 0 }
}

/// Whether one more may be opened, beside some that are about to be. Where all are in use there is no room: they would
/// only take each other's place again and again.
pub(super) fn has_room(live: &Live, options: &IndexOptions, now: u64, opening: usize) -> bool {
    let free = free(live, options);
    let idle_from = u64::try_from(options.idle.as_millis()).unwrap_or(u64::MAX);
    opening < free
        || live.is_empty() && opening == 0
        || opening < free + live.values().filter(|view| now.saturating_sub(view.last_used()) >= idle_from).count()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::index::Catalog;

    fn live(used: &[u64]) -> Live {
        let catalog = Catalog { leaves: Vec::new(), spaces: Vec::new(), next_number: 0, grams_from: 0 };
        let catalog = Arc::new(catalog);
        let view = |used: u64| {
            let view = TypeView::new(Arc::clone(&catalog), Vec::new(), 0, Vec::new());
            view.use_at(used);
            Arc::new(view)
        };
        (1..).zip(used).map(|(tenant, used)| ((tenant, 1), view(*used))).collect()
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let options = IndexOptions { max_open: 2, ..IndexOptions::default() };
        let live = live(&[40, 10, 30, 20]);
        assert_eq!(excess(&live, &options, |_| false), [(2, 1), (4, 1)]);
        assert_eq!(excess(&live, &options, |key| *key == (2, 1)), [(4, 1), (3, 1)]);
        assert_eq!(excess(&live, &IndexOptions { max_open: 4, ..options }, |_| false), []);
    }

    #[test]
    fn those_in_use_do_not_make_room() {
        let options = IndexOptions { max_open: 2, idle: Duration::from_millis(100), ..IndexOptions::default() };
        assert!(has_room(&live(&[]), &options, 0, 1));
        assert!(!has_room(&live(&[]), &options, 0, 2));
        assert!(!has_room(&live(&[50, 60]), &options, 149, 0));
        assert!(has_room(&live(&[50, 60]), &options, 150, 0));
        assert!(!has_room(&live(&[50, 60]), &options, 150, 1));
    }
}
