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
use crate::model::{AttributeId, AttributeNumbers, Registry, ResourceType, Schema, TypeModel, common};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

const SCHEMA: u8 = 1;
const RESOURCE_TYPE: u8 = 2;
/// The number of a resource type that a profile brought.
const NUMBER: u8 = 3;

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
    #[cfg(test)]
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
    /// The numbers of resource types that profiles brought, by name in lower case. They stay taken.
    brought: BTreeMap<String, u16>,
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
                Some((&NUMBER, name)) => {
                    let number = u16::try_from(record.version).unwrap_or_default();
                    documents.brought.insert(String::from_utf8_lossy(name).into_owned(), number);
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

    /// Compiles them, over those of a profile, over the built-in ones.
    ///
    /// # Errors
    /// `InvalidValue` where they contradict each other.
    pub(super) fn compile(
        &mut self,
        builtin: &Builtin,
        profile: &Profile,
    ) -> Result<(Arc<Registry>, AttributeNumbers)> {
        if self.schemas.is_empty() && self.types.is_empty() && !profile.has_shape() {
            // Tenants without schemas of their own share one registry.
            return Ok((Arc::clone(&builtin.registry), builtin.numbers.clone()));
        }
        let types = self.types_over(builtin, profile);
        let mut schemas = builtin.schemas.clone();
        profile.add_schemas(&mut schemas);
        profile.adjust(&mut schemas, types.iter().flatten())?;
        for (_, own) in self.schemas.values() {
            match schemas.iter_mut().find(|schema| schema.id.eq_ignore_ascii_case(&own.id)) {
                Some(schema) => schema.clone_from(own),
                None => schemas.push(own.clone()),
            }
        }
        let mut numbers = builtin.numbers.extended(self.numbers.iter().cloned(), common::FIRST_CUSTOM);
        // What is stored was checked when it was registered: what goes beyond the RFC is of a profile.
        let registry = Registry::build_with(schemas, types, &mut numbers, &|_| true)?;
        let registry = profile.name_and_compare(registry)?;
        let constraints = profile.constraints(&registry)?;
        Ok((Arc::new(registry.constrained(constraints, profile.numbers_as_versions())), numbers))
    }

    /// Every resource type by its number: those of the tenant, over those of the profile, over the built-in ones.
    fn types_over(&mut self, builtin: &Builtin, profile: &Profile) -> Vec<Option<ResourceType>> {
        let number_in = |place: usize| u16::try_from(place + 1).unwrap_or(u16::MAX);
        let mut types: BTreeMap<u16, Option<ResourceType>> =
            builtin.types.iter().enumerate().map(|(place, one)| (number_in(place), Some(one.clone()))).collect();
        for brought in profile.resource_types() {
            let same = |other: &ResourceType| other.name.eq_ignore_ascii_case(&brought.name);
            let number = match builtin.types.iter().position(same) {
                Some(place) => number_in(place),
                None => self.number_of(&brought.name, builtin),
            };
            types.insert(number, Some(brought.clone()));
        }
        types.extend(self.types.iter().map(|(number, (_, own))| (*number, own.clone())));
        let last = types.keys().next_back().copied().unwrap_or(0);
        (1..=last).map(|number| types.get(&number).cloned().flatten()).collect()
    }

    /// The number of a resource type that a profile brings: the one that it had before, or a new one.
    fn number_of(&mut self, name: &str, builtin: &Builtin) -> u16 {
        let own = |(number, (_, own)): (&u16, &(u64, Option<ResourceType>))| {
            own.as_ref().is_some_and(|own| own.name.eq_ignore_ascii_case(name)).then_some(*number)
        };
        if let Some(number) = self.types.iter().find_map(own) {
            return number;
        }
        let next = self.next_number(builtin);
        *self.brought.entry(name.to_ascii_lowercase()).or_insert(next)
    }

    /// A number that no resource type ever had.
    fn next_number(&self, builtin: &Builtin) -> u16 {
        let own = self.types.keys().next_back().copied().unwrap_or(0);
        let brought = self.brought.values().max().copied().unwrap_or(0);
        let last = u16::try_from(builtin.types.len()).unwrap_or(u16::MAX).max(own).max(brought);
        last.saturating_add(1)
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
        let brought = || self.brought.get(&resource_type.name.to_ascii_lowercase()).copied();
        let next = || Some(self.next_number(builtin)).filter(|number| !self.types.contains_key(number));
        let number = own.or_else(inherited).or_else(brought).or_else(next);
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

    /// Removes a resource type; what was built in, or is of the profile, under that number is there again.
    ///
    /// # Errors
    /// `InvalidArgument` when it is only built in, or only of the profile.
    pub(super) fn remove_type(&mut self, model: &TypeModel, builtin: &Builtin, profile: &Profile) -> Result<()> {
        let (number, name) = (model.number(), model.name());
        let is_builtin = builtin.types.get(usize::from(number).wrapping_sub(1)).is_some();
        let is_of_profile = profile.resource_types().iter().any(|brought| brought.name.eq_ignore_ascii_case(name));
        if is_builtin || is_of_profile {
            return match self.types.remove(&number) {
                Some(_) => Ok(()),
                None => {
                    let detail = match is_builtin {
                        true => format!("{name} is built in and cannot be removed"),
                        false => {
                            format!("{name} is of the profile {}: give the tenant another profile", profile.name())
                        }
                    };
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
        let brought = self.brought.iter().map(|(name, number)| {
            let record = DocumentRecord { version: u64::from(*number), json: String::new() };
            (Key::of(tenant).u8(NUMBER).bytes(name.as_bytes()).done(), record.encode())
        });
        schemas.chain(types).chain(brought).collect()
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
    // What is stored was compiled before.
    let unreadable = |error| unreadable(&error);
    let profile = Arc::new(profile.parse::<Profile>().map_err(unreadable)?);
    let (registry, _) = Documents::load(reads, tenant)?.compile(builtin, &profile).map_err(unreadable)?;
    Config::new(profile, registry, keep_changes, builtin.value_keys()).map(Arc::new).map_err(unreadable)
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
