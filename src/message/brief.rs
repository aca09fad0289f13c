//! Resources that show nothing but `schemas` and `id`: most of their JSON is the same.

use super::text::to_json;

/// The JSON of resources that have the same schemas, up to their id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Brief {
    head: String,
}

impl Brief {
    pub(crate) fn new<'a>(schemas: impl Iterator<Item = &'a str>) -> Self {
        let schemas: Vec<&str> = schemas.collect();
        Brief { head: format!("{{\"schemas\":{},\"id\":", to_json(&schemas)) }
    }

    /// The whole for an id.
    pub(crate) fn json(&self, id: &str) -> String {
        let mut json = String::with_capacity(self.head.len() + id.len() + 3);
        json.push_str(&self.head);
        // Nothing in it has to be escaped, as in nearly every id.
        if id.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            json.push('"');
            json.push_str(id);
            json.push('"');
        } else {
            json.push_str(&to_json(&id));
        }
        json.push('}');
        json
    }
}
