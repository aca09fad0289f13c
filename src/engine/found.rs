//! What a search found, of one state, and what is shown of it: pages are rendered from it at once, streams bit by bit.

use std::ops::Range;
use std::sync::Arc;

use super::brief::Briefs;
use super::config::Config;
use super::index::View;
use super::query::{Hit, Hits};
use super::represent::represent_row;
use super::storage::keys::TenantId;
use super::storage::{Watch, Watched};
use crate::message::{Projection, Representation};
use crate::model::TypeModel;
use crate::{Error, ErrorKind, Result};

/// A resource type that is searched.
pub(super) struct Searched {
    pub(super) model: Arc<TypeModel>,
    pub(super) projection: Projection,
    /// Whether only `schemas` and `id` are shown.
    pub(super) is_brief: bool,
}

/// The hits of a search, and the state that they are of.
pub(super) struct Found {
    pub(super) tenant: TenantId,
    pub(super) config: Arc<Config>,
    pub(super) types: Vec<Searched>,
    pub(super) view: Arc<View>,
    pub(super) hits: Hits,
    pub(super) watch: Watch,
}

impl Found {
    /// Renders some of the hits; `visit` ends it by returning false. True if ids of the index were enough for some.
    pub(super) fn render(
        &self,
        range: Range<usize>,
        base: &str,
        visit: &mut dyn FnMut(Representation) -> bool,
    ) -> Result<bool> {
        let reads = Watched::new(&*self.view.snapshot, &self.watch);
        // By type and run.
        let mut briefs: Vec<((u16, u32), Option<Briefs<'_>>)> = Vec::new();
        for Hit { at, place } in self.hits.hits.get(range).unwrap_or_default() {
            let Some(Searched { model, projection, is_brief }) =
                self.types.iter().find(|searched| searched.model.number() == at.kind)
            else {
                return Err(Error::new(ErrorKind::Internal, "a hit has an unknown resource type"));
            };
            let found = match place.filter(|_| *is_brief) {
                Some((run, doc)) => {
                    let of = (at.kind, run);
                    if !briefs.iter().any(|(known, _)| *known == of) {
                        let index = self.view.index(self.tenant, at.kind);
                        let live = index.and_then(|index| Some((index, index.runs.get(run as usize)?)));
                        briefs.push((of, live.and_then(|(index, live)| Briefs::new(index, &live.run, model))));
                    }
                    let known = briefs.iter_mut().find(|(known, _)| *known == of);
                    known.and_then(|(_, briefs)| briefs.as_mut()?.representation(doc))
                }
                None => None,
            };
            let found = match found {
                Some(found) => found,
                None => represent_row(&reads, self.tenant, &self.config, model, *at, projection, base)?,
            };
            if !visit(found) {
                break;
            }
        }
        Ok(briefs.iter().any(|(_, briefs)| briefs.is_some()))
    }
}
