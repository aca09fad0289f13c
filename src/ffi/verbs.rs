//! The calls that text goes into and text comes out of, as safe Rust: what they do, apart from how C says it.

use std::time::Duration;

use super::options::{create, read, write};
use super::{answers, jobs, options, profiles};
use crate::engine::DEFAULT_TENANT;
use crate::message::{
    BulkRequest, ResourceInput, SearchRequest, parse_schema_document, resource_type_json, schema_json,
};
use crate::{Error, ErrorKind, Result, Store, Tenant};

/// A resource, by its tenant, its type and its id. No tenant is the default one.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Place<'a> {
    pub(super) tenant: Option<&'a str>,
    pub(super) resource_type: &'a str,
    pub(super) id: &'a str,
}

/// A call.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Verb<'a> {
    Get {
        at: Place<'a>,
        options: Option<&'a str>,
    },
    Create {
        tenant: Option<&'a str>,
        resource_type: &'a str,
        json: &'a [u8],
        options: Option<&'a str>,
    },
    Replace {
        at: Place<'a>,
        json: &'a [u8],
        options: Option<&'a str>,
    },
    Patch {
        at: Place<'a>,
        json: &'a [u8],
        options: Option<&'a str>,
    },
    Delete {
        at: Place<'a>,
        options: Option<&'a str>,
    },
    VerifyPassword {
        at: Place<'a>,
        password: &'a str,
    },
    Search {
        tenant: Option<&'a str>,
        resource_type: Option<&'a str>,
        request: Option<&'a [u8]>,
    },
    Explain {
        tenant: Option<&'a str>,
        resource_type: Option<&'a str>,
        request: Option<&'a [u8]>,
    },
    Bulk {
        tenant: Option<&'a str>,
        request: &'a [u8],
        options: Option<&'a str>,
    },
    Forget {
        tenant: Option<&'a str>,
        resource_type: &'a str,
        external_id: &'a str,
        options: Option<&'a str>,
    },
    JobGet {
        tenant: Option<&'a str>,
        id: &'a str,
        wait: Duration,
    },
    JobList {
        tenant: Option<&'a str>,
    },
    Changes {
        tenant: Option<&'a str>,
        since: u64,
        max: u32,
        wait: Duration,
    },
    SchemaPut {
        tenant: Option<&'a str>,
        documents: &'a [u8],
    },
    SchemaRemove {
        tenant: Option<&'a str>,
        urn_or_name: &'a str,
    },
    SchemaList {
        tenant: Option<&'a str>,
    },
    TenantCreate {
        name: &'a str,
        options: Option<&'a str>,
    },
    TenantConfigure {
        name: &'a str,
        options: Option<&'a str>,
    },
    TenantDrop {
        name: &'a str,
    },
    TenantList,
    ProfileCheck {
        tenant: Option<&'a str>,
        profile: Option<&'a str>,
    },
    TokenCreate {
        tenant: Option<&'a str>,
        name: &'a str,
        options: Option<&'a str>,
    },
    TokenRegenerate {
        tenant: Option<&'a str>,
        name: &'a str,
    },
    TokenRevoke {
        tenant: Option<&'a str>,
        name: &'a str,
    },
    TokenList {
        tenant: Option<&'a str>,
    },
    Authenticate {
        secret: &'a str,
    },
    Stats,
    Check,
    /// To a path that does not depend on a directory of a process.
    Backup {
        path: &'a str,
    },
    Compact,
    ValueKeysRotate,
}

/// Makes a call, and gives its answer: JSON, or nothing where there is none.
pub(super) fn call(store: &Store, verb: Verb<'_>) -> Result<String> {
    match verb {
        // For the tests of the C ABI, which have no other way to make a call panic.
        #[cfg(scimdb_test_panic)]
        #[allow(clippy::panic, reason = "that is what it is for")]
        Verb::Get { at: Place { id: "scimdb_test_panic", .. }, .. }
        | Verb::Create { resource_type: "scimdb_test_panic", .. } => panic!("as asked"),
        Verb::Get { at, options } => Ok(at.tenant(store)?.get(at.resource_type, at.id, &read(options)?)?.json),
        Verb::Create { tenant, resource_type, json, options } => {
            let input = ResourceInput::from_json(json)?;
            Ok(self::tenant(store, tenant)?.create(resource_type, input, &create(options)?)?.json)
        }
        Verb::Replace { at, json, options } => {
            let input = ResourceInput::from_json(json)?;
            let written = at.tenant(store)?.replace(at.resource_type, at.id, input, &write(options)?)?;
            Ok(written.representation.json)
        }
        Verb::Patch { at, json, options } => {
            let tenant = at.tenant(store)?;
            let patch = tenant.read_patch(json)?;
            let written = tenant.modify(at.resource_type, at.id, &patch, &write(options)?)?;
            Ok(written.representation.json)
        }
        Verb::Delete { at, options } => done(at.tenant(store)?.delete(at.resource_type, at.id, &write(options)?)),
        Verb::VerifyPassword { at, password } => {
            let matches = at.tenant(store)?.verify_password(at.resource_type, at.id, password)?;
            Ok(if matches { "true" } else { "false" }.to_owned())
        }
        Verb::Search { tenant, resource_type, request } => {
            Ok(self::tenant(store, tenant)?.search(resource_type, &search(request)?)?.to_json())
        }
        Verb::Explain { tenant, resource_type, request } => {
            Ok(self::tenant(store, tenant)?.explain(resource_type, &search(request)?)?.to_json())
        }
        Verb::Bulk { tenant, request, options } => {
            let request = BulkRequest::from_json(request)?;
            let options = options::bulk(options)?;
            Ok(self::tenant(store, tenant)?.bulk(request, &options)?.to_json(&options.base))
        }
        Verb::Forget { tenant, resource_type, external_id, options } => {
            let actor = options::actor(options)?;
            answers::forgotten(self::tenant(store, tenant)?.forget(resource_type, external_id, actor.as_deref())?)
        }
        Verb::JobGet { tenant, id, wait } => jobs::job(self::tenant(store, tenant)?.wait_for_import(id, wait)?),
        Verb::JobList { tenant } => jobs::jobs(self::tenant(store, tenant)?.import_jobs()?),
        Verb::Changes { tenant, since, max, wait } => {
            let max = usize::try_from(max).unwrap_or(usize::MAX);
            answers::changes(self::tenant(store, tenant)?.changes(since, max, wait)?, since)
        }
        Verb::SchemaPut { tenant, documents } => {
            done(self::tenant(store, tenant)?.put_schemas(parse_schema_document(documents)?))
        }
        Verb::SchemaRemove { tenant, urn_or_name } => done(self::tenant(store, tenant)?.remove_schema(urn_or_name)),
        Verb::SchemaList { tenant } => schemas(&self::tenant(store, tenant)?),
        Verb::TenantCreate { name, options } => done(store.create_tenant(name, options::tenant(options)?).map(drop)),
        Verb::TenantConfigure { name, options } => done(store.configure_tenant(name, options::tenant(options)?)),
        Verb::TenantDrop { name } => done(store.drop_tenant(name)),
        Verb::TenantList => tenants(store),
        Verb::ProfileCheck { tenant, profile } => {
            let profile = profile.map(options::profile).transpose()?;
            profiles::report(self::tenant(store, tenant)?.check_profile(profile.as_ref())?)
        }
        Verb::TokenCreate { tenant, name, options } => {
            answers::new_token(self::tenant(store, tenant)?.create_token(name, options::token(options)?)?)
        }
        Verb::TokenRegenerate { tenant, name } => {
            answers::new_token(self::tenant(store, tenant)?.regenerate_token(name)?)
        }
        Verb::TokenRevoke { tenant, name } => done(self::tenant(store, tenant)?.revoke_token(name)),
        Verb::TokenList { tenant } => answers::tokens(self::tenant(store, tenant)?.tokens()?),
        Verb::Authenticate { secret } => answers::principal(store.authenticate(secret)?),
        Verb::Stats => answers::stats(store.stats()?),
        Verb::Check => answers::check(store.check(&mut |_, _| {})?),
        Verb::Backup { path } => done(store.backup(path, &mut |_, _| {})),
        Verb::Compact => done(store.compact(&mut |_, _| {})),
        Verb::ValueKeysRotate => answers::rewritten(store.rotate_value_keys()?),
    }
}

impl Place<'_> {
    fn tenant(&self, store: &Store) -> Result<Tenant> {
        tenant(store, self.tenant)
    }
}

/// The tenant of a name; the default one where none is named.
pub(super) fn tenant(store: &Store, name: Option<&str>) -> Result<Tenant> {
    store.tenant(name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_TENANT))
}

/// A search; without one, of everything.
pub(super) fn search(request: Option<&[u8]>) -> Result<SearchRequest> {
    request.map_or_else(|| Ok(SearchRequest::default()), SearchRequest::from_json)
}

fn done(outcome: Result<()>) -> Result<String> {
    outcome.map(|()| String::new())
}

fn schemas(tenant: &Tenant) -> Result<String> {
    let registry = tenant.registry()?;
    let schemas: Vec<String> = registry.schemas().iter().map(|schema| schema_json(schema, "")).collect();
    let types: Vec<String> =
        registry.types().iter().map(|model| resource_type_json(model.resource_type(), "")).collect();
    Ok(format!("{{\"schemas\":[{}],\"resourceTypes\":[{}]}}", schemas.join(","), types.join(",")))
}

fn tenants(store: &Store) -> Result<String> {
    let mut tenants = Vec::new();
    for name in store.tenants()? {
        match store.tenant(&name).and_then(|tenant| tenant.profile()) {
            Ok(profile) => tenants.push((name, profile.name().to_owned())),
            // It was dropped meanwhile.
            Err(error) if error.kind() == ErrorKind::UnknownTenant => {}
            Err(error) => return Err(error),
        }
    }
    answers::tenants(tenants)
}

/// A name that must be given: nobody drops the default tenant by leaving out an argument.
pub(super) fn named<'a>(name: &'a str, what: &str) -> Result<&'a str> {
    if name.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("{what} is empty")));
    }
    Ok(name)
}
