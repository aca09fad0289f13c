//! The run: loads the store, measures in this process, then serves it from another one and measures that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scimdb::engine::{DEFAULT_TENANT, ImportOptions, Scope, TokenOptions};
use scimdb::{Store, StoreOptions, Tenant};
use serde_json::{Value as Json, json};

use super::args::Settings;
use super::figures::{Figure, Figures};
use super::http1::{self, Load, Target};
use super::peer::Peer;
use super::process::Process;
use super::work::{Users, Work};
use super::{Outcome, grpc, inside};
use crate::support::samples::Samples;
use crate::support::search::machine;

pub fn run(settings: &Settings) -> Outcome<()> {
    // Held until the end: it removes what was made.
    let temporary = if settings.keep.is_none() { Some(tempfile::tempdir()?) } else { None };
    let work = match (&settings.keep, &temporary) {
        (Some(keep), _) => keep.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => return Err("there is no directory to work in".into()),
    };
    std::fs::create_dir_all(&work)?;
    let mut about = machine::about();
    if let Some(about) = about.as_object_mut() {
        about.insert("users".to_owned(), json!(settings.users));
        about.insert("connections".to_owned(), json!(settings.connections));
        about.insert("client_threads".to_owned(), json!(settings.threads));
        about.insert("token".to_owned(), json!(!settings.no_token));
        about.insert("logs_calls".to_owned(), json!(!settings.quiet));
    }
    let users = Arc::new(Users::new(settings.users));
    let mut figures = Figures::default();
    let token = load(settings, &work, &users)?;
    figures.control(machine::control(&work, 500)?);
    within(settings, &work, &users, &mut figures)?;
    served(settings, &work, &users, token.as_deref(), &mut figures)?;
    let peer = settings.faces("peer").then(|| beside(settings, &mut figures)).transpose()?.flatten();
    if let Some(about) = about.as_object_mut() {
        about.insert("peer".to_owned(), json!(peer));
    }
    tell(settings, &figures, &about)
}

fn tell(settings: &Settings, figures: &Figures, about: &Json) -> Outcome<()> {
    if let Some(path) = &settings.json {
        std::fs::write(path, format!("{:#}\n", figures.json(about)))?;
    }
    println!("{about}\n{}", figures.table());
    Ok(())
}

fn tenant(store: &Store) -> Outcome<Tenant> {
    Ok(store.tenant(DEFAULT_TENANT)?)
}

/// Loads the users, unless they are there from an earlier run. Gives a token, if calls are to have one.
fn load(settings: &Settings, work: &Path, users: &Users) -> Outcome<Option<String>> {
    let store = Store::open(work.join("store"), StoreOptions::default())?;
    let there: u64 = tenant(&store)?.stats()?.resources.iter().map(|(_, count)| count).sum();
    let there = usize::try_from(there)?;
    if there >= users.len() && settings.keep.is_some() {
        users.go_on_at(there);
    } else {
        let mut importer = tenant(&store)?.import(ImportOptions { restore: true, ..ImportOptions::default() })?;
        for number in 0..users.len() {
            importer.push(number as u64 + 1, users.person(number).json)?;
        }
        if let Some(reject) = importer.finish()?.1.into_iter().next() {
            return Err(format!("user {}: {}", reject.row, reject.error).into());
        }
    }
    if !store.wait_for_index(Duration::from_secs(600))? {
        return Err("the index was not made within ten minutes".into());
    }
    let token = (!settings.no_token).then(|| token(&tenant(&store)?)).transpose()?;
    store.close()?;
    Ok(token)
}

fn token(tenant: &Tenant) -> Outcome<String> {
    const NAME: &str = "bench";
    if tenant.tokens()?.iter().any(|token| token.name == NAME) {
        tenant.revoke_token(NAME)?;
    }
    let options = TokenOptions::of_scope(Scope::Write);
    Ok(tenant.create_token(NAME, options)?.secret)
}

/// What measures calls in this process.
type Inside = fn(&Tenant, &Users, Work, f64) -> Outcome<Samples>;

/// In this process.
fn within(settings: &Settings, work: &Path, users: &Users, figures: &mut Figures) -> Outcome<()> {
    if !settings.faces("inside") {
        return Ok(());
    }
    let store = Store::open(work.join("store"), StoreOptions::default())?;
    let tenant = tenant(&store)?;
    for line in Work::ALL.into_iter().filter(|line| settings.wants(line.name())) {
        let faces: [(&str, Inside); 2] =
            [("in process, store", inside::store), ("in process, protocol", inside::protocol)];
        for (face, measure) in faces {
            let samples = measure(&tenant, users, line, settings.seconds)?;
            let face = face.to_owned();
            figures.add(Figure { face, work: line, calls: 1, users: settings.users, samples, server_cpu: None });
        }
    }
    store.wait_for_index(Duration::from_secs(600))?;
    Ok(store.close()?)
}

/// Measures what a server does, and what it uses of the processors for it.
fn costing(server: Option<&Process>, measure: impl FnOnce() -> Outcome<Samples>) -> Outcome<(Samples, Option<f64>)> {
    let used = || server.and_then(Process::processor_time);
    let before = used();
    let samples = measure()?;
    let cost = used().zip(before).map(|(after, before)| after.saturating_sub(before));
    let each = cost.map(|cost| cost.as_secs_f64() * 1e6 / samples.len().max(1) as f64);
    Ok((samples, each))
}

/// By `scimdb serve`.
fn served(
    settings: &Settings,
    work: &Path,
    users: &Arc<Users>,
    token: Option<&str>,
    figures: &mut Figures,
) -> Outcome<()> {
    let server = Process::serve(&work.join("store"), work, settings.quiet, token.is_some())?;
    let authorization = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    let target = Target { address: server.address, base: "/scim/v2".to_owned(), authorization };
    let grpc = grpc::Target { address: server.address, token: token.map(str::to_owned) };
    let Settings { connections, threads, calls, seconds, .. } = *settings;
    for line in Work::ALL.into_iter().filter(|line| settings.wants(line.name())) {
        let mut add = |face: &str, calls: usize, measure: &dyn Fn() -> Outcome<Samples>| -> Outcome<()> {
            let (samples, server_cpu) = costing(Some(&server), measure)?;
            let face = face.to_owned();
            figures.add(Figure { face, work: line, calls, users: settings.users, samples, server_cpu });
            Ok(())
        };
        if settings.faces("http") {
            let load = Load { connections, threads, seconds };
            add("HTTP/1.1", 1, &|| http1::alone(&target, users, line, seconds))?;
            add("HTTP/1.1", connections, &|| http1::many(&target, users, line, load))?;
        }
        if settings.faces("grpc") {
            add("gRPC", 1, &|| grpc::alone(&grpc, users, line, seconds))?;
            add("gRPC", calls, &|| grpc::many(&grpc, users, line, calls, seconds))?;
        }
    }
    Ok(())
}

/// By another server, if there is one: its name.
fn beside(settings: &Settings, figures: &mut Figures) -> Outcome<Option<String>> {
    let peer = match (&settings.peer_command, &settings.peer) {
        (Some(command), _) => Peer::start(command, settings.peer_users)?,
        (None, Some(url)) => Peer::at(url, settings.peer_users)?,
        (None, None) => return Ok(None),
    };
    for line in Work::ALL.into_iter().filter(|line| settings.wants(line.name())) {
        let load = Load { connections: settings.peer_connections, threads: 1, seconds: settings.seconds };
        let alone = || http1::alone(&peer.target, &peer.users, line, settings.seconds);
        let many = || http1::many(&peer.target, &peer.users, line, load);
        let measures: [(usize, &dyn Fn() -> Outcome<Samples>); 2] = [(1, &alone), (load.connections, &many)];
        for (calls, measure) in measures {
            let (samples, server_cpu) = costing(peer.process.as_ref(), measure)?;
            let (face, users) = (peer.name.clone(), settings.peer_users);
            figures.add(Figure { face, work: line, calls, users, samples, server_cpu });
        }
    }
    Ok(Some(peer.name))
}
