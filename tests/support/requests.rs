//! The corpus's searches and PATCHes as requests of SCIM's protocol. It must not know how a request gets to the store.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::http::Answer;
use crate::support::corpus::{Outcome, PatchError, ResourceOf};
use crate::support::face::{Face, Search};

/// Everything but the unreserved characters (RFC 3986 section 2.3): ids and cursors stand in a query as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A way to send requests to a store, and to prepare it.
pub trait Requests {
    /// Makes a tenant and registers schemas.
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String>;
    /// Creates resources in order, with the ids given, which no client of SCIM can do.
    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String>;
    /// The endpoint of a resource type: `/Users`.
    fn endpoint(&mut self, tenant: &str, name: &str) -> String;
    /// What stands before the locations in answers.
    fn before_locations(&self, tenant: &str) -> String;
    /// Sends a request; a body is SCIM's media type.
    fn send(&mut self, tenant: &str, method: &str, target: &str, body: &str) -> Answer;
}

/// A face that is used by requests.
pub struct ByRequests<R>(pub R);

impl<R: Requests> ByRequests<R> {
    fn search_with(&mut self, tenant: &str, search: &Search, more: &[(&str, String)]) -> Answer {
        let mut parameters = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                parameters.push(format!("{name}={}", utf8_percent_encode(&value, RESERVED)));
            }
        };
        add("filter", search.filter.clone());
        add("sortBy", search.sort_by.clone());
        add("sortOrder", search.descending.then(|| "descending".to_owned()));
        add("startIndex", search.start_index.map(|index| index.to_string()));
        add("count", search.count.map(|count| count.to_string()));
        for (name, value) in more {
            add(name, Some(value.clone()));
        }
        let name = search.resource_type.as_ref();
        let endpoint = name.map_or_else(String::new, |name| self.0.endpoint(tenant, name));
        let target = format!("{endpoint}/?{}", parameters.join("&"));
        if target.len() < 8_000 {
            return self.0.send(tenant, "GET", &target, "");
        }
        // What is too long for a URL is posted.
        let mut body = serde_json::Map::new();
        body.extend(search.filter.clone().map(|filter| ("filter".to_owned(), Value::String(filter))));
        self.0.send(tenant, "POST", &format!("{endpoint}/.search"), &Value::Object(body).to_string())
    }
}

/// The byte that a detail blames: `… (at byte 9)`.
fn offset(detail: &str) -> Option<u64> {
    detail.rsplit_once(" (at byte ")?.1.strip_suffix(')')?.parse().ok()
}

fn outcome(answer: &Answer) -> Outcome {
    let json = answer.json();
    if answer.status != 200 {
        return Outcome::Failed {
            scim_type: json["scimType"].as_str().map(str::to_owned),
            offset: offset(json["detail"].as_str().unwrap()),
            detail: json["detail"].as_str().unwrap().to_owned(),
        };
    }
    let ids = json["Resources"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().to_owned());
    Outcome::Found(ids.collect(), json["totalResults"].as_u64().unwrap())
}

impl<R: Requests> Face for ByRequests<R> {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        self.0.open(tenant, dialect, documents)
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        self.0.load(tenant, resources)
    }

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        outcome(&self.search_with(tenant, search, &[]))
    }

    fn walk(&mut self, tenant: &str, search: &Search) -> Option<Outcome> {
        let search = Search { count: Some(2), ..search.clone() };
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.search_with(tenant, &search, &[("cursor", cursor)]);
            let Outcome::Found(page, total) = outcome(&answer) else { return Some(outcome(&answer)) };
            ids.extend(page);
            match answer.json()["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return Some(Outcome::Found(ids, total)),
            }
        }
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let target = format!("{}/{id}", self.0.endpoint(tenant, resource_type));
        let answer = self.0.send(tenant, "GET", &target, "");
        assert_eq!(answer.status, 200, "{answer:?}");
        // Locations are those of the endpoint; the corpus has relative ones.
        match self.0.before_locations(tenant) {
            base if base.is_empty() => answer.json(),
            base => serde_json::from_str(&answer.body.replace(&base, "")).unwrap(),
        }
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let target = format!("{}/{id}", self.0.endpoint(tenant, resource_type));
        let answer = self.0.send(tenant, "PATCH", &target, &request.to_string());
        if answer.status < 300 {
            return Ok(None);
        }
        let json = answer.json();
        assert_eq!(json["status"], answer.status.to_string());
        let scim_type = json["scimType"].as_str().unwrap_or_default().to_owned();
        Err(PatchError { status: answer.status, scim_type })
    }
}
