//! Resources of which only the id is shown, made from the index alone: their rows are not read.

use std::sync::Arc;

use super::index::{Column, Coverage, Run, Space, TypeView};
use crate::message::{Brief, Representation};
use crate::model::{EntityTag, Target, TypeModel, common};

/// What makes representations of the docs of a run.
pub(super) struct Briefs<'a> {
    run: &'a Run,
    model: &'a TypeModel,
    schemas: (Space<'a>, Column<'a>),
    /// The values of `schemas` that the last resource had, and the text before its id.
    last: (Vec<u32>, Brief),
}

impl<'a> Briefs<'a> {
    /// None where the columns do not tell what is needed.
    pub(super) fn new(view: &'a TypeView, run: &'a Run, model: &'a TypeModel) -> Option<Self> {
        let column = |target| match run.column(view.catalog.leaf(target)?) {
            Coverage::Column(column) => Some(column),
            Coverage::Empty | Coverage::Stale => None,
        };
        Some(Briefs {
            run,
            model,
            schemas: (run.space(common::SCHEMAS)?, column(Target::whole(common::SCHEMAS))?),
            last: (Vec::new(), Brief::default()),
        })
    }

    /// What is shown of a doc.
    pub(super) fn representation(&mut self, doc: u32) -> Option<Representation> {
        let (space, schemas) = &self.schemas;
        let ords = || space.slots_of(doc).filter_map(|slot| schemas.ords.get(slot));
        if self.last.0.is_empty() || !ords().eq(self.last.0.iter().copied()) {
            let found: Vec<u32> = ords().collect();
            let definition = self.model.definition(common::SCHEMAS)?;
            // Values are prepared for comparison, URNs are told as they were registered.
            let has = |urn: &&str| {
                let prepared = definition.preparation.prepare(urn);
                found.iter().any(|ord| schemas.value(*ord) == prepared.as_bytes())
            };
            let brief = Brief::new(self.model.schema_urns().filter(has));
            self.last = (found, brief);
        }
        let id = self.run.id(doc);
        Some(Representation {
            id: id.to_owned(),
            resource_type: Arc::clone(self.model.resource_type()),
            external_id: None,
            tag: EntityTag { version: self.run.version(doc), derived: None },
            created: None,
            last_modified: None,
            json: self.last.1.json(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::engine::WriteOptions;
    use crate::message::{ResourceInput, SearchRequest};
    use crate::{Store, StoreOptions};

    #[test]
    fn what_the_index_shows_is_what_rows_show() {
        let shown = |enabled: bool| {
            let mut options: StoreOptions = StoreOptions::default();
            (options.index.enabled, options.index.from) = (enabled, 1);
            let store = Store::open_in_memory(options).unwrap();
            let tenant = store.tenant("default").unwrap();
            let extension = r#","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}"#;
            let core = r#"["urn:ietf:params:scim:schemas:core:2.0:User"]"#;
            let both = r#"["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]"#;
            for number in 0..20 {
                let (schemas, more) = if number % 3 == 0 { (both, extension) } else { (core, "") };
                let external = if number % 4 == 0 { r#","externalId":"Ext ü""# } else { "" };
                let user = format!(r#"{{"schemas":{schemas},"userName":"u{number}"{external}{more}}}"#);
                let id = Some(format!("{number} \"{number}"));
                let options = WriteOptions { id, ..WriteOptions::default() };
                tenant.create("User", ResourceInput::from_json(user.as_bytes()).unwrap(), &options).unwrap();
            }
            let request = SearchRequest {
                attributes: vec!["id".into()],
                filter: Some("userName sw \"u\"".into()),
                sort_by: Some("userName".into()),
                ..SearchRequest::default()
            };
            if enabled {
                tenant.search(Some("User"), &request).unwrap();
                assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
            }
            let page = tenant.search(Some("User"), &request).unwrap();
            let found = page.resources.into_iter().map(|found| {
                (found.tag, found.location(), found.id, found.json, found.external_id, found.resource_type)
            });
            found.collect::<Vec<_>>()
        };
        let (indexed, evaluated) = (shown(true), shown(false));
        assert_eq!(indexed.len(), 20);
        assert_eq!(indexed, evaluated);
    }
}
