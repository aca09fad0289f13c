//! What a filter costs: to read and bind once, and to evaluate on every stored resource of a scan.
//!
//! `cargo bench --no-default-features --bench eval`. Times of `evaluate` are for the whole set: read the item rate.

use divan::Bencher;
use divan::counter::ItemsCount;
use scimdb::filter::{bind, eval, parse};
use scimdb::message::{ResourceInput, builtin};
use scimdb::model::bind::bind_resource;
use scimdb::model::{BindOptions, Instant, Registry, Resource, TypeModel, stored};

const USERS: usize = 2_000;

const FILTERS: &[&str] = &[
    r#"userName co "x""#,
    r#"userName co "garcia1""#,
    r#"userName eq "ada.smith500@example.com""#,
    r#"displayName sw "lin""#,
    r#"active eq true and title eq "Engineer""#,
    r#"emails[type eq "work" and value co "@example.com"]"#,
    r#"emails co "home.example""#,
    r#"meta.created gt "2020-01-01T00:00:00Z""#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales""#,
    "addresses pr",
];

fn main() {
    divan::main();
}

fn registry() -> Registry {
    builtin::registry().unwrap_or_else(|error| unreachable!("{error}"))
}

fn user(registry: &Registry) -> &TypeModel {
    registry.resource_type("User").unwrap_or_else(|error| unreachable!("{error}"))
}

/// A user of about 20 attributes, 900 bytes as JSON.
fn json(index: usize) -> String {
    let pick = |among: &[&'static str]| *among.get(index * 7919 % among.len()).unwrap_or(&"");
    let given = pick(&["Ada", "Linus", "Grace", "Barbara", "Ken", "Dennis", "Xavier"]);
    let family = pick(&[
        "Smith", "Garcia", "Nguyen", "Jensen", "Okafor", "Maxwell", "Ito", "Dubois", "Kowalski", "Rossi", "Lee",
    ]);
    let (low_given, low_family) = (given.to_lowercase(), family.to_lowercase());
    let title = pick(&["Engineer", "Manager", "Analyst", "Director", "Vice President"]);
    let department = pick(&["Sales", "Finance", "Legal"]);
    let active = !index.is_multiple_of(13);
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId":"e{index:09}","userName":"{low_given}.{low_family}{index}@example.com",
        "name":{{"givenName":"{given}","familyName":"{family}","formatted":"{given} {family}"}},"displayName":"{given} {family}",
        "title":"{title}","userType":"Employee","preferredLanguage":"en-US","active":{active},
        "emails":[{{"value":"{low_given}.{low_family}{index}@example.com","type":"work","primary":true}},
                  {{"value":"{low_family}{index}@home.example.org","type":"home"}}],
        "phoneNumbers":[{{"value":"+1-555-010-{index:04}","type":"work"}}],
        "addresses":[{{"type":"work","locality":"Paris","country":"FR","postalCode":"{index:05}"}}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {{"employeeNumber":"{index:07}","department":"{department}","costCenter":"CC{:03}"}}}}"#,
        index % 400
    )
}

fn stored_user(model: &TypeModel, index: usize) -> Vec<u8> {
    let read = || -> scimdb::Result<Vec<u8>> {
        let input = ResourceInput::from_json(json(index).as_bytes())?;
        let attributes = bind_resource(model, input.0, BindOptions::default())?.attributes;
        let created = Instant::from_unix(1_500_000_000 + 86_400 * index as i64 % 300_000_000, 0);
        let Some(created) = created else { unreachable!("it is a year that exists") };
        let id = format!("00000000-0000-7000-a000-{index:012x}");
        Ok(stored::encode(&Resource { id, version: 1, created, last_modified: created, attributes }))
    };
    read().unwrap_or_else(|error| unreachable!("{error}"))
}

#[divan::bench(args = FILTERS)]
fn parse_and_bind(bencher: Bencher<'_, '_>, filter: &str) {
    let registry = registry();
    let model = user(&registry);
    bencher.bench(|| bind(&parse(filter)?, model, BindOptions::default()));
}

#[divan::bench]
fn parse_and_bind_two_clauses(bencher: Bencher<'_, '_>) {
    let registry = registry();
    let model = user(&registry);
    let filter = r#"userName eq "bjensen@example.com" and active eq true"#;
    bencher.bench(|| bind(&parse(filter)?, model, BindOptions::default()));
}

#[divan::bench(args = FILTERS)]
fn evaluate(bencher: Bencher<'_, '_>, filter: &str) {
    let registry = registry();
    let model = user(&registry);
    let users: Vec<Vec<u8>> = (0..USERS).map(|index| stored_user(model, index)).collect();
    let bound = parse(filter).and_then(|filter| bind(&filter, model, BindOptions::default()));
    let Ok(bound) = bound else { unreachable!("the filters are sound") };
    bencher.counter(ItemsCount::new(USERS)).bench(|| {
        let meets = |bytes: &&Vec<u8>| stored::view(bytes, model).is_ok_and(|view| eval(&bound, &view));
        users.iter().filter(meets).count()
    });
}
