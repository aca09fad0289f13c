//! Opens the store and times the queries: one client in this process, the exact total and a page of 100 each time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::message::{SearchRequest, parse_patch};
use scimdb::{Result, Store, Tenant};
use serde_json::{Map, Value as Json, json};

use super::args::Settings;
use super::load::{settle, tell, tenant};
use super::oracle::Answer;
use super::queries::{self, Query, Requests};
use super::{Outcome, data, machine};
use crate::support::samples::Samples;

/// Of so many users the last one is deleted.
pub const DELETE_EACH: usize = 20;
/// Updates that are fresh while the queries are timed, and of how many users one gets one.
pub const UPDATES: usize = 900;

/// What is done to the store before its queries are timed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Nothing,
    Deletes,
    Updates,
}

/// Whether pages show ids alone, or whole resources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Ids,
    Whole,
}

impl Show {
    fn attributes(self) -> Vec<String> {
        match self {
            Show::Ids => vec!["id".to_owned()],
            Show::Whole => Vec::new(),
        }
    }
}

/// A query that is ready to be timed.
pub struct Ready<'a> {
    pub query: &'a Query,
    tenant: &'a Tenant,
    searches: Vec<SearchRequest>,
    options: ReadOptions,
}

impl<'a> Ready<'a> {
    pub fn new(tenant: &'a Tenant, query: &'a Query, show: Show) -> Self {
        let with = |request: &SearchRequest| SearchRequest { attributes: show.attributes(), ..request.clone() };
        let searches = match &query.requests {
            Requests::Search(requests) => requests.iter().map(with).collect(),
            Requests::Get(_) => Vec::new(),
        };
        let options = ReadOptions { attributes: show.attributes(), ..ReadOptions::default() };
        Ready { query, tenant, searches, options }
    }

    /// Sends a request, the next of the query's in turns.
    pub fn send(&self, turn: usize) -> Result<()> {
        match &self.query.requests {
            Requests::Get(ids) => {
                let id = ids.get(turn % ids.len().max(1)).map_or("", String::as_str);
                self.tenant.get("User", id, &self.options).map(drop)
            }
            Requests::Search(_) => match self.searches.get(turn % self.searches.len().max(1)) {
                Some(request) => self.tenant.search(Some("User"), request).map(drop),
                None => Ok(()),
            },
        }
    }

    /// What a request is answered with.
    fn answer(&self, turn: usize) -> Result<Answer> {
        if let Requests::Get(ids) = &self.query.requests {
            let id = ids.get(turn).map_or("", String::as_str);
            return Ok(Answer { total: 1, ids: vec![self.tenant.get("User", id, &self.options)?.id] });
        }
        let Some(request) = self.searches.get(turn) else { return Ok(Answer { total: 0, ids: Vec::new() }) };
        let page = self.tenant.search(Some("User"), request)?;
        Ok(Answer { total: page.total_results, ids: page.resources.into_iter().map(|found| found.id).collect() })
    }
}

/// Opens the store, and tells how long that took and how long the first get and search after it.
fn open(settings: &Settings, plan: &[Query]) -> Outcome<(Store, Tenant, Json)> {
    let ms = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let store = Store::open(settings.store(), settings.options())?;
    let tenant = tenant(&store)?;
    let mut figures = json!({"open_ms": ms(start)});
    let mut first = |name: &str, get: bool| -> Outcome<()> {
        let wanted = |query: &&Query| matches!(query.requests, Requests::Get(_)) == get;
        let Some(query) = plan.iter().find(wanted) else { return Ok(()) };
        let start = Instant::now();
        Ready::new(&tenant, query, Show::Ids).send(0)?;
        if let Some(figures) = figures.as_object_mut() {
            figures.insert(name.to_owned(), json!(ms(start)));
        }
        Ok(())
    };
    first("first_search_ms", false)?;
    first("first_get_ms", true)?;
    let resident = machine::memory();
    if let Some(figures) = figures.as_object_mut() {
        figures.insert("memory".to_owned(), resident);
    }
    Ok((store, tenant, figures))
}

fn plan(settings: &Settings) -> Outcome<Vec<Query>> {
    queries::from_json(&std::fs::read(settings.work.join("plan.json"))?)
}

/// The phase `open`: opens the store, and no more.
pub fn open_only(settings: &Settings) -> Outcome<()> {
    let plan = plan(settings)?;
    let (store, _, figures) = open(settings, &plan)?;
    settle(&store)?;
    tell(settings, &figures)?;
    Ok(store.close()?)
}

/// The phases that time queries.
pub fn read(settings: &Settings, before: Before) -> Outcome<()> {
    let plan = plan(settings)?;
    let (store, tenant, opened) = open(settings, &plan)?;
    settle(&store)?;
    let mut updated = Vec::new();
    match before {
        Before::Nothing => {}
        Before::Deletes => {
            delete(&tenant, settings)?;
            settle(&store)?;
        }
        // Not settled: these are to be searched where recent writes are kept.
        Before::Updates => updated = update(&tenant, settings)?,
    }
    let mut answered = Map::new();
    for query in &plan {
        let ready = Ready::new(&tenant, query, Show::Ids);
        let answers = (0..query.len()).map(|turn| ready.answer(turn).map(|answer| answer.to_json()));
        answered.insert(query.id.clone(), answers.collect::<Result<Vec<_>>>()?.into());
    }
    let mut figures = Map::new();
    for query in &plan {
        let mut of_query = Map::new();
        of_query.insert("ids".to_owned(), time(settings, &Ready::new(&tenant, query, Show::Ids))?);
        if before == Before::Nothing {
            of_query.insert("whole".to_owned(), time(settings, &Ready::new(&tenant, query, Show::Whole))?);
        }
        figures.insert(query.id.clone(), of_query.into());
    }
    let updated: Vec<Json> = updated.into_iter().map(|(id, modified)| json!([id, modified])).collect();
    tell(
        settings,
        &json!({
            "open": opened, "queries": figures, "answers": answered, "updated": updated, "memory": machine::memory(),
            "load": machine::load(),
        }),
    )?;
    Ok(store.close()?)
}

/// Repeats a query for a while, after it was warmed up.
fn time(settings: &Settings, ready: &Ready<'_>) -> Outcome<Json> {
    const LEAST: usize = 5;
    const MOST: usize = 20_000;
    let warm = Instant::now();
    for turn in 0..ready.query.len().min(settings.rounds.unwrap_or(200)) {
        ready.send(turn)?;
        if warm.elapsed() > Duration::from_millis(100) {
            break;
        }
    }
    let mut samples = Samples::default();
    let begin = Instant::now();
    for turn in 0..settings.rounds.unwrap_or(MOST) {
        let start = Instant::now();
        ready.send(turn)?;
        samples.push(start.elapsed());
        let enough = begin.elapsed().as_secs_f64() > settings.seconds && turn + 1 >= LEAST;
        if settings.rounds.is_none() && enough {
            break;
        }
    }
    Ok(machine::percentiles(&samples))
}

/// Has many threads go through these, so that they share commits.
fn at_once<T: Sync>(items: &[T], work: &(dyn Fn(&T) -> Outcome<()> + Sync)) -> Outcome<()> {
    const THREADS: usize = 64;
    let parts: Vec<Outcome<()>> = std::thread::scope(|scope| {
        let part = |part: usize| scope.spawn(move || items.iter().skip(part).step_by(THREADS).try_for_each(work));
        let threads: Vec<_> = (0..THREADS).map(part).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    parts.into_iter().collect()
}

/// The ids of the users at these places of the file.
fn ids(settings: &Settings, wanted: impl Fn(usize) -> bool) -> Outcome<Vec<String>> {
    let mut ids = Vec::new();
    data::each_line(&settings.data(), settings.users, &mut |number, line| {
        if wanted(number) {
            let user: Json = serde_json::from_slice(&line)?;
            ids.push(user.get("id").and_then(Json::as_str).unwrap_or_default().to_owned());
        }
        Ok(())
    })?;
    Ok(ids)
}

/// Whether the user at a place is among those that are deleted.
pub fn is_deleted(number: usize) -> bool {
    number % DELETE_EACH == DELETE_EACH - 1
}

fn delete(tenant: &Tenant, settings: &Settings) -> Outcome<()> {
    at_once(&ids(settings, is_deleted)?, &|id| Ok(tenant.delete("User", id, &WriteOptions::default())?))
}

/// Makes 900 users managers, spread over all, and tells the last modification of each.
fn update(tenant: &Tenant, settings: &Settings) -> Outcome<Vec<(String, String)>> {
    let step = settings.users / UPDATES + 1;
    let patch = parse_patch(
        br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
            {"op":"replace","value":{"title":"Manager","nickName":"fresh"}}]}"#,
    )?;
    let ids = ids(settings, |number| number % step == 0 && !is_deleted(number))?;
    let updated = Mutex::new(Vec::new());
    at_once(&ids, &|id| {
        let written = tenant.modify("User", id, &patch, &WriteOptions::default())?.representation;
        let modified = written.last_modified.ok_or("a whole resource has a date")?.to_string();
        updated.lock().map_err(|_| "a thread panicked")?.push((id.clone(), modified));
        Ok(())
    })?;
    Ok(updated.into_inner().map_err(|_| "a thread panicked")?)
}
