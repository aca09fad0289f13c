//! Calls that go to the process that holds the store, and calls that come from others: a verb as a name and arguments.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::endpoint::{self, Answered, Asked};
use super::gate::Gate;
use super::inherited::Opened;
use super::jobs;
use super::sessions::{self, guarded};
use super::verbs::{self, Place, Verb};
use crate::engine::Scope;
use crate::error::Fault;
use crate::protocol::required_scope;
use crate::share::{Answerer, Called, Nature, Session, Shared, Values};
use crate::{Error, ErrorKind, Result, Store};

/// How long opening a store may take that another process holds, and has not said how to reach yet.
pub(super) const OPEN: Duration = Duration::from_secs(30);
/// How long a call may take in the process that holds the store, with the time in which another takes its place.
pub(super) const CALL: Duration = Duration::from_secs(60);
/// The same for calls that go through everything, or do a lot.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// How long the holder is asked to wait at one time.
const WAIT: Duration = Duration::from_secs(1);
/// How [`super::answers::changes`] begins where there are none.
const NO_CHANGES: &str = "{\"changes\":[]";

/// The name of [`super::endpoint::scimdb_handle`], which is no verb.
const HANDLE: &str = "handle";

/// Arguments of a call on their way.
pub(super) type Arguments<'a> = Vec<Option<Cow<'a, [u8]>>>;
/// Arguments that have arrived.
pub(super) type Given<'a, 'b> = &'b mut dyn Iterator<Item = Option<&'a [u8]>>;

/// A part of a verb, as arguments.
pub(super) trait Part<'a>: Sized {
    fn put(self, into: &mut Arguments<'a>);
    fn part(from: Given<'a, '_>) -> Result<Self>;
}

pub(super) fn missing() -> Error {
    Error::new(ErrorKind::Internal, "a call of another process lacks an argument")
}

impl<'a> Part<'a> for Option<&'a [u8]> {
    fn put(self, into: &mut Arguments<'a>) {
        into.push(self.map(Cow::Borrowed));
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        from.next().ok_or_else(missing)
    }
}

impl<'a> Part<'a> for &'a [u8] {
    fn put(self, into: &mut Arguments<'a>) {
        Some(self).put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        Option::part(from)?.ok_or_else(missing)
    }
}

impl<'a> Part<'a> for Option<&'a str> {
    fn put(self, into: &mut Arguments<'a>) {
        self.map(str::as_bytes).put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        let text = |bytes| str::from_utf8(bytes).map_err(|error| missing().caused_by(error));
        Option::<&[u8]>::part(from)?.map(text).transpose()
    }
}

impl<'a> Part<'a> for &'a str {
    fn put(self, into: &mut Arguments<'a>) {
        Some(self).put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        Option::part(from)?.ok_or_else(missing)
    }
}

impl<'a> Part<'a> for Place<'a> {
    fn put(self, into: &mut Arguments<'a>) {
        let Place { tenant, resource_type, id } = self;
        tenant.put(into);
        resource_type.put(into);
        id.put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        Ok(Place { tenant: Part::part(from)?, resource_type: Part::part(from)?, id: Part::part(from)? })
    }
}

impl<'a> Part<'a> for u64 {
    fn put(self, into: &mut Arguments<'a>) {
        into.push(Some(self.to_le_bytes().to_vec().into()));
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        let bytes: &[u8] = Part::part(from)?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| missing())?))
    }
}

impl<'a> Part<'a> for u32 {
    fn put(self, into: &mut Arguments<'a>) {
        u64::from(self).put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        u32::try_from(u64::part(from)?).map_err(|_| missing())
    }
}

impl<'a> Part<'a> for Duration {
    fn put(self, into: &mut Arguments<'a>) {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX).put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        u64::part(from).map(Duration::from_millis)
    }
}

macro_rules! verbs {
    ($($verb:ident { $($part:ident),* } $nature:ident $limit:expr;)*) => {
        /// A verb as a name and arguments, with what it does and how long it may take.
        fn write<'a>(verb: Verb<'a>) -> (&'static str, Arguments<'a>, Nature, Duration) {
            let mut arguments = Arguments::new();
            match verb {
                $(Verb::$verb { $($part),* } => {
                    let limit = $limit;
                    $($part.put(&mut arguments);)*
                    (stringify!($verb), arguments, Nature::$nature, limit)
                })*
            }
        }

        /// The verb of a name and arguments.
        fn read<'a>(name: &str, arguments: Given<'a, '_>) -> Result<Verb<'a>> {
            match name {
                $(stringify!($verb) => Ok(Verb::$verb { $($part: Part::part(arguments)?),* }),)*
                _ => Err(Error::new(ErrorKind::Internal, "another process makes a call that there is not")),
            }
        }
    };
}

verbs! {
    Get { at, options } Read CALL;
    Create { tenant, resource_type, json, options } Write CALL;
    Replace { at, json, options } Write CALL;
    Patch { at, json, options } Write CALL;
    Delete { at, options } Write CALL;
    VerifyPassword { at, password } Read CALL;
    Search { tenant, resource_type, request } Search CALL;
    Explain { tenant, resource_type, request } Read CALL;
    Bulk { tenant, request, options } Write LONG;
    Forget { tenant, resource_type, external_id, options } Manage LONG;
    JobGet { tenant, id, wait } Read CALL.saturating_add(wait);
    JobList { tenant } Read CALL;
    Changes { tenant, since, max, wait } Read CALL.saturating_add(wait);
    SchemaPut { tenant, documents } Manage LONG;
    SchemaRemove { tenant, urn_or_name } Manage LONG;
    SchemaList { tenant } Read CALL;
    TenantCreate { name, options } Manage CALL;
    TenantConfigure { name, options } Manage CALL;
    TenantDrop { name } Manage LONG;
    TenantList {} Read CALL;
    ProfileCheck { tenant, profile } Read LONG;
    TokenCreate { tenant, name, options } Manage CALL;
    TokenRegenerate { tenant, name } Manage CALL;
    TokenRevoke { tenant, name } Manage CALL;
    TokenList { tenant } Read CALL;
    Authenticate { secret } Read CALL;
    Stats {} Read CALL;
    Check {} Read LONG;
    Backup { path } Manage LONG;
    Compact {} Manage LONG;
    ValueKeysRotate {} Manage LONG;
}

/// Makes a call where the store is held.
pub(super) fn call(shared: &Shared, verb: Verb<'_>) -> Result<String> {
    if let Some(store) = shared.store() {
        return verbs::call(store, verb);
    }
    let interrupts = shared.interrupts();
    match verb {
        Verb::Changes { tenant, since, max, wait } => in_slices(wait, |wait| {
            let changes = step(shared, interrupts, Verb::Changes { tenant, since, max, wait })?;
            Ok((!changes.starts_with(NO_CHANGES), changes))
        }),
        Verb::JobGet { tenant, id, wait } => in_slices(wait, |wait| {
            let job = step(shared, interrupts, Verb::JobGet { tenant, id, wait })?;
            Ok((jobs::is_finished(&job), job))
        }),
        verb => step(shared, interrupts, verb),
    }
}

/// Asks for a time, until there is what is waited for. The holder is asked again and again, rather than kept from closing for
/// as long as somebody waits.
fn in_slices(wait: Duration, ask: impl Fn(Duration) -> Result<(bool, String)>) -> Result<String> {
    let start = Instant::now();
    loop {
        let left = wait.saturating_sub(start.elapsed());
        let (is_there, answer) = ask(left.min(WAIT))?;
        if is_there || left <= WAIT {
            return Ok(answer);
        }
    }
}

fn step(shared: &Shared, interrupts: u64, verb: Verb<'_>) -> Result<String> {
    let (name, arguments, nature, limit) = write(verb);
    match send(shared, interrupts, name, &arguments, nature, limit)? {
        None => verbs::call(shared.store_here(CALL)?, verb),
        Some(values) => text(values.into_iter().next()),
    }
}

/// Answers a request where the store is held. That it cannot be reached is an answer, too.
pub(super) fn handle(shared: &Shared, asked: Asked<'_>) -> Result<Answered> {
    if let Some(store) = shared.store() {
        return endpoint::respond(store, asked);
    }
    let Asked { tenant, method, target, headers, body, context } = asked;
    let is_read = required_scope(method, target) == Scope::Read;
    let nature = if is_read { Nature::Search } else { Nature::Write };
    let mut arguments = Arguments::new();
    (tenant, method, target).put(&mut arguments);
    (headers, body, context).put(&mut arguments);
    match send(shared, shared.interrupts(), HANDLE, &arguments, nature, CALL) {
        Ok(None) => endpoint::respond(shared.store_here(CALL)?, asked),
        Ok(Some(values)) => {
            let mut values = values.into_iter();
            let status = text(values.next())?.parse().map_err(|_| missing())?;
            Ok(Answered { status, headers: text(values.next())?, body: text(values.next())? })
        }
        Err(error) if error.row().fault == Fault::Environment => endpoint::refuse(&error),
        Err(error) => Err(error),
    }
}

impl<'a, A: Part<'a>, B: Part<'a>, C: Part<'a>> Part<'a> for (A, B, C) {
    fn put(self, into: &mut Arguments<'a>) {
        self.0.put(into);
        self.1.put(into);
        self.2.put(into);
    }

    fn part(from: Given<'a, '_>) -> Result<Self> {
        Ok((A::part(from)?, B::part(from)?, C::part(from)?))
    }
}

/// What the process that holds the store gave back; none where it is this one by now.
fn send(
    shared: &Shared,
    interrupts: u64,
    name: &str,
    arguments: &Arguments<'_>,
    nature: Nature,
    limit: Duration,
) -> Result<Option<Values>> {
    let arguments: Vec<Option<&[u8]>> = arguments.iter().map(Option::as_deref).collect();
    match shared.call_since(interrupts, name, &arguments, nature, limit)? {
        Called::Here => Ok(None),
        Called::There(values) => Ok(Some(values)),
    }
}

pub(super) fn text(value: Option<Option<Vec<u8>>>) -> Result<String> {
    let value = value.flatten().ok_or_else(missing)?;
    String::from_utf8(value).map_err(|error| missing().caused_by(error))
}

/// Carries out the calls of other processes, as the calls of this one are.
pub(super) struct Forwarded {
    pub(super) gate: Arc<Gate>,
    pub(super) inherited: Option<Arc<Opened>>,
}

impl Answerer for Forwarded {
    fn listens(&self, port: Option<u16>) {
        if let Some(inherited) = &self.inherited {
            inherited.listens(port);
        }
    }

    fn reaches(&self, port: Option<u16>) {
        if let Some(inherited) = &self.inherited {
            inherited.reaches(port);
        }
    }

    fn answer(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        let mut arguments = arguments.iter().copied();
        guarded(&self.gate, || {
            if function != HANDLE {
                return Ok(vec![Some(verbs::call(store, read(function, &mut arguments)?)?.into_bytes())]);
            }
            let (tenant, method, target) = Part::part(&mut arguments)?;
            let (headers, body, context) = Part::part(&mut arguments)?;
            let asked = Asked { tenant, method, target, headers, body, context };
            let Answered { status, headers, body } = endpoint::respond(store, asked)?;
            Ok([status.to_string(), headers, body].map(|text| Some(text.into_bytes())).to_vec())
        })
    }

    fn begin(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Box<dyn Session>> {
        guarded(&self.gate, || sessions::begin(&self.gate, store, function, &mut arguments.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_arrive_as_they_were() {
        let at = Place { tenant: Some(""), resource_type: "User", id: "é" };
        let verbs = [
            Verb::Get { at, options: None },
            Verb::Replace { at, json: b"\xff", options: Some("{}") },
            Verb::Search { tenant: None, resource_type: None, request: Some(b"") },
            Verb::Changes { tenant: None, since: u64::MAX, max: u32::MAX, wait: Duration::from_millis(7) },
            Verb::TenantList,
        ];
        for verb in verbs {
            let (name, arguments, ..) = write(verb);
            let mut given = arguments.iter().map(Option::as_deref);
            assert_eq!(format!("{:?}", read(name, &mut given).unwrap()), format!("{verb:?}"));
            assert!(given.next().is_none());
            if let Some((_, fewer)) = arguments.split_last() {
                assert!(read(name, &mut fewer.iter().map(Option::as_deref)).is_err());
            }
        }
    }
}
