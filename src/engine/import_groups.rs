//! The groups of an import: they wait for their members, and may name each other in any order.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::import::{Decision, OnConflict, Outcome, Reject, Row, Terms, caller_faults, decide, replace};
use super::rows::find;
use super::storage::Transaction;
use super::write::{NewResource, complete, insert};
use crate::patch::MemberEdit;
use crate::{Error, ErrorKind, Result};

/// Bytes of groups after which those whose members are there are stored, rather than at the end.
const PART_BYTES: usize = 64 << 20;
/// Bytes of groups that may wait for members after that: stops an import that names members which never come from
/// filling the memory.
const MOST_WAITING_BYTES: usize = 256 << 20;
/// Attempts to store groups. The second is the last but for rows that have the same id or unique value and fail each
/// for the other's sake: stops a file of those from holding the writer.
const ATTEMPTS: usize = 8;

/// A row that waits: its number, and the row as it was given.
type WaitingRow = (u64, Vec<u8>);

/// Groups that wait for members.
pub(super) struct WaitingGroups {
    rows: Vec<WaitingRow>,
    bytes: usize,
    /// Bytes at which it is time to store what can be stored.
    due: usize,
    part: usize,
    most: usize,
}

impl Default for WaitingGroups {
    fn default() -> Self {
        WaitingGroups { rows: Vec::new(), bytes: 0, due: PART_BYTES, part: PART_BYTES, most: MOST_WAITING_BYTES }
    }
}

impl WaitingGroups {
    /// With other limits than the usual ones, in bytes.
    #[cfg(test)]
    pub(super) fn with_limits(part: usize, most: usize) -> Self {
        WaitingGroups { due: part, part, most, ..WaitingGroups::default() }
    }

    /// Whether groups should be stored before another one of this length is added.
    pub(super) fn is_due(&self, bytes: usize) -> bool {
        !self.is_full() && !self.rows.is_empty() && self.bytes + bytes > self.due
    }

    /// Whether too many are left that could not be stored. They are tried again in the end, and not with each new row.
    fn is_full(&self) -> bool {
        self.due > self.most.saturating_add(self.part)
    }

    /// Adds a row, or gives it back.
    pub(super) fn add(&mut self, number: u64, json: Vec<u8>) -> std::result::Result<(), (Error, Vec<u8>)> {
        if self.is_full() {
            let most = self.most >> 20;
            let detail =
                format!("more than {most} MiB of groups wait for members: import groups in parts, members first");
            return Err((Error::new(ErrorKind::PayloadTooLarge, detail), json));
        }
        self.bytes += json.len();
        self.rows.push((number, json));
        Ok(())
    }

    pub(super) fn take(&mut self) -> Vec<WaitingRow> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }

    /// Takes back what could not be stored yet.
    pub(super) fn put_back(&mut self, rows: Vec<WaitingRow>) {
        self.bytes = rows.iter().map(|(_, json)| json.len()).sum();
        self.due = self.bytes + self.part;
        self.rows = rows;
    }
}

/// Whether rows may still come after these.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A group whose members are not there goes on waiting.
    Early,
    /// It is rejected.
    Last,
}

/// Why a group cannot be stored.
enum Failure {
    Own(Error),
    /// This member is not there.
    Missing(String),
}

/// Stores groups, which may name each other in any order: first the new ones without members, then the members. A group
/// that fails takes no part in another attempt, and neither do those that count on it, directly or through others.
/// Answers what became of the rows, and which go on waiting.
pub(super) fn store_groups(
    txn: &mut Transaction<'_>,
    terms: &Terms,
    rows: Vec<Row>,
    part: Part,
) -> Result<(Vec<Outcome>, Vec<WaitingRow>)> {
    let mut failed = HashMap::new();
    let mut stored = None;
    let mut dependents = None;
    for _ in 0..ATTEMPTS {
        let fell_out = match attempt(txn, terms, &rows, &failed)? {
            Ok(outcomes) => {
                stored = Some(outcomes);
                break;
            }
            Err(fell_out) => fell_out,
        };
        let dependents = match &mut dependents {
            Some(dependents) => dependents,
            None => dependents.insert(Dependents::new(txn, terms, &rows)?),
        };
        dependents.spread(fell_out, &mut failed);
    }
    let unsettled = stored.is_none();
    let mut outcomes = stored.unwrap_or_default();
    drop(dependents);
    let mut waiting = Vec::new();
    for (index, Row { number, json, .. }) in rows.into_iter().enumerate() {
        let error = match failed.remove(&index) {
            Some(Failure::Missing(_)) if part == Part::Early => {
                waiting.push((number, json));
                continue;
            }
            Some(Failure::Missing(id)) => missing(&id),
            Some(Failure::Own(error)) => error,
            None if unsettled => entangled(),
            None => continue,
        };
        outcomes.push(Outcome::Rejected(Box::new(Reject { row: number, error, input: json })));
    }
    Ok((outcomes, waiting))
}

fn missing(id: &str) -> Error {
    let detail = format!("no resource, and no row that could be imported, has the id \"{id}\"");
    Error::new(ErrorKind::InvalidValue, detail).on("members.value")
}

fn entangled() -> Error {
    let detail =
        "too many groups have the same id or unique value and fail for each other's sake: import them in parts";
    Error::new(ErrorKind::InvalidValue, detail)
}

/// Why rows cannot be stored, by their place.
type Failures = HashMap<usize, Failure>;
/// What became of the rows of an attempt, or which rows made it fail.
type Attempt = std::result::Result<Vec<Outcome>, Vec<(usize, Failure)>>;

/// Stores all groups but those that failed before. Unless all succeed nothing is stored, and the answer is who failed.
fn attempt(txn: &mut Transaction<'_>, terms: &Terms, rows: &[Row], failed: &Failures) -> Result<Attempt> {
    txn.nested_if(|txn| {
        let mut outcomes = Vec::new();
        let mut fell_out = Vec::new();
        let mut places = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(index, _)| !failed.contains_key(index)) {
            match caller_faults(txn.nested(|txn| place_group(txn, terms, row)))? {
                Ok(place) => places.push((index, row, place)),
                Err(error) => fell_out.push((index, Failure::Own(error))),
            }
        }
        for (index, row, place) in places {
            match caller_faults(txn.nested(|txn| fill_group(txn, terms, row, place)))? {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => fell_out.push((index, failure(txn, terms, row, error)?)),
            }
        }
        let is_whole = fell_out.is_empty();
        Ok((if is_whole { Ok(outcomes) } else { Err(fell_out) }, is_whole))
    })
}

/// Tells a group that only lacks a member from one that is wrong.
fn failure(txn: &Transaction<'_>, terms: &Terms, row: &Row, error: Error) -> Result<Failure> {
    if error.attribute() != Some("members.value") {
        return Ok(Failure::Own(error));
    }
    for id in &row.new.members {
        if find(txn, terms.tenant.state.id, id)?.is_none() {
            return Ok(Failure::Missing(id.clone()));
        }
    }
    Ok(Failure::Own(error))
}

/// Who counts on whom among the groups of an import.
struct Dependents<'r> {
    rows: &'r [Row],
    /// How many rows would make an id, of those that have not failed.
    makers: HashMap<&'r str, usize>,
    /// The rows that name an id as a member, of ids that only rows of this import can make.
    named_by: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Dependents<'r> {
    fn new(txn: &Transaction<'_>, terms: &Terms, rows: &'r [Row]) -> Result<Self> {
        let mut makers: HashMap<&str, usize> = HashMap::new();
        for row in rows {
            if find(txn, terms.tenant.state.id, &row.new.id)?.is_none() {
                *makers.entry(&row.new.id).or_default() += 1;
            }
        }
        let mut named_by: HashMap<&str, Vec<usize>> = HashMap::new();
        let config = terms.tenant.state.config()?;
        for (index, row) in rows.iter().enumerate() {
            let scope = terms.scope(&config, config.type_of(row.kind)?);
            // What is skipped needs no members.
            if terms.options.on_conflict == OnConflict::Skip
                && matches!(decide(txn, scope, &terms.options, &row.new)?, Decision::Skip)
            {
                continue;
            }
            for id in row.new.members.iter().filter(|id| makers.contains_key(id.as_str())) {
                named_by.entry(id).or_default().push(index);
            }
        }
        Ok(Dependents { rows, makers, named_by })
    }

    /// Adds failures, and all that follow from them: each row and each of its members is looked at once in an import.
    /// What is wrong with a row itself is told before what it lacks.
    fn spread(&mut self, fell_out: Vec<(usize, Failure)>, failed: &mut Failures) {
        let mut open: Vec<usize> = fell_out.iter().map(|(index, _)| *index).collect();
        failed.extend(fell_out);
        while let Some(index) = open.pop() {
            let Some(row) = self.rows.get(index) else { continue };
            let id = row.new.id.as_str();
            let Some(makers) = self.makers.get_mut(id) else { continue };
            *makers = makers.saturating_sub(1);
            if *makers > 0 {
                continue;
            }
            for dependent in self.named_by.remove(id).unwrap_or_default() {
                if let Entry::Vacant(place) = failed.entry(dependent) {
                    place.insert(Failure::Missing(id.to_owned()));
                    open.push(dependent);
                }
            }
        }
    }
}

/// Makes a group without members, where it is new: its number in the change log then.
fn place_group(txn: &mut Transaction<'_>, terms: &Terms, row: &Row) -> Result<(Decision, u64)> {
    let config = terms.tenant.state.config()?;
    row.check_schemas(&config)?;
    let model = config.type_of(row.kind)?;
    let scope = terms.scope(&config, model);
    let decision = decide(txn, scope, &terms.options, &row.new)?;
    let mut sequence = 0;
    if matches!(decision, Decision::Insert) {
        // The host is asked about the whole group.
        let new = NewResource { members: Vec::new(), ..row.new.clone() };
        sequence = insert(txn, scope.unasked(), new)?.sequence;
    }
    Ok((decision, sequence))
}

/// Gives a group its members, once every group is there.
fn fill_group(
    txn: &mut Transaction<'_>,
    terms: &Terms,
    row: &Row,
    (place, sequence): (Decision, u64),
) -> Result<Outcome> {
    let config = terms.tenant.state.config()?;
    let model = config.type_of(row.kind)?;
    let scope = terms.scope(&config, model);
    match place {
        Decision::Insert if row.new.members.is_empty() && terms.host.is_none() => Ok(Outcome::Created),
        Decision::Insert => {
            let members = [MemberEdit::Add(row.new.members.clone())];
            complete(txn, scope, &row.new.id, &members, sequence).map(|()| Outcome::Created)
        }
        Decision::Replace(id) => replace(txn, scope, &id, row.new.clone()),
        Decision::Skip => Ok(Outcome::Skipped),
    }
}
