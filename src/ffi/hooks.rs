//! Hooks of the host: what it says to writes, and is told of them.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use super::callback::{Userdata, scimdb_drop_fn};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::gate::Gate;
use super::guard::{guard, with_store};
use super::handles::{Handles, Kind};
use super::life::scimdb_store;
use super::{answers, text};
use crate::engine::{CommittedWrite, Decision, Hooks, ProposedWrite, refusal};
use crate::{Error, ErrorKind, Result};

/// What a host says to a write: good during the call of a scimdb_before_write_fn that it was given to, on any thread.
pub struct scimdb_decision {
    _private: [u8; 0],
}

/// Is asked about a write before it is made: a JSON object with operation (create, modify, delete), tenant, resourceType,
/// id, actor (or null), before (the resource, null when it is created) and after (null when it is deleted). Everything is
/// shown that may ever be returned, but for members.display. SCIMDB_OK lets the write be made, with what
/// scimdb_decision_set says; anything else refuses it, as scimdb_decision_refuse says, or with 400 invalidValue.
///
/// The store can be read inside, as it was before the write; to write to a store, or to close one, is SCIMDB_MISUSE. Every
/// other writer waits meanwhile: it must not wait for another thread that writes. It may be asked more than once about a
/// write, and about one that comes to nothing.
pub type scimdb_before_write_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        write: *const c_char,
        write_n: usize,
        decision: *mut scimdb_decision,
    ) -> scimdb_code,
>;

/// Is told of a write that was made and is durable: the object of before, with sequence and version too. The store can be
/// read and written inside. Threads that write at the same time are told at the same time, in any order: sequence tells
/// which came first. A crash between the two loses the call, and scimdb_changes still tells of the write.
pub type scimdb_after_commit_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, write: *const c_char, write_n: usize)>;

static DECISIONS: Handles<Mutex<Said>> = Handles::new(Kind::Decision);

/// What a host said so far.
#[derive(Default)]
struct Said {
    refused: Option<Error>,
    set: serde_json::Map<String, serde_json::Value>,
}

/// The hooks of a host in C.
struct HostHooks {
    gate: Arc<Gate>,
    before: scimdb_before_write_fn,
    after: scimdb_after_commit_fn,
    userdata: Userdata,
}

impl Hooks for HostHooks {
    fn before_write(&self, write: &ProposedWrite) -> Result<Decision> {
        let Some(before) = self.before else { return Ok(Decision::Accept) };
        let json = answers::proposed_write(write)?;
        let _hooking = self.gate.hook();
        let said = Arc::new(Mutex::new(Said::default()));
        let handle = DECISIONS.open(Arc::clone(&said))?;
        let decision = std::ptr::without_provenance_mut(handle);
        // SAFETY: the host gave the function for this pointer; the text outlives the call.
        let code = unsafe { before(self.userdata.pointer(), json.as_ptr().cast(), json.len(), decision) };
        DECISIONS.close(handle)?;
        let Said { refused, set } = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
        match refused {
            Some(error) => Err(error),
            None if code != SCIMDB_OK => Err(refusal(400, Some("invalidValue"), "the host refused the write")),
            None if set.is_empty() => Ok(Decision::Accept),
            None => Ok(Decision::Set(answers::json(&set)?)),
        }
    }

    fn after_commit(&self, write: &CommittedWrite) {
        let Some(after) = self.after else { return };
        // Strings and numbers, which can always be written.
        let Ok(json) = answers::committed_write(write) else { return };
        let _hooking = self.gate.hook();
        // SAFETY: as above.
        unsafe { after(self.userdata.pointer(), json.as_ptr().cast(), json.len()) };
    }
}

/// Gives a store the hooks of its host; both NULL takes them away. They run on the thread that made the call, before inside
/// the transaction of the write and after once it is durable, for every resource that is created, changed or deleted: each
/// operation of a bulk request, each row of an import. Not for what follows from a write: a group that loses a member because
/// that is deleted, the resources of a tenant that is dropped; nor for a write that changes nothing. scimdb_changes tells all
/// of them. The ones before are let go of when the last write that began with them is done, which is not waited for.
///
/// Of a store that is shared they run in the process that holds it. Set the same in every process: they are kept until it
/// holds the store, and meanwhile its writes are SCIMDB_UNAVAILABLE where the holder has set none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_set_hooks(
    db: *mut scimdb_store,
    before: scimdb_before_write_fn,
    after: scimdb_after_commit_fn,
    userdata: *mut c_void,
    drop: scimdb_drop_fn,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let userdata = Userdata::new(userdata, drop);
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let hooks = (before.is_some() || after.is_some()).then_some(HostHooks {
                gate: store.gate(),
                before,
                after,
                userdata,
            });
            store.set_hooks(hooks.map(|hooks| Arc::new(hooks) as Arc<dyn Hooks>));
            Ok(())
        })
    }
}

/// Says how a write is refused: the HTTP status and scimType (NULL: none) that the client gets, and a sentence for it. A pair
/// that SCIM does not know becomes 400 invalidValue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_decision_refuse(
    decision: *mut scimdb_decision,
    status: i32,
    scim_type: *const c_char,
    scim_type_n: usize,
    detail: *const c_char,
    detail_n: usize,
) -> scimdb_code {
    let work = || {
        let said = DECISIONS.get(decision.addr())?;
        // SAFETY: by the conventions of the header.
        let (scim_type, detail) = unsafe {
            (text::optional(scim_type, scim_type_n, "scim_type")?, text::optional(detail, detail_n, "detail")?)
        };
        let status = u16::try_from(status).unwrap_or_default();
        let error = refusal(status, scim_type, detail.unwrap_or("the host refused the write"));
        said.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(error);
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}

/// Sets attributes of the resource that is written: a JSON object, each attribute whole, readOnly ones too; null takes one
/// away. What cannot be stored fails the write with SCIMDB_INTERNAL: it is the host's fault, not its client's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_decision_set(
    decision: *mut scimdb_decision,
    attributes: *const c_char,
    attributes_n: usize,
) -> scimdb_code {
    let work = || {
        let said = DECISIONS.get(decision.addr())?;
        // SAFETY: by the conventions of the header.
        let attributes = unsafe { text::required_bytes(attributes, attributes_n, "attributes")? };
        let set: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(attributes)
            .map_err(|error| Error::new(ErrorKind::InvalidSyntax, "attributes is no JSON object").caused_by(error))?;
        said.lock().unwrap_or_else(PoisonError::into_inner).set.extend(set);
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}
