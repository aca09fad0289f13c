//! Runs the phases one by one, each in a process of its own, checks what they answered, and gathers what they measured.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use super::args::Settings;
use super::data::{self, Record};
use super::reading::is_deleted;
use super::{Outcome, machine, oracle, queries, table};

/// Sizes that show growth, below the one asked for.
const SIZES: [usize; 2] = [10_000, 100_000];

pub fn run(settings: &Settings) -> Outcome<()> {
    if let Some(path) = &settings.write {
        return data::write(path, settings.users);
    }
    let peers = settings.peers.as_deref().map(read_json).transpose()?;
    // Held until the end: it removes what was made.
    let temporary = if settings.keep.is_none() { Some(tempfile::tempdir()?) } else { None };
    let work = settings.keep.clone().or_else(|| Some(temporary.as_ref()?.path().to_owned()));
    let mut settings = Settings { work: work.ok_or("no directory")?, ..settings.clone() };
    std::fs::create_dir_all(&settings.work)?;
    if settings.store().exists() {
        return Err(format!("there is a store in {} already", settings.work.display()).into());
    }
    let mut report = Map::new();
    report.insert("about".to_owned(), about(&settings));
    if settings.input.is_none() {
        eprintln!("making {} users", settings.users);
        data::write(&settings.data(), settings.users)?;
        settings.input = Some(settings.data());
    }
    eprintln!("reading them for the oracle");
    let mut users = data::read(&settings.data(), settings.users)?;
    let control = machine::control(&settings.work, 200)?;
    report.insert("control".to_owned(), machine::percentiles(&control));
    report.insert("load".to_owned(), phase(&settings, "load", "loading")?);
    let base = queried(&settings, "read", "searching", &mut users)?;
    if let Some(peers) = &peers {
        compare(&base, peers, settings.users)?;
    }
    report.insert("base".to_owned(), base);
    if !settings.quick {
        users.iter_mut().enumerate().for_each(|(number, user)| user.deleted = is_deleted(number));
        let deletes = queried(&settings, "deletes", "deleting 5 % and searching", &mut users)?;
        report.insert("deletes".to_owned(), deletes);
        let recent = queried(&settings, "recent", "searching with 900 fresh updates", &mut users)?;
        report.insert("recent".to_owned(), recent);
        report.insert("writes".to_owned(), phase(&settings, "writes", "writing, and searching beside writers")?);
        report.insert("killed".to_owned(), kill(&settings)?);
        let growth: Vec<Json> = SIZES
            .into_iter()
            .filter(|size| *size < settings.users)
            .map(|size| smaller(&settings, size))
            .collect::<Outcome<_>>()?;
        report.insert("growth".to_owned(), growth.into());
    }
    if let Some(peers) = peers {
        report.insert("peers".to_owned(), peers);
    }
    let report = Json::Object(report);
    print!("{}", table::show(&report));
    if let Some(path) = &settings.json {
        std::fs::write(path, format!("{report:#}\n"))?;
    }
    Ok(())
}

fn about(settings: &Settings) -> Json {
    let mut about = machine::about();
    if let Some(about) = about.as_object_mut() {
        about.insert("users".to_owned(), json!(settings.users));
        about.insert("cache_mib".to_owned(), json!(settings.options().cache_bytes >> 20));
        about.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        about.insert("input".to_owned(), json!(settings.input.is_some()));
    }
    about
}

fn read_json(path: &Path) -> Outcome<Json> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// This program once more, for one phase. What was asked for comes first: a later option wins.
fn child(settings: &Settings, phase: &str) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args().skip(1)).arg("--phase").arg(phase).arg("--work").arg(&settings.work);
    command.arg("--users").arg(settings.users.to_string()).arg("--input").arg(settings.data());
    Ok(command)
}

/// Runs a phase to its end, and reads what it measured.
fn phase(settings: &Settings, name: &str, text: &str) -> Outcome<Json> {
    eprintln!("{text}");
    if !child(settings, name)?.status()?.success() {
        return Err(format!("the phase {name} failed").into());
    }
    read_json(&settings.work.join("phase.json"))
}

/// Runs a phase that answers the queries, and checks its answers.
fn queried(settings: &Settings, name: &str, text: &str, users: &mut [Record]) -> Outcome<Json> {
    let plan = queries::plan(settings, users)?;
    std::fs::write(settings.work.join("plan.json"), queries::to_json(&plan).to_string())?;
    let mut figures = phase(settings, name, text)?;
    let object = figures.as_object_mut().ok_or("a phase told nothing")?;
    let (answers, updated) = (object.remove("answers"), object.remove("updated"));
    apply(users, updated.as_ref())?;
    let start = Instant::now();
    let answers = answers.ok_or("a phase answered nothing")?;
    oracle::check(users, &plan, &answers)?;
    eprintln!("  all answers are the oracle's ({:.1} s)", start.elapsed().as_secs_f64());
    for query in &plan {
        let total = answers.get(&query.id).and_then(|answers| answers.get(0)).and_then(|answer| answer.get("total"));
        if let Some(Json::Object(of_query)) = object.get_mut("queries").and_then(|all| all.get_mut(&query.id)) {
            of_query.insert("total".to_owned(), total.cloned().unwrap_or_default());
        }
    }
    Ok(figures)
}

/// Sees to it that the peers found as many users: figures of other users would say nothing.
fn compare(base: &Json, peers: &Json, users: usize) -> Outcome<()> {
    if peers.get("users") != Some(&json!(users)) {
        eprintln!("  the peers' figures are of another number of users, and not shown");
        return Ok(());
    }
    for (name, peer) in peers.get("peers").and_then(Json::as_object).into_iter().flatten() {
        for (id, query) in peer.get("queries").and_then(Json::as_object).into_iter().flatten() {
            let ours = base.pointer(&format!("/queries/{id}/total"));
            if ours.is_some() && ours != query.get("total") {
                return Err(format!("{id}: {name} did not find as many users: it had others").into());
            }
        }
    }
    eprintln!("  and as many as the peers found");
    Ok(())
}

/// Does to the oracle's users what the phase did to the store's.
fn apply(users: &mut [Record], updated: Option<&Json>) -> Outcome<()> {
    let updated = updated.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |change: &Json, place: usize| change.get(place).and_then(Json::as_str).unwrap_or_default().to_owned();
    let changes: std::collections::HashMap<String, String> =
        updated.iter().map(|change| (text(change, 0), data::instant(&text(change, 1)))).collect();
    for user in users.iter_mut() {
        if let Some(modified) = changes.get(&user.id) {
            user.last_modified.clone_from(modified);
            user.title = Some("manager".to_owned());
        }
    }
    Ok(())
}

/// Kills a process in the midst of writing, as `kill -9` does, and opens what it left.
fn kill(settings: &Settings) -> Outcome<Json> {
    eprintln!("killing a writer");
    let mut writer = child(settings, "killed")?.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(stdout) = writer.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    std::thread::sleep(Duration::from_secs(2));
    writer.kill()?;
    writer.wait()?;
    if line.trim() != "writing" {
        return Err("the process that was to be killed did not write".into());
    }
    phase(settings, "open", "opening what it left")
}

/// The first users alone, in a store of their own.
fn smaller(settings: &Settings, size: usize) -> Outcome<Json> {
    let work = settings.work.join(format!("first-{size}"));
    std::fs::create_dir_all(&work)?;
    let settings = Settings { users: size, work: work.clone(), ..settings.clone() };
    let mut users = data::read(&settings.data(), size)?;
    let load = phase(&settings, "load", &format!("loading {size}"))?;
    let base = queried(&settings, "read", &format!("searching {size}"), &mut users)?;
    std::fs::remove_dir_all(work)?;
    Ok(json!({"users": size, "load": load, "base": base}))
}
