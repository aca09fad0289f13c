//! The workloads, in the order in which they build on each other.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use scimdb::engine::{ImportOptions, ReadOptions, WriteOptions};
use scimdb::message::{ResourceInput, SearchRequest, parse_patch};
use scimdb::{Error, ErrorKind, Result, Store, StoreOptions, Tenant};

use super::figures::Report;
use super::people::{Dice, People};
use super::samples::{Samples, Watch};
use crate::Settings;

/// Users of whom each is in five groups, and the members of each of those groups.
const IN_FIVE: (usize, usize) = (10_000, 1_000);
/// Writers that write at once.
const WRITERS: usize = 64;
/// How often the writers' workloads are measured.
const ROUNDS: usize = 5;

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A store that is measured.
pub struct Bench {
    settings: Settings,
    tenant: Tenant,
    people: People,
    /// Id and userName of the users that were imported.
    users: Vec<(String, String)>,
    /// The number of the next user to be created.
    next: AtomicUsize,
    dice: Dice,
    report: Report,
}

impl Bench {
    pub fn open(settings: Settings) -> Result<Self> {
        let mut options = StoreOptions::default();
        options.cache_bytes = settings.cache_bytes;
        let tenant = Store::open(settings.directory.join("store"), options)?.tenant("default")?;
        let next = AtomicUsize::new(settings.users);
        let (people, dice) = (People::new(42), Dice::new(7));
        Ok(Bench { settings, tenant, people, users: Vec::new(), next, dice, report: Report::default() })
    }

    pub fn run(mut self) -> Result<Report> {
        self.import_users()?;
        self.get("get by id, user without groups", 0..self.settings.users)?;
        self.import_groups()?;
        self.get("get by id, user in five groups", 0..IN_FIVE.0)?;
        self.search()?;
        self.writers()?;
        Ok(self.report)
    }

    fn import(&mut self, name: &str, rows: Vec<Vec<u8>>, count: usize) -> Result<()> {
        let watch = Watch::start();
        let mut importer = self.tenant.import(ImportOptions::default())?;
        for (row, json) in rows.into_iter().enumerate() {
            importer.push(row as u64 + 1, json)?;
        }
        let (report, rejects) = importer.finish()?;
        self.report.add_rate(name, count, watch);
        match rejects.into_iter().next() {
            Some(reject) => Err(reject.error),
            None if report.created == 0 => Err(Error::new(ErrorKind::Internal, "nothing was imported")),
            None => Ok(()),
        }
    }

    fn import_users(&mut self) -> Result<()> {
        let mut rows = Vec::with_capacity(self.settings.users);
        for number in 0..self.settings.users {
            let person = self.people.person(number);
            self.users.push((person.id, person.user_name));
            rows.push(person.json);
        }
        let count = rows.len();
        self.import("import, per user", rows, count)
    }

    fn import_groups(&mut self) -> Result<()> {
        let (users, size) = IN_FIVE;
        let mut rows = Vec::new();
        for group in 0..users * 5 / size {
            // The five groups of a user share no other order: each goes through the users with a step of its own.
            let first = group * size;
            let members = (first..first + size).map(|place| place * 7 % users);
            rows.push(self.group(&format!("five-{group}"), members));
        }
        self.import("import, per member of groups of 1,000", rows, users * 5)?;
        let all = 0..self.settings.users;
        let rows = vec![self.group("ten", 0..10), self.group("all", all)];
        self.import("import, per member of one group of all", rows, self.settings.users)
    }

    fn group(&self, id: &str, members: impl Iterator<Item = usize>) -> Vec<u8> {
        let id_of = |number: usize| self.users.get(number).map(|(id, _)| id);
        let members: Vec<String> = members.filter_map(id_of).map(|id| format!(r#"{{"value":"{id}"}}"#)).collect();
        let members = members.join(",");
        format!(r#"{{"schemas":["{GROUP}"],"id":"{id}","displayName":"{id}","members":[{members}]}}"#).into_bytes()
    }

    fn any_user(&mut self, among: std::ops::Range<usize>) -> (&str, &str) {
        let number = among.start + self.dice.below(among.len());
        self.users.get(number).map_or(("", ""), |(id, name)| (id, name))
    }

    fn get(&mut self, name: &str, among: std::ops::Range<usize>) -> Result<()> {
        let ids: Vec<String> = (0..20_000).map(|_| self.any_user(among.clone()).0.to_owned()).collect();
        let options = ReadOptions::default();
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(Samples::of(ids.len(), |index| {
                let id = ids.get(index).map_or("", String::as_str);
                self.tenant.get("User", id, &options).map(drop)
            })?);
        }
        self.report.add(name, &rounds);
        Ok(())
    }

    fn search(&mut self) -> Result<()> {
        let users = 0..self.settings.users;
        let filters: Vec<String> =
            (0..5_000).map(|_| format!("userName eq \"{}\"", self.any_user(users.clone()).1)).collect();
        let find = |filter: &str| -> Result<u64> {
            let request = SearchRequest { filter: Some(filter.to_owned()), ..SearchRequest::default() };
            Ok(self.tenant.search(Some("User"), &request)?.total_results)
        };
        let exact = Samples::of(filters.len(), |index| match find(filters.get(index).map_or("", String::as_str))? {
            1 => Ok(()),
            found => Err(Error::new(ErrorKind::Internal, format!("found {found} instead of one"))),
        })?;
        let watch = Watch::start();
        for _ in 0..ROUNDS {
            find("title co \"zq\"")?;
        }
        self.report.add("search userName eq", &[exact]);
        self.report.add_rate("search title co, per user scanned", ROUNDS * self.settings.users, watch);
        Ok(())
    }

    /// One writer, and many, in turns with the control, so that all of them see the same disk.
    fn writers(&mut self) -> Result<()> {
        let edits = self.member_edits()?;
        let quiet = WriteOptions { excluded_attributes: vec!["members".to_owned()], ..WriteOptions::default() };
        let mut rounds: [Vec<Samples>; 7] = Default::default();
        for _ in 0..ROUNDS {
            let samples = [
                self.control()?,
                self.at_once(1, &|bench, _| bench.create())?,
                self.at_once(WRITERS, &|bench, _| bench.create())?,
                self.at_once(1, &Bench::rename)?,
                self.at_once(WRITERS, &Bench::rename)?,
                self.edit_members("ten", 100, &edits, &quiet)?,
                self.edit_members("all", 100, &edits, &quiet)?,
            ];
            rounds.iter_mut().zip(samples).for_each(|(rounds, samples)| rounds.push(samples));
        }
        let names = [
            "control: append 4 KiB and fdatasync",
            "create, one writer",
            "create, 64 writers",
            "PATCH displayName, one writer",
            "PATCH displayName, 64 writers",
            "PATCH one member, group of 10",
            "PATCH one member, group of all",
        ];
        names.iter().zip(rounds).for_each(|(name, rounds)| self.report.add(name, &rounds));
        let shown = self.edit_members("all", 4, &edits, &WriteOptions::default())?;
        self.report.add("the same, answered with all members", &[shown]);
        Ok(())
    }

    /// What the disk takes for the least that is durable.
    fn control(&self) -> Result<Samples> {
        let failed = |error: std::io::Error| Error::new(ErrorKind::Io, error.to_string());
        let path = self.settings.directory.join("control");
        let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        Samples::of(100, |_| {
            file.write_all(&[7; 4_096]).map_err(failed)?;
            file.sync_data().map_err(failed)
        })
    }

    fn at_once(&self, writers: usize, work: &(dyn Fn(&Self, &mut Dice) -> Result<Duration> + Sync)) -> Result<Samples> {
        let mut all = Samples::default();
        let watch = Watch::start();
        let end = Instant::now() + self.settings.round;
        let parts: Vec<Result<Samples>> = std::thread::scope(|scope| {
            let spawn = |_| {
                let mut dice = Dice::new(self.next.fetch_add(1, Ordering::Relaxed) as u64);
                scope.spawn(move || {
                    let mut samples = Samples::default();
                    while Instant::now() < end {
                        samples.push(work(self, &mut dice)?);
                    }
                    Ok(samples)
                })
            };
            let threads: Vec<_> = (0..writers).map(spawn).collect();
            let gone = || Err(Error::new(ErrorKind::Internal, "a writer panicked"));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| gone())).collect()
        });
        watch.stop(&mut all);
        for part in parts {
            all.merge(part?);
        }
        Ok(all)
    }

    fn create(&self) -> Result<Duration> {
        let person = self.people.person(self.next.fetch_add(1, Ordering::Relaxed));
        let start = Instant::now();
        self.tenant.create("User", ResourceInput::from_json(&person.json)?, &WriteOptions::default())?;
        Ok(start.elapsed())
    }

    fn rename(&self, dice: &mut Dice) -> Result<Duration> {
        let id = self.users.get(dice.below(self.users.len())).map_or("", |(id, _)| id);
        let value = format!(r#"{{"op":"replace","path":"displayName","value":"{:x}"}}"#, dice.next());
        let start = Instant::now();
        self.patch("User", id, &value, &WriteOptions::default())?;
        Ok(start.elapsed())
    }

    fn patch(&self, kind: &str, id: &str, operation: &str, options: &WriteOptions) -> Result<()> {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        let patch = parse_patch(format!(r#"{{"schemas":["{schema}"],"Operations":[{operation}]}}"#).as_bytes())?;
        if self.tenant.modify(kind, id, &patch, options)?.changed {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "the PATCH changed nothing"))
    }

    /// The operations that add a new user to a group, and remove it.
    fn member_edits(&self) -> Result<[String; 2]> {
        let person = self.people.person(self.next.fetch_add(1, Ordering::Relaxed));
        let id = self.tenant.create("User", ResourceInput::from_json(&person.json)?, &WriteOptions::default())?.id;
        Ok([
            format!(r#"{{"op":"add","path":"members","value":[{{"value":"{id}"}}]}}"#),
            format!(r#"{{"op":"remove","path":"members[value eq \"{id}\"]"}}"#),
        ])
    }

    /// One member more and one less, in turns: an even number of times.
    fn edit_members(&self, group: &str, times: usize, edits: &[String; 2], options: &WriteOptions) -> Result<Samples> {
        let [add, remove] = edits;
        Samples::of(times, |index| self.patch("Group", group, if index % 2 == 0 { add } else { remove }, options))
    }
}
