//! The schemas and resource types of a tenant as they are stored: the built-in ones, and what was registered over them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use super::config::Config;
use super::storage::keys::{Key, TenantId};
use super::storage::records::DocumentRecord;
use super::storage::{Reads, Table};
use super::value_keys::ValueKeys;
use crate::message::{SchemaDocument, builtin, parse_schema_document};
use crate::model::{AttributeId, AttributeNumbers, Registry, ResourceType, Schema, common};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

const SCHEMA: u8 = 1;
const RESOURCE_TYPE: u8 = 2;

/// The built-in schemas, and the numbers of their attributes, which are the same in every tenant.
pub(super) struct Builtin {
    schemas: Vec<Schema>,
    types: Vec<ResourceType>,
    numbers: AttributeNumbers,
    registry: Arc<Registry>,
    /// Beside the schemas, what else every tenant of the store has: the keys of encrypted values.
    keys: OnceLock<Arc<ValueKeys>>,
}

impl Builtin {
    pub(super) fn new() -> Result<Self> {
        let (schemas, types) = (builtin::schemas()?, builtin::resource_types()?);
        let mut numbers = AttributeNumbers::default();
        let registry = Registry::build(schemas.clone(), types.iter().cloned().map(Some).collect(), &mut numbers)?;
        Ok(Builtin { schemas, types, numbers, registry: Arc::new(registry), keys: OnceLock::new() })
    }

    /// Whether a registry is the one that tenants without schemas of their own share.
    pub(super) fn is_shared(&self, registry: &Arc<Registry>) -> bool {
        Arc::ptr_eq(&self.registry, registry)
    }

    /// The keys of values that are encrypted at rest.
    pub(super) fn value_keys(&self) -> Option<Arc<ValueKeys>> {
        self.keys.get().cloned()
    }

    /// Sets them, before any tenant is read.
    pub(super) fn set_value_keys(&self, keys: Arc<ValueKeys>) {
        // They are set once, when the store is opened.
        let _ = self.keys.set(keys);
    }

    /// Their registry.
    pub(super) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Whether a schema is built in, so that it is there again when a tenant removes its own of that URN.
    pub(super) fn has_schema(&self, urn: &str) -> bool {
        self.schemas.iter().any(|schema| schema.id.eq_ignore_ascii_case(urn))
    }
}

/// The documents of a tenant: what was registered, beside what is built in.
#[derive(Default)]
pub(super) struct Documents {
    /// By URN in lower case.
    schemas: BTreeMap<String, (u64, Schema)>,
    /// By number. None: removed; the number stays taken.
    types: BTreeMap<u16, (u64, Option<ResourceType>)>,
    numbers: Vec<(String, AttributeId)>,
}

impl Documents {
    /// Reads what a tenant registered.
    pub(super) fn load(reads: &dyn Reads, tenant: TenantId) -> Result<Self> {
        let mut documents = Documents::default();
        reads.scan_prefix(Table::Documents, &Key::of(tenant).done(), &mut |key, value| {
            let record = DocumentRecord::decode(value)?;
            let rest = key.get(4..).unwrap_or_default();
            match rest.split_first() {
                Some((&SCHEMA, urn)) => {
                    if let [SchemaDocument::Schema(schema)] = parse(&record.json)?.as_slice() {
                        let urn = String::from_utf8_lossy(urn).into_owned();
                        documents.schemas.insert(urn, (record.version, schema.clone()));
                    }
                }
                Some((&RESOURCE_TYPE, number)) => {
                    let number = number.first_chunk().map_or(0, |chunk| u16::from_be_bytes(*chunk));
                    let resource_type = match (record.json.is_empty(), parse(&record.json)?.as_slice()) {
                        (false, [SchemaDocument::ResourceType(resource_type)]) => Some(resource_type.clone()),
                        _ => None,
                    };
                    documents.types.insert(number, (record.version, resource_type));
                }
                _ => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
        reads.scan_prefix(Table::Numbers, &Key::of(tenant).done(), &mut |key, value| {
            if let Some(number) = key.get(4..8).and_then(<[u8]>::first_chunk) {
                let name = String::from_utf8_lossy(value).into_owned();
                documents.numbers.push((name, AttributeId(u32::from_be_bytes(*number))));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(documents)
    }

    /// Compiles them, over the built-in ones.
    pub(super) fn compile(&self, builtin: &Builtin) -> Result<(Arc<Registry>, AttributeNumbers)> {
        if self.schemas.is_empty() && self.types.is_empty() {
            // Tenants without schemas of their own share one registry.
            return Ok((Arc::clone(&builtin.registry), builtin.numbers.clone()));
        }
        let own = |schema: &Schema| self.schemas.get(&schema.id.to_ascii_lowercase());
        let mut schemas: Vec<Schema> =
            builtin.schemas.iter().map(|schema| own(schema).map_or(schema, |(_, own)| own).clone()).collect();
        schemas.extend(
            self.schemas.iter().filter(|(urn, _)| !builtin.has_schema(urn)).map(|(_, (_, schema))| schema.clone()),
        );
        let last = self.types.keys().next_back().map_or(0, |number| usize::from(*number)).max(builtin.types.len());
        let types = (1..=last).map(|number| {
            let own = u16::try_from(number).ok().and_then(|number| self.types.get(&number));
            match own {
                Some((_, own)) => own.clone(),
                None => builtin.types.get(number - 1).cloned(),
            }
        });
        let mut numbers = builtin.numbers.extended(self.numbers.iter().cloned(), common::FIRST_CUSTOM);
        let registry = Registry::build(schemas, types.collect(), &mut numbers)?;
        Ok((Arc::new(registry), numbers))
    }

    /// Adds a schema, or changes it.
    pub(super) fn put_schema(&mut self, schema: Schema) {
        let entry = self.schemas.entry(schema.id.to_ascii_lowercase()).or_insert_with(|| (0, schema.clone()));
        *entry = (entry.0 + 1, schema);
    }

    /// Adds a resource type, or changes the one of the same name.
    pub(super) fn put_type(&mut self, resource_type: ResourceType, builtin: &Builtin) -> Result<()> {
        let same = |other: &ResourceType| other.name.eq_ignore_ascii_case(&resource_type.name);
        let own = self.types.iter().find(|(_, (_, own))| own.as_ref().is_some_and(same)).map(|(number, _)| *number);
        let inherited = || {
            let position = builtin.types.iter().position(same)?;
            u16::try_from(position + 1).ok().filter(|number| !self.types.contains_key(number))
        };
        let next = || {
            let last = self
                .types
                .keys()
                .next_back()
                .copied()
                .unwrap_or(0)
                .max(u16::try_from(builtin.types.len()).unwrap_or(u16::MAX));
            last.checked_add(1)
        };
        let number = own.or_else(inherited).or_else(next);
        let number =
            number.ok_or_else(|| Error::new(ErrorKind::TooMany, "the tenant has no resource type numbers left"))?;
        let version = self.types.get(&number).map_or(0, |(version, _)| *version);
        self.types.insert(number, (version + 1, Some(resource_type)));
        Ok(())
    }

    /// Removes a schema; false if this tenant registered none of that URN.
    pub(super) fn remove_schema(&mut self, urn: &str) -> bool {
        self.schemas.remove(&urn.to_ascii_lowercase()).is_some()
    }

    /// Removes a resource type by its number; what was built in under that number is there again.
    ///
    /// # Errors
    /// `InvalidArgument` when it is only built in.
    pub(super) fn remove_type(&mut self, number: u16, builtin: &Builtin) -> Result<()> {
        if let Some(name) = builtin.types.get(usize::from(number).wrapping_sub(1)).map(|builtin| &builtin.name) {
            return match self.types.remove(&number) {
                Some(_) => Ok(()),
                None => {
                    let detail = format!("{name} is built in and cannot be removed");
                    Err(Error::new(ErrorKind::InvalidArgument, detail))
                }
            };
        }
        let version = self.types.get(&number).map_or(0, |(version, _)| *version);
        self.types.insert(number, (version + 1, None));
        Ok(())
    }

    /// How often the schema of a URN was registered or changed; none if it is only built in.
    pub(super) fn schema_version(&self, urn: &str) -> Option<u64> {
        self.schemas.get(&urn.to_ascii_lowercase()).map(|(version, _)| *version)
    }

    /// What the store keeps of them.
    pub(super) fn entries(&self, tenant: TenantId) -> Vec<(Vec<u8>, Vec<u8>)> {
        use crate::message::{resource_type_json, schema_json};
        let schemas = self.schemas.iter().map(|(urn, (version, schema))| {
            let record = DocumentRecord { version: *version, json: schema_json(schema, "") };
            (Key::of(tenant).u8(SCHEMA).bytes(urn.as_bytes()).done(), record.encode())
        });
        let types = self.types.iter().map(|(number, (version, resource_type))| {
            let json = resource_type.as_ref().map(|t| resource_type_json(t, "")).unwrap_or_default();
            let record = DocumentRecord { version: *version, json };
            (Key::of(tenant).u8(RESOURCE_TYPE).u16(*number).done(), record.encode())
        });
        schemas.chain(types).collect()
    }
}

/// Reads a tenant's configuration.
///
/// # Errors
/// `Corrupt`.
pub(super) fn load_config(
    reads: &dyn Reads,
    tenant: TenantId,
    profile: &str,
    builtin: &Builtin,
    keep_changes: Option<u64>,
) -> Result<Arc<Config>> {
    let compiled = Documents::load(reads, tenant)?.compile(builtin).map(|(registry, _)| registry);
    // What is stored was compiled before.
    let unreadable = |error| unreadable(&error);
    let registry = compiled.map_err(unreadable)?;
    let profile = Arc::new(profile.parse::<Profile>().map_err(unreadable)?);
    Ok(Arc::new(Config { profile, registry, keep_changes, keys: builtin.value_keys() }))
}

fn parse(json: &str) -> Result<Vec<SchemaDocument>> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    parse_schema_document(json.as_bytes()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &Error) -> Error {
    Error::new(ErrorKind::Corrupt, format!("what is stored of a tenant's profile and schemas cannot be read: {error}"))
}
