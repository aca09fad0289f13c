//! Bulk (RFC 7644 section 3.7): one commit for all operations, each of which succeeds or fails on its own.
//!
//! Resources to be created get their ids before anything runs, so that a `bulkId` can be replaced wherever it stands.
//! An operation waits for those that it refers to; where they wait for each other (section 3.7.1), a group is created
//! without the members that are not there yet, and gets them once they are.

mod ids;

use std::collections::HashMap;
use std::sync::Arc;

use ids::BulkIds;
use percent_encoding::percent_decode_str;

use super::config::Config;
use super::consult::{Host, copy, ends_all};
use super::modify::{Hashes, modify_in, patch_of};
use super::replace::replace_by;
use super::settle::check_not_in_use;
use super::storage::Transaction;
use super::tenant::{Draft, DraftOptions, scope};
use super::write::{check_version, complete, insert, load, remove, tag_of};
use super::{Tenant, WriteOptions};
use crate::message::{BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, RefusedOperation};
use crate::model::{EntityTag, Input, Object, Registry, VersionMatch};
use crate::patch::{Budget, MemberEdit, PatchRequest};
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

/// An operation of a request, or why it is none.
type Sent = Result<BulkOperation, RefusedOperation>;

/// What an operation does, once everything that needs no store is done.
#[derive(Clone)]
enum Action {
    Create(Draft, String),
    Replace(String, Draft),
    Modify(String, PatchRequest),
    Delete(String),
}

/// An operation, ready to run.
#[derive(Clone)]
struct Step {
    /// The resource type's number.
    kind: u16,
    action: Action,
    if_match: Option<VersionMatch>,
    /// The operations, by position, whose resources it refers to.
    waits_for: Vec<usize>,
    /// Those before it that name the resource it changes: what waits must not be overtaken by what comes after it.
    follows: Vec<usize>,
}

/// What an operation left: the version, and where the resource is.
#[derive(Clone)]
struct Made {
    status: u16,
    tag: Option<EntityTag>,
    location: String,
}

/// Where the operations stand.
#[derive(Default)]
struct Progress {
    results: Vec<Option<Result<Made>>>,
    errors: u64,
    /// Members that groups get once they are there: the group's operation, the ids, and the group's sequence.
    deferred: Vec<(usize, Vec<String>, u64)>,
    /// The passwords that are not hashed yet: all of them, so that one more attempt is enough.
    missing: Vec<String>,
    budget: Budget,
    /// Operations that turned out to fail after others had counted on them: in another attempt they fail at once.
    doomed: HashMap<usize, Error>,
}

impl Tenant {
    /// Carries out bulk operations (RFC 7644 section 3.7), in one commit.
    ///
    /// # Errors
    /// `PayloadTooLarge` for too many operations. What fails inside is in the response.
    pub fn bulk(&self, request: BulkRequest, options: &WriteOptions) -> Result<BulkResponse> {
        let most = self.limits()?.max_bulk_operations;
        let BulkRequest { fail_on_errors, operations } = request;
        if operations.len() > most {
            let detail = format!("{} operations; a bulk request has at most {most}: send several", operations.len());
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail).on("Operations"));
        }
        let config = self.state.config()?;
        let ids = BulkIds::assign(operations.iter().map(posted), &mut |index| {
            let made = operations.get(index).and_then(|operation| self.id_of(&config, operation).ok());
            made.unwrap_or_else(|| self.inner().env.new_id())
        });
        let heads: Vec<BulkResult> = operations.iter().map(|operation| head(operation, &ids)).collect();
        let prepare = |(index, operation)| self.prepare(&config, &ids, index, operation);
        let mut steps: Vec<Result<Step>> = operations.into_iter().enumerate().map(prepare).collect();
        keep_order(&mut steps);
        let steps = Arc::new(steps);
        let mut hashes = Hashes::new();
        let results = loop {
            let run = Run {
                tenant: self.clone(),
                registry: Arc::clone(&config.registry),
                steps: Arc::clone(&steps),
                actor: options.actor.clone(),
                version: config.profile.api_version(options.api_version),
                host: self.inner().host(),
                fail_on_errors: fail_on_errors.unwrap_or(u64::MAX).max(1),
                hashes: hashes.clone(),
            };
            let progress = self.inner().writer.write(move |txn| run.run(txn))?;
            if progress.missing.is_empty() {
                break progress.results;
            }
            self.hash_all(progress.missing, &mut hashes)?;
        };
        let done = heads.into_iter().zip(results).filter_map(|(head, result)| Some(finished(head, result?)));
        Ok(BulkResponse { results: done.collect() })
    }

    /// The id of the resource that a POST makes.
    fn id_of(&self, config: &Config, operation: &Sent) -> Result<String> {
        let Ok(operation) = operation else { return Ok(self.inner().env.new_id()) };
        let model = config.registry.resource_type(&format!("/{}", trimmed(&operation.path)))?;
        self.new_id(config, model, operation.data.as_ref().and_then(sent_id))
    }

    /// Does what needs no store: resolves bulkIds, binds, hashes.
    fn prepare(&self, config: &Config, ids: &BulkIds, index: usize, operation: Sent) -> Result<Step> {
        let BulkOperation { method, bulk_id, version, path, data } = operation.map_err(|refused| refused.error)?;
        let mut references = ids.of_operation(index);
        if path.contains('?') {
            let detail = "the path of a bulk operation has no query: leave out what begins with the ?";
            return Err(Error::new(ErrorKind::InvalidSyntax, detail).on("path"));
        }
        let (endpoint, id) = config.registry.split_path(trimmed(&path));
        let id = id.map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned());
        // With its slash, so that it is not taken for the name of a resource type.
        let operation = match method {
            BulkMethod::Post => Operation::Create,
            BulkMethod::Put => Operation::Replace,
            BulkMethod::Patch => Operation::Modify,
            BulkMethod::Delete => Operation::Delete,
        };
        let model = self.model_for(config, &format!("/{endpoint}"), operation)?;
        let resolved = id.map(|id| references.resolve(id)).transpose()?;
        let mut data = data.unwrap_or(Input::Null);
        match method {
            BulkMethod::Patch => references.resolve_patch(&mut data)?,
            _ => references.resolve_resource(&mut data)?,
        }
        let target = || {
            let missing = || {
                Error::new(ErrorKind::InvalidSyntax, "the path of this method needs the id of a resource").on("path")
            };
            resolved.clone().ok_or_else(missing)
        };
        let action = match method {
            BulkMethod::Post if resolved.is_some() => {
                let detail = "the path of a POST is an endpoint, without an id";
                return Err(Error::new(ErrorKind::InvalidSyntax, detail).on("path"));
            }
            BulkMethod::Post => {
                let id = match ids.of_post(index, bulk_id.as_deref())? {
                    Some(id) => id,
                    None => self.new_id(config, model, sent_id(&data))?,
                };
                Action::Create(self.inner().draft(config, model, object(data)?, DraftOptions::of_create())?, id)
            }
            BulkMethod::Put => {
                Action::Replace(target()?, self.inner().draft(config, model, object(data)?, DraftOptions::default())?)
            }
            BulkMethod::Patch => Action::Modify(target()?, patch_of(config, data)?),
            BulkMethod::Delete => Action::Delete(target()?),
        };
        let waits_for = references.into_operations();
        let if_match = version.as_deref().map(VersionMatch::parse);
        Ok(Step { kind: model.number(), action, if_match, waits_for, follows: Vec::new() })
    }
}

/// Lets operations on one resource keep their order, and a change of a new resource come after what refers to it.
fn keep_order(steps: &mut [Result<Step>]) {
    let new_id = |step: &Result<Step>| match step {
        Ok(Step { action: Action::Create(_, id), .. }) => Some(id.clone()),
        _ => None,
    };
    let new_ids: Vec<Option<String>> = steps.iter().map(new_id).collect();
    let mut naming: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter_mut().enumerate() {
        let Ok(step) = step else { continue };
        let target = match &step.action {
            Action::Create(..) => None,
            Action::Replace(id, _) | Action::Modify(id, _) | Action::Delete(id) => Some(id.clone()),
        };
        step.follows = target.as_ref().and_then(|id| naming.get(id)).cloned().unwrap_or_default();
        let referred = step.waits_for.iter().filter_map(|other| new_ids.get(*other).cloned().flatten());
        for id in referred.chain(target) {
            naming.entry(id).or_default().push(index);
        }
    }
}

/// The id that the sender of a new resource gives it.
fn sent_id(data: &Input) -> Option<&str> {
    match data {
        Input::Object(object) => object.get("id").and_then(Input::as_str),
        _ => None,
    }
}

fn object(data: Input) -> Result<Object> {
    match data {
        Input::Object(object) => Ok(object),
        other => {
            let detail = format!("data is a resource, an object, not {}", other.type_name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail).on("data"))
        }
    }
}

/// The bulkId of a POST, also of one that is refused: what refers to it fails because of it.
fn posted(operation: &Sent) -> Option<&str> {
    let (is_post, bulk_id) = match operation {
        Ok(operation) => (operation.method == BulkMethod::Post, &operation.bulk_id),
        Err(refused) => (is_post(refused.method.as_deref()), &refused.bulk_id),
    };
    bulk_id.as_deref().filter(|_| is_post)
}

fn is_post(method: Option<&str>) -> bool {
    method.and_then(BulkMethod::from_keyword) == Some(BulkMethod::Post)
}

/// The part of a path that names a resource: slashes around it do not matter, as they do not in a URL.
fn trimmed(path: &str) -> &str {
    path.split('?').next().unwrap_or_default().trim_matches('/')
}

/// What a result repeats of its operation.
fn head(operation: &Sent, ids: &BulkIds) -> BulkResult {
    let (method, bulk_id, path) = match operation {
        Ok(sent) => (Some(sent.method.keyword()), &sent.bulk_id, Some(sent.path.as_str())),
        Err(refused) => (refused.method.as_deref(), &refused.bulk_id, refused.path.as_deref()),
    };
    // A path may name a resource by the bulkId of its POST.
    let path = path.filter(|_| !is_post(method)).map(trimmed);
    let location = path.and_then(|path| match path.split_once("/bulkId:") {
        None => Some(format!("/{path}")),
        Some((endpoint, bulk_id)) => ids.assigned(bulk_id).map(|id| format!("/{endpoint}/{id}")),
    });
    let (method, bulk_id) = (method.map(str::to_owned), bulk_id.clone());
    BulkResult { method, bulk_id, version: None, location, status: 0, error: None }
}

fn finished(head: BulkResult, result: Result<Made>) -> BulkResult {
    match result {
        Ok(Made { status, tag, location }) => {
            let version = tag.map(|tag| tag.to_string());
            BulkResult { version, location: Some(location), status, ..head }
        }
        Err(error) => BulkResult { status: error.status(), error: Some(error), ..head },
    }
}

/// One attempt at all operations.
struct Run {
    tenant: Tenant,
    /// The schemas that the steps were bound by.
    registry: Arc<Registry>,
    steps: Arc<Vec<Result<Step>>>,
    actor: Option<String>,
    /// The API version of the request: of all its operations.
    version: Option<u32>,
    host: Host,
    fail_on_errors: u64,
    hashes: Hashes,
}

impl Run {
    /// Nothing is written when a password has to be hashed first.
    fn run(&self, txn: &mut Transaction<'_>) -> Result<Progress> {
        self.tenant.state.config()?.check_bound_by(&self.registry)?;
        let mut doomed = HashMap::new();
        loop {
            let known = doomed.len();
            let results = self.steps.iter().map(|_| None).collect();
            let mut progress = Progress { results, doomed, ..Progress::default() };
            txn.nested_if(|txn| {
                self.all(txn, &mut progress)?;
                Ok(((), progress.missing.is_empty() && progress.doomed.len() == known))
            })?;
            if !progress.missing.is_empty() || progress.doomed.len() == known {
                return Ok(progress);
            }
            doomed = progress.doomed;
        }
    }

    fn all(&self, txn: &mut Transaction<'_>, progress: &mut Progress) -> Result<()> {
        let is_done = |progress: &Progress, index: usize| matches!(progress.results.get(index), Some(Some(_)));
        loop {
            let mut waiting = Vec::new();
            let mut moved = false;
            for (index, step) in self.steps.iter().enumerate() {
                if is_done(progress, index) {
                    continue;
                }
                let ready = step.as_ref().map_or(true, |step| {
                    let needed = step.waits_for.iter().chain(&step.follows);
                    needed.into_iter().all(|other| *other == index || is_done(progress, *other))
                });
                if !ready {
                    waiting.push(index);
                } else if !self.one(txn, index, progress)? {
                    return self.add_deferred(txn, progress);
                }
                moved |= ready;
            }
            if !moved {
                // They wait for each other, and only a POST can be waited for: one that can do without has to begin.
                let is_post =
                    |i: &&usize| matches!(self.steps.get(**i), Some(Ok(Step { action: Action::Create(..), .. })));
                let Some(first) = waiting.iter().find(is_post).or(waiting.first()) else { break };
                if !self.one(txn, *first, progress)? {
                    break;
                }
            }
        }
        self.add_deferred(txn, progress)
    }

    /// Runs one operation, and keeps its result; false when it is the last one to be run. Only what stops the whole
    /// request is an error.
    fn one(&self, txn: &mut Transaction<'_>, index: usize, progress: &mut Progress) -> Result<bool> {
        let result = match self.steps.get(index) {
            Some(Ok(step)) => match progress.doomed.get(&index) {
                None => txn.nested(|txn| self.step(txn, index, step, progress)),
                Some(error) => Err(copy(error)),
            },
            Some(Err(error)) => Err(copy(error)),
            None => return Ok(true),
        };
        let result = match result {
            Err(error) if ends_all(&error) => return Err(error),
            result => result,
        };
        progress.errors += u64::from(result.is_err());
        if let Some(slot) = progress.results.get_mut(index) {
            *slot = Some(result);
        }
        Ok(progress.errors < self.fail_on_errors)
    }

    fn step(&self, txn: &mut Transaction<'_>, index: usize, step: &Step, progress: &mut Progress) -> Result<Made> {
        for other in &step.waits_for {
            if let Some(Some(Err(_))) = progress.results.get(*other) {
                let detail = format!("it refers to the resource of operation {}, which failed", other + 1);
                return Err(Error::new(ErrorKind::InvalidValue, detail).on("bulkId"));
            }
        }
        let state = &self.tenant.state;
        let config = state.config()?;
        let model = config.type_of(step.kind)?;
        let scope = scope(state, &config, model, self.actor.as_deref()).asking(&self.host).of_version(self.version);
        // What is not kept, nobody need be asked about.
        let scope = if progress.missing.is_empty() { scope } else { scope.unasked() };
        let current = |txn: &Transaction<'_>, id: &str| {
            let current = load(txn, scope, id)?;
            check_version(txn, scope, &current, step.if_match.as_ref(), None)?;
            Ok::<_, Error>(current)
        };
        let stored = match &step.action {
            Action::Create(draft, id) => {
                let mut draft = draft.clone();
                let late = self.take_late(step, progress, &mut draft.members);
                let new = super::create::new_resource(draft, id.clone());
                if late.is_empty() {
                    insert(txn, scope, new)?
                } else {
                    // The host is asked about the whole group.
                    let stored = insert(txn, scope.unasked(), new)?;
                    progress.deferred.push((index, late, stored.sequence));
                    stored
                }
            }
            Action::Replace(id, draft) => {
                let current = current(txn, id)?;
                let Draft { attributes, members, groups, emptied, .. } = draft.clone();
                replace_by(txn, scope, current, (attributes, &emptied), members, groups)?
            }
            Action::Modify(id, patch) => {
                let current = current(txn, id)?;
                let Progress { missing, budget, .. } = progress;
                modify_in(txn, scope, current, patch, &self.hashes, missing, budget)?
            }
            Action::Delete(id) => {
                let current = current(txn, id)?;
                check_not_in_use(txn, scope, id)?;
                remove(txn, scope, &current)?;
                return Ok(Made { status: 204, tag: None, location: super::rows::derive::location(model, id) });
            }
        };
        let tag = Some(tag_of(txn, scope, stored.at, stored.resource.version)?);
        let is_create = matches!(step.action, Action::Create(..));
        let status = if is_create { scope.config.profile.create_status() } else { 200 };
        Ok(Made { status, tag, location: super::rows::derive::location(model, &stored.resource.id) })
    }

    /// Takes out the members that operations still to come create.
    fn take_late(&self, step: &Step, progress: &Progress, members: &mut Vec<String>) -> Vec<String> {
        let pending = |other: &&usize| !matches!(progress.results.get(**other), Some(Some(_)));
        let created = |other: &usize| match self.steps.get(*other) {
            Some(Ok(Step { action: Action::Create(_, id), .. })) => Some(id.as_str()),
            _ => None,
        };
        let late: Vec<&str> = step.waits_for.iter().filter(pending).filter_map(created).collect();
        let (gone, kept) = std::mem::take(members).into_iter().partition(|id| late.contains(&id.as_str()));
        *members = kept;
        gone
    }

    /// Gives groups the members that were created after them. A group whose member failed fails as well, and with it
    /// what refers to the group, so that all is tried again without them.
    fn add_deferred(&self, txn: &mut Transaction<'_>, progress: &mut Progress) -> Result<()> {
        for (index, ids, sequence) in std::mem::take(&mut progress.deferred) {
            let Some(Ok(Step { kind, action: Action::Create(_, id), .. })) = self.steps.get(index) else { continue };
            if !matches!(progress.results.get(index), Some(Some(Ok(_)))) {
                continue;
            }
            let state = &self.tenant.state;
            let config = state.config()?;
            let model = config.type_of(*kind)?;
            let scope = scope(state, &config, model, self.actor.as_deref()).asking(&self.host);
            let scope = if progress.missing.is_empty() { scope } else { scope.unasked() };
            let added = txn.nested(|txn| complete(txn, scope, id, &[MemberEdit::Add(ids)], sequence));
            let Err(error) = added else { continue };
            if ends_all(&error) {
                return Err(error);
            }
            progress.doomed.insert(index, error);
        }
        Ok(())
    }
}
