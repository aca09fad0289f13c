//! The queries: read from queries.json, filled with values of users that exist, and handed from process to process.

use scimdb::message::SearchRequest;
use serde_json::{Value as Json, json};

use super::Outcome;
use super::args::Settings;
use super::data::{Record, SEED};
use crate::support::people::Dice;

const QUERIES: &str = include_str!("../../queries.json");

/// The values that a query of one user takes in turns.
const VALUES: usize = 1_000;

/// A query, ready to be sent.
pub struct Planned {
    pub id: String,
    /// Whether it reads users by id, instead of searching.
    pub get: bool,
    /// The first result of the page, and how many.
    pub start: usize,
    pub count: usize,
    /// SearchRequest messages, or ids to be read. All but the queries of one user have one.
    pub requests: Vec<String>,
    /// The users that the requests name, for the queries of one user.
    pub named: Option<Vec<String>>,
}

/// Makes the queries that were asked for. Page 500,001 of a million is page N/2 + 1 of fewer users.
pub fn plan(settings: &Settings, users: &[Record]) -> Outcome<Vec<Planned>> {
    let queries: Vec<Json> = serde_json::from_str(QUERIES)?;
    let alive: Vec<&Record> = users.iter().filter(|user| !user.deleted).collect();
    let mut planned = Vec::new();
    for query in &queries {
        let id = query.get("id").and_then(Json::as_str).ok_or("a query without an id")?.to_owned();
        if !settings.queries.is_empty() && !settings.queries.contains(&id) {
            continue;
        }
        let mut request = query.get("request").cloned().ok_or("a query without a request")?;
        let number = |request: &Json, name: &str| request.get(name).and_then(Json::as_u64).unwrap_or(1) as usize;
        let start = number(&request, "startIndex").min(users.len() / 2 + 1);
        let count = number(&request, "count");
        if let Some(object) = request.as_object_mut() {
            object.insert("startIndex".to_owned(), json!(start));
        }
        let get = query.get("operation").and_then(Json::as_str) == Some("get");
        let (mut requests, mut named) = (vec![request.to_string()], None);
        if let Some(attribute) = query.get("values").and_then(Json::as_str) {
            let mut dice = Dice::new(SEED ^ planned.len() as u64);
            let drawn = (0..VALUES).filter_map(|_| alive.get(dice.below(alive.len())).copied());
            let mut names = Vec::new();
            requests.clear();
            for user in drawn {
                let value = match attribute {
                    "userName" => &user.user_name,
                    "externalId" => &user.external_id,
                    "id" => &user.id,
                    other => return Err(format!("{id}: no values of {other}").into()),
                };
                names.push(user.id.clone());
                requests.push(if get { value.clone() } else { fill(&request, value) });
            }
            named = Some(names);
        }
        planned.push(Planned { id, get, start, count, requests, named });
    }
    if planned.is_empty() { Err("none of the queries has that name".into()) } else { Ok(planned) }
}

/// Puts a value where the filter has `{v}`.
fn fill(request: &Json, value: &str) -> String {
    let mut request = request.clone();
    if let Some(Json::String(filter)) = request.get_mut("filter") {
        *filter = filter.replace("{v}", &value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    request.to_string()
}

/// As the measuring process reads it.
pub fn to_json(plan: &[Planned]) -> Json {
    let query = |query: &Planned| json!({"id": query.id, "get": query.get, "requests": query.requests});
    plan.iter().map(query).collect()
}

/// A query in the measuring process.
pub struct Query {
    pub id: String,
    pub requests: Requests,
}

pub enum Requests {
    Search(Vec<SearchRequest>),
    Get(Vec<String>),
}

impl Query {
    pub fn len(&self) -> usize {
        match &self.requests {
            Requests::Search(requests) => requests.len(),
            Requests::Get(ids) => ids.len(),
        }
    }
}

/// Reads what [`to_json`] wrote.
pub fn from_json(json: &[u8]) -> Outcome<Vec<Query>> {
    let plan: Vec<Json> = serde_json::from_slice(json)?;
    let mut queries = Vec::new();
    for query in &plan {
        let id = query.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let texts = query.get("requests").and_then(Json::as_array).ok_or("a plan without requests")?;
        let texts: Vec<&str> = texts.iter().filter_map(Json::as_str).collect();
        let requests = match query.get("get").and_then(Json::as_bool) {
            Some(true) => Requests::Get(texts.into_iter().map(str::to_owned).collect()),
            _ => {
                let read = texts.into_iter().map(|text| SearchRequest::from_json(text.as_bytes()));
                Requests::Search(read.collect::<scimdb::Result<_>>()?)
            }
        };
        queries.push(Query { id, requests });
    }
    Ok(queries)
}
