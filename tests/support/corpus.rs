//! The corpus as data: tests/corpus/README.md describes the files. It must not know how a vector is run.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A file of filter vectors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterFile {
    #[serde(skip)]
    pub name: String,
    pub description: String,
    /// Names of files in tests/corpus/schemas, or documents.
    #[serde(default)]
    schemas: Vec<Value>,
    #[serde(default = "strict")]
    pub dialect: String,
    pub resources: Vec<ResourceOf>,
    #[serde(default)]
    pub patches: Vec<PatchOf>,
    pub vectors: Vec<FilterVector>,
}

/// A resource to be created with the id given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResourceOf {
    pub resource_type: String,
    pub id: String,
    pub body: Value,
}

/// A PATCH to be applied before the vectors are run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PatchOf {
    pub resource_type: String,
    pub id: String,
    pub request: Value,
}

/// One search and what it finds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FilterVector {
    pub name: String,
    pub cites: String,
    pub resource_type: Option<String>,
    filter: Option<String>,
    filter_parts: Option<Vec<(String, usize)>>,
    pub sort_by: Option<String>,
    pub sort_order: Option<String>,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
    #[serde(rename = "match")]
    matches: Option<Vec<String>>,
    result: Option<Vec<String>>,
    total_results: Option<u64>,
    error: Option<FilterError>,
}

/// What a search that fails says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FilterError {
    pub scim_type: String,
    pub offset: Option<u64>,
    pub detail_contains: Option<String>,
}

/// What a search gave, by any face.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The ids of the page in order, and the number of all.
    Found(Vec<String>, u64),
    /// It failed.
    Failed { scim_type: Option<String>, offset: Option<u64>, detail: String },
}

impl FilterVector {
    /// The filter's text.
    pub fn filter(&self) -> Option<String> {
        let parts = self.filter_parts.as_ref();
        let built = parts.map(|parts| parts.iter().map(|(text, times)| text.repeat(*times)).collect());
        built.or_else(|| self.filter.clone())
    }

    /// Whether it is about the order of results or a page of them.
    pub fn is_sorted(&self) -> bool {
        self.result.is_some() || self.sort_by.is_some()
    }

    /// What the vector expects, for a message.
    pub fn expected(&self) -> String {
        match (&self.matches, &self.result, &self.error) {
            (Some(ids), None, None) => format!("{ids:?} in any order"),
            (None, Some(ids), None) => format!("{ids:?} of {:?}", self.total_results),
            (None, None, Some(error)) => format!("{error:?}"),
            other => panic!("{}: one of match, result and error, not {other:?}", self.name),
        }
    }

    /// Whether the outcome is what the vector expects.
    pub fn accepts(&self, outcome: &Outcome) -> bool {
        match (outcome, &self.error) {
            (Outcome::Failed { scim_type, offset, detail }, Some(error)) => {
                scim_type.as_deref() == Some(&error.scim_type)
                    && (error.offset.is_none() || *offset == error.offset)
                    && error.detail_contains.as_ref().is_none_or(|part| detail.contains(part))
            }
            (Outcome::Found(ids, total), None) => match (&self.matches, &self.result) {
                (Some(matches), _) => {
                    let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
                    sorted(ids) == sorted(matches) && ids.len() == matches.len() && *total == ids.len() as u64
                }
                (_, Some(result)) => ids == result && self.total_results.is_none_or(|expected| *total == expected),
                _ => false,
            },
            _ => false,
        }
    }
}

/// A file of PATCH vectors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchFile {
    #[serde(skip)]
    pub name: String,
    pub description: String,
    #[serde(default)]
    schemas: Vec<Value>,
    pub vectors: Vec<PatchVector>,
}

/// One PATCH and what it makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PatchVector {
    pub name: String,
    pub cites: String,
    pub dialect: String,
    pub resource_type: String,
    /// Resources that must be there before, each with its id and schemas.
    #[serde(default)]
    pub others: Vec<Value>,
    pub resource: Value,
    pub request: Value,
    pub result: Option<Value>,
    pub error: Option<PatchError>,
    /// False: nothing changes, and the version stays.
    pub changed: Option<bool>,
    /// Searches that must find this afterwards.
    #[serde(default)]
    pub then: Vec<Then>,
}

/// How a PATCH fails.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PatchError {
    pub status: u16,
    pub scim_type: String,
}

/// A search after a PATCH.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Then {
    pub resource_type: String,
    pub filter: String,
    #[serde(rename = "match")]
    pub matches: Vec<String>,
}

impl PatchVector {
    /// The resource's id.
    pub fn id(&self) -> &str {
        self.resource["id"].as_str().expect("a resource has an id")
    }
}

/// The resource type of a body, by its first schema.
pub fn type_of(body: &Value) -> &'static str {
    match body["schemas"][0].as_str() {
        Some("urn:ietf:params:scim:schemas:core:2.0:User") => "User",
        Some("urn:ietf:params:scim:schemas:core:2.0:Group") => "Group",
        Some("urn:example:2.0:Gadget") => "Gadget",
        other => panic!("which resource type has the schema {other:?}?"),
    }
}

fn strict() -> String {
    "strict".to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn files(folder: &str) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (format!("{folder}/{}", name(path)), std::fs::read_to_string(path).unwrap())).collect()
}

fn documents(schemas: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for schema in schemas {
        let document = match schema.as_str() {
            Some(file) => {
                let text = std::fs::read_to_string(root().join("schemas").join(file)).unwrap();
                serde_json::from_str(&text).unwrap()
            }
            None => schema.clone(),
        };
        match document {
            Value::Array(documents) => all.extend(documents),
            document => all.push(document),
        }
    }
    all
}

impl FilterFile {
    /// Every file of filter vectors.
    pub fn all() -> Vec<FilterFile> {
        let read = |(name, text): (String, String)| {
            let file: FilterFile = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            FilterFile { name, ..file }
        };
        files("filter").into_iter().map(read).collect()
    }

    /// The documents to be registered.
    pub fn documents(&self) -> Vec<Value> {
        documents(&self.schemas)
    }
}

impl PatchFile {
    /// Every file of PATCH vectors.
    pub fn all() -> Vec<PatchFile> {
        let read = |(name, text): (String, String)| {
            let file: PatchFile = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            PatchFile { name, ..file }
        };
        files("patch").into_iter().map(read).collect()
    }

    /// The documents to be registered.
    pub fn documents(&self) -> Vec<Value> {
        documents(&self.schemas)
    }
}

/// Whether a resource after a PATCH is what a vector expects. `meta` is not compared, `schemas` and members have no
/// order, and what is derived about members, groups and managers counts only where the vector names it.
pub fn same_resource(expected: &Value, got: &Value) -> bool {
    let tidy = |value: &Value| {
        let mut value = value.clone();
        let object = value.as_object_mut().expect("a resource is an object");
        object.remove("meta");
        for name in ["schemas", "members", "groups"] {
            if let Some(Value::Array(values)) = object.get_mut(name) {
                values.sort_by_key(|value| value.get("value").unwrap_or(value).to_string());
            }
        }
        value
    };
    let (expected, mut got) = (tidy(expected), tidy(got));
    if expected.get("groups").is_none() {
        got.as_object_mut().unwrap().remove("groups");
    }
    for name in ["members", "groups"] {
        let Some(Value::Array(values)) = got.get_mut(name) else { continue };
        for (index, value) in values.iter_mut().enumerate() {
            let named = &expected[name][index];
            if let Value::Object(parts) = value {
                parts.retain(|part, _| {
                    !matches!(part.as_str(), "$ref" | "display" | "type") || named.get(part).is_some()
                });
            }
        }
    }
    expected == got
}

/// Collects what failed, so that a run tells all of it.
#[derive(Default)]
pub struct Failures {
    /// What failed, for people.
    pub text: String,
    pub failed: usize,
    pub run: usize,
}

impl Failures {
    /// Counts a vector, and keeps it if it failed.
    pub fn check(&mut self, passed: bool, file: &str, name: &str, cites: &str, expected: impl Debug, got: impl Debug) {
        self.run += 1;
        if !passed {
            self.failed += 1;
            let _ = writeln!(self.text, "{file}: {name} ({cites})\n  expected {expected:?}\n  got      {got:?}");
        }
    }

    /// Fails if anything failed.
    pub fn finish(self) {
        assert!(self.run > 0, "no vectors were run");
        assert!(self.failed == 0, "{} of {} vectors failed\n{}", self.failed, self.run, self.text);
    }
}
