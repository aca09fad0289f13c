//! Runs the corpus through a face of the store: the engine, gRPC, the command line. It must not know which.

use serde_json::Value;

use super::corpus::{
    Failures, FilterFile, FilterVector, Outcome, PatchError, PatchFile, PatchVector, ResourceOf, same_resource, type_of,
};

/// What a search asks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub resource_type: Option<String>,
    pub filter: Option<String>,
    pub sort_by: Option<String>,
    pub descending: bool,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
}

impl From<&FilterVector> for Search {
    fn from(vector: &FilterVector) -> Search {
        Search {
            resource_type: vector.resource_type.clone(),
            filter: vector.filter(),
            sort_by: vector.sort_by.clone(),
            descending: vector.sort_order.as_deref() == Some("descending"),
            start_index: vector.start_index,
            count: vector.count,
        }
    }
}

/// A way to use a store.
pub trait Face {
    /// Makes a tenant and registers schemas.
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String>;
    /// Creates resources in order, with the ids given.
    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String>;
    /// Searches.
    fn search(&mut self, tenant: &str, search: &Search) -> Outcome;
    /// Searches by cursor, two resources to a page, and puts the pages together; none where one call is too slow for it.
    fn walk(&mut self, _tenant: &str, _search: &Search) -> Option<Outcome> {
        None
    }
    /// Gets a resource.
    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value;
    /// Modifies a resource; gives it as the answer shows it, where reading it again would only take time.
    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError>;
    /// Whether an empty filter differs from none.
    fn knows_empty_filters(&self) -> bool {
        true
    }
}

/// Runs every filter vector; panics if one fails.
pub fn run_filters(face: &mut impl Face) {
    let mut failures = Failures::default();
    check_filters(face, &mut failures);
    failures.finish();
}

/// Runs every filter vector.
pub fn check_filters(face: &mut impl Face, failures: &mut Failures) {
    for (index, file) in FilterFile::all().iter().enumerate() {
        let tenant = format!("filter-{index}");
        if let Err(error) = prepare_filters(face, &tenant, file) {
            failures.check(false, &file.name, "setting the file up", "README", "a store", error);
            continue;
        }
        for vector in &file.vectors {
            if vector.filter().as_deref() == Some("") && !face.knows_empty_filters() {
                continue;
            }
            let search = Search::from(vector);
            let got = face.search(&tenant, &search);
            failures.check(vector.accepts(&got), &file.name, &vector.name, &vector.cites, vector.expected(), &got);
            // However its pages are found, a search finds the same.
            if (search.start_index, search.count) == (None, None)
                && let Some(got) = face.walk(&tenant, &search)
            {
                let name = format!("{}, by cursor", vector.name);
                failures.check(vector.accepts(&got), &file.name, &name, &vector.cites, vector.expected(), &got);
            }
        }
    }
}

fn prepare_filters(face: &mut impl Face, tenant: &str, file: &FilterFile) -> Result<(), String> {
    face.open(tenant, &file.dialect, &file.documents())?;
    face.load(tenant, &file.resources)?;
    for patch in &file.patches {
        face.patch(tenant, &patch.resource_type, &patch.id, &patch.request).map_err(|error| format!("{error:?}"))?;
    }
    Ok(())
}

/// Runs every PATCH vector; panics if one fails.
pub fn run_patches(face: &mut impl Face) {
    let mut failures = Failures::default();
    check_patches(face, &mut failures);
    failures.finish();
}

/// Runs every PATCH vector.
pub fn check_patches(face: &mut impl Face, failures: &mut Failures) {
    for (number, file) in PatchFile::all().iter().enumerate() {
        for (index, vector) in file.vectors.iter().enumerate() {
            let tenant = format!("patch-{number}-{index}");
            let outcome = run_patch(face, &tenant, file, vector);
            let expected = (&vector.result, &vector.error, vector.changed);
            failures.check(outcome.is_ok(), &file.name, &vector.name, &vector.cites, expected, outcome);
        }
    }
}

/// Runs one PATCH vector; the error says what was not as expected.
fn run_patch(face: &mut impl Face, tenant: &str, file: &PatchFile, vector: &PatchVector) -> Result<(), String> {
    let bodies: Vec<&Value> = vector.others.iter().chain([&vector.resource]).collect();
    // Only what needs the file's schemas waits for them to be registered.
    let needs_schemas = bodies.iter().any(|body| type_of(body) == "Gadget");
    face.open(tenant, &vector.dialect, &if needs_schemas { file.documents() } else { Vec::new() })?;
    let resources: Vec<ResourceOf> = bodies.into_iter().map(resource).collect();
    face.load(tenant, &resources)?;
    let (kind, id) = (vector.resource_type.as_str(), vector.id());
    let before = face.get(tenant, kind, id);
    let answer = face.patch(tenant, kind, id, &vector.request);
    let after = match &answer {
        Ok(Some(shown)) => shown.clone(),
        _ => face.get(tenant, kind, id),
    };
    let same_version = before["meta"]["version"] == after["meta"]["version"];
    match (&vector.error, answer) {
        (Some(expected), Err(error)) if *expected == error => match before == after {
            true => Ok(()),
            false => Err(format!("failed as it should, but left {after}")),
        },
        (None, Ok(_)) => {
            let expected = vector.result.as_ref().expect("a result where there is no error");
            if !same_resource(expected, &after) {
                return Err(after.to_string());
            }
            let unchanged = vector.changed == Some(false);
            match unchanged == same_version && (!unchanged || before["meta"] == after["meta"]) {
                true => search_after(face, tenant, vector),
                false => Err(format!("meta before {}, after {}", before["meta"], after["meta"])),
            }
        }
        (_, answer) => Err(format!("{answer:?}, and then {after}")),
    }
}

fn search_after(face: &mut impl Face, tenant: &str, vector: &PatchVector) -> Result<(), String> {
    for then in &vector.then {
        let search = Search {
            resource_type: Some(then.resource_type.clone()),
            filter: Some(then.filter.clone()),
            ..Search::default()
        };
        let Outcome::Found(mut ids, _) = face.search(tenant, &search) else {
            return Err(format!("{} failed", then.filter));
        };
        let mut expected = then.matches.clone();
        ids.sort();
        expected.sort();
        if ids != expected {
            return Err(format!("{} then finds {ids:?}", then.filter));
        }
    }
    Ok(())
}

fn resource(body: &Value) -> ResourceOf {
    let id = body["id"].as_str().expect("a resource has an id").to_owned();
    ResourceOf { resource_type: type_of(body).to_owned(), id, body: body.clone() }
}
