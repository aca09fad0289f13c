//! Repositories of the host: resources that it knows, and that a search finds as well.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::answers;
use super::callback::{Userdata, scimdb_drop_fn};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::gate::Gate;
use super::guard::{guard, with_store};
use super::handles::{Handles, Kind};
use super::life::scimdb_store;
use super::text;
use crate::engine::{Repositories, RepositoryQuery, refusal};
use crate::{Error, ErrorKind, Result};

/// What a host found: good during the call of a scimdb_repository_fn that it was given to, on any thread.
pub struct scimdb_found {
    _private: [u8; 0],
}

/// Looks into the repositories of the host: a JSON object with tenant, resourceType, filter (as it was sent, or null) and count
/// (resources of the page at most). It gives what may be found by scimdb_found_add, and SCIMDB_OK. Anything else fails the
/// search, as scimdb_found_fail says, or with SCIMDB_UNAVAILABLE.
///
/// It is called on the thread that searches, by any number of threads at once. The store can be read and written inside, but
/// not closed.
pub type scimdb_repository_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        query: *const c_char,
        query_n: usize,
        found: *mut scimdb_found,
    ) -> scimdb_code,
>;

static FOUND: Handles<Mutex<Found>> = Handles::new(Kind::Found);

/// What a host found so far.
#[derive(Default)]
struct Found {
    failed: Option<Error>,
    resources: Vec<String>,
}

/// The repositories of a host in C.
struct HostRepositories {
    gate: Arc<Gate>,
    search: scimdb_repository_fn,
    userdata: Userdata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryJson<'a> {
    tenant: &'a str,
    resource_type: &'a str,
    filter: Option<&'a str>,
    count: u64,
}

/// What a host is asked.
pub(super) fn query(query: &RepositoryQuery<'_>) -> Result<String> {
    let RepositoryQuery { tenant, resource_type, filter, count } = *query;
    answers::json(&QueryJson { tenant, resource_type, filter, count })
}

impl Repositories for HostRepositories {
    fn search(&self, query: &RepositoryQuery<'_>) -> Result<Vec<String>> {
        let Some(search) = self.search else { return Ok(Vec::new()) };
        let json = self::query(query)?;
        let _hooking = self.gate.hook();
        let found = Arc::new(Mutex::new(Found::default()));
        let handle = FOUND.open(Arc::clone(&found))?;
        let place = std::ptr::without_provenance_mut(handle);
        // SAFETY: the host gave the function for this pointer; the text outlives the call.
        let code = unsafe { search(self.userdata.pointer(), json.as_ptr().cast(), json.len(), place) };
        FOUND.close(handle)?;
        let Found { failed, resources } = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        match failed {
            Some(error) => Err(error),
            None if code != SCIMDB_OK => {
                Err(Error::new(ErrorKind::Unavailable, "the host's repositories cannot be searched now"))
            }
            None => Ok(resources),
        }
    }
}

/// Gives a store the repositories of its host; NULL takes them away. They are asked by searches with searchRepositories, of
/// scimdb_search and of the endpoint, in tenants whose profile has repositories. What they give is bound to the resource type,
/// compared with the filter again, and told behind what the store has, as far as the page has room. The ones before are let go
/// of when the last search that asks them is done, which is not waited for.
///
/// Of a store that is shared they run in the process that holds it. Set the same in every process: they are kept until it
/// holds the store, and meanwhile its searches are SCIMDB_UNAVAILABLE where the holder has set none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_set_repositories(
    db: *mut scimdb_store,
    search: scimdb_repository_fn,
    userdata: *mut c_void,
    drop: scimdb_drop_fn,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let userdata = Userdata::new(userdata, drop);
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let repositories = search.is_some().then_some(HostRepositories { gate: store.gate(), search, userdata });
            store.set_repositories(repositories.map(|host| Arc::new(host) as Arc<dyn Repositories>));
            Ok(())
        })
    }
}

/// Adds a resource to what a search of repositories found: its JSON. One that is no resource of the type that was asked for
/// fails the search with SCIMDB_INTERNAL: it is the host's fault, not its client's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_found_add(
    found: *mut scimdb_found,
    resource: *const c_char,
    resource_n: usize,
) -> scimdb_code {
    let work = || {
        let found = FOUND.get(found.addr())?;
        // SAFETY: by the conventions of the header.
        let resource = unsafe { text::required(resource, resource_n, "resource")? };
        found.lock().unwrap_or_else(PoisonError::into_inner).resources.push(resource.to_owned());
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}

/// Says how a search fails: the HTTP status that the client gets, and a sentence for it. A status that SCIM does not know
/// becomes 400 invalidValue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_found_fail(
    found: *mut scimdb_found,
    status: i32,
    detail: *const c_char,
    detail_n: usize,
) -> scimdb_code {
    let work = || {
        let found = FOUND.get(found.addr())?;
        // SAFETY: by the conventions of the header.
        let detail = unsafe { text::optional(detail, detail_n, "detail")? };
        let status = u16::try_from(status).unwrap_or_default();
        let error = refusal(status, None, detail.unwrap_or("the host's repositories cannot be searched"));
        found.lock().unwrap_or_else(PoisonError::into_inner).failed = Some(error);
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}
