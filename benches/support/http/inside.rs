//! The same calls in this process, without a socket: to the store itself, and as requests to the protocol.

use std::time::{Duration, Instant};

use scimdb::Tenant;
use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::message::{ResourceInput, SearchRequest};
use scimdb::protocol::{Context, Request, handle};

use super::Outcome;
use super::work::{Ask, Users, Work};
use crate::support::people::Dice;
use crate::support::samples::{Samples, Watch};

/// Where locations begin: as long as those of the server.
const BASE: &str = "http://127.0.0.1:65535/scim/v2";

/// Calls to the store.
pub fn store(tenant: &Tenant, users: &Users, work: Work, seconds: f64) -> Outcome<Samples> {
    repeat(users, work, seconds, |ask| {
        let base = BASE.to_owned();
        let start = Instant::now();
        let json = match ask {
            Ask::Get(id) => tenant.get("User", id, &ReadOptions { base, ..ReadOptions::default() })?.json,
            Ask::List { filter, is_page, .. } => {
                let (count, sort_by) =
                    if is_page { (Some(Users::PAGE as i64), Some("userName".to_owned())) } else { (None, None) };
                let request = SearchRequest { filter: Some(filter), count, sort_by, base, ..SearchRequest::default() };
                tenant.search(Some("User"), &request)?.to_json()
            }
            Ask::Create(person) => {
                let options = WriteOptions { base, ..WriteOptions::default() };
                tenant.create("User", ResourceInput::from_json(&person.json)?, &options)?.json
            }
        };
        let elapsed = start.elapsed();
        if json.is_empty() { Err("an empty answer".into()) } else { Ok(elapsed) }
    })
}

/// Requests to the protocol.
pub fn protocol(tenant: &Tenant, users: &Users, work: Work, seconds: f64) -> Outcome<Samples> {
    let context = Context { base: BASE.to_owned(), ..Context::default() };
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    repeat(users, work, seconds, |ask| {
        let (method, target, body) = match ask {
            Ask::Get(id) => ("GET", format!("/Users/{id}"), Vec::new()),
            Ask::List { filter, is_page: false, .. } => {
                ("GET", format!("/Users?filter={}", encoded(&filter)), Vec::new())
            }
            Ask::List { filter, is_page: true, .. } => {
                let page = Users::PAGE;
                ("GET", format!("/Users?filter={}&count={page}&sortBy=userName", encoded(&filter)), Vec::new())
            }
            Ask::Create(person) => ("POST", "/Users".to_owned(), person.json),
        };
        let headers = [("host", "127.0.0.1:65535"), ("content-type", "application/scim+json")];
        let start = Instant::now();
        let answer = handle(tenant, &Request { method, target: &target, headers: &headers, body: &body }, &context);
        let elapsed = start.elapsed();
        if matches!(answer.status, 200 | 201) { Ok(elapsed) } else { Err(answer.body.into()) }
    })
}

fn repeat(
    users: &Users,
    work: Work,
    seconds: f64,
    mut once: impl FnMut(Ask<'_>) -> Outcome<Duration>,
) -> Outcome<Samples> {
    let mut dice = Dice::new(10);
    for _ in 0..50 {
        once(users.ask(work, &mut dice))?;
    }
    let mut samples = Samples::default();
    let watch = Watch::start();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        samples.push(once(users.ask(work, &mut dice))?);
    }
    watch.stop(&mut samples);
    Ok(samples)
}
