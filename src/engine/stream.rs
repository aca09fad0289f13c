//! A search whose resources are pulled one by one: for hosts whose languages have iterators, not visitors.

use std::collections::VecDeque;

use super::Tenant;
use super::found::Found;
use super::query::Page;
use crate::Result;
use crate::message::SearchRequest;

/// Resources rendered at one time where only their ids are shown: what they are made of is looked up once for all.
const BRIEF: usize = 256;

/// The resources that a search found, from one snapshot: see [`Tenant::stream`].
///
/// It keeps the snapshot: later writes are not seen, the room of what they free in the file is not used again, and
/// [`Store::check`](super::Store::check) and the compaction of a store in memory wait for it, for ten seconds at most.
/// Give it up when it is not needed.
pub struct ResourceStream {
    found: Found,
    base: String,
    /// The hit that is rendered next.
    next: usize,
    /// What is rendered ahead: nothing but where ids alone are shown.
    ahead: VecDeque<String>,
    current: String,
}

impl std::fmt::Debug for ResourceStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResourceStream").field("total", &self.total()).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Tenant {
    /// Everything that a search of one resource type, or of all of them, finds, from one snapshot: one resource after
    /// the other, each rendered when it is asked for. `start_index` and `count` of the request hold where they are given,
    /// without the limit of a page; `cursor` is ignored.
    ///
    /// ```
    /// use scimdb::{Store, StoreOptions, message::SearchRequest};
    /// let tenant = Store::open_in_memory(StoreOptions::default())?.tenant("default")?;
    /// let mut stream = tenant.stream(Some("User"), &SearchRequest::default())?;
    /// while let Some(json) = stream.next()? {
    ///     println!("{json}");
    /// }
    /// # Ok::<(), scimdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tenant::search`].
    pub fn stream(&self, resource_type: Option<&str>, request: &SearchRequest) -> Result<ResourceStream> {
        let page = Page::new(request.start_index, request.count, u64::MAX, u64::MAX);
        let found = self.found(resource_type, request, &page, None)?;
        let (ahead, current) = (VecDeque::new(), String::new());
        Ok(ResourceStream { found, base: request.base.clone(), next: 0, ahead, current })
    }
}

impl ResourceStream {
    /// How many resources the search found, also where `count` keeps some of them back: `totalResults`.
    pub fn total(&self) -> u64 {
        self.found.hits.total
    }

    /// The next resource as SCIM JSON; none when there are no more.
    ///
    /// # Errors
    /// `Cancelled` after [`Store::interrupt`](super::Store::interrupt), `Unavailable` when the store was closed or
    /// recovered from an I/O error meanwhile, `Io`, `Corrupt`.
    #[expect(clippy::should_implement_trait, reason = "it lends what it gives, which an iterator cannot")]
    pub fn next(&mut self) -> Result<Option<&str>> {
        self.found.watch.check_step()?;
        if self.ahead.is_empty() && self.next < self.found.hits.hits.len() {
            let count = if self.found.types.iter().all(|searched| searched.is_brief) { BRIEF } else { 1 };
            let end = self.next.saturating_add(count).min(self.found.hits.hits.len());
            let ahead = &mut self.ahead;
            self.found.render(self.next..end, &self.base, &mut |representation| {
                ahead.push_back(representation.json);
                true
            })?;
            self.next = end;
        }
        Ok(match self.ahead.pop_front() {
            Some(json) => {
                #[cfg(scimdb_test_panic)]
                super::env::panic_if_asked("next", json.as_bytes());
                self.current = json;
                Some(&self.current)
            }
            None => None,
        })
    }
}
