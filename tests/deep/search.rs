//! Searches of what only schemas beyond RFC 7643 have, against a second opinion on the JSON that was sent.

use scimdb::message::SearchRequest;
use scimdb::{ErrorKind, Store, StoreOptions};
use serde_json::{Value, json};

use super::support::engine::*;
use super::support::random::Dice;
use super::{ABSORB, absorb, absorb_in, documents, learner, profile_with, settings};

/// A condition: a path below the extension, an operator, a literal.
struct Condition {
    path: &'static [&'static str],
    op: &'static str,
    literal: Value,
}

impl Condition {
    fn random(dice: &mut Dice) -> Self {
        const PATHS: &[(&[&str], &[&str])] = &[
            (
                &["userManagementSettings", "managedDepartments", "departmentId"],
                &["eq", "ne", "co", "sw", "ew", "pr", "gt"],
            ),
            (&["userManagementSettings", "managedDepartments"], &["pr"]),
            (&["userManagementSettings", "limits", "daily", "count"], &["eq", "ne", "gt", "pr"]),
            (&["userManagementSettings", "limits"], &["pr"]),
            (&["userManagementSettings"], &["pr"]),
            (&["customFields", "value"], &["eq", "ne", "co", "sw", "ew", "pr"]),
            (&["anything"], &["eq", "ne", "co", "pr"]),
            (&["location"], &["eq", "ne", "sw", "pr"]),
        ];
        let (path, operators) = PATHS[dice.below(PATHS.len())];
        let op = operators[dice.below(operators.len())];
        let is_any = matches!(path.last(), Some(&"value" | &"anything"));
        let literal = match path.last() {
            Some(&"count") => json!(dice.below(4)),
            _ if is_any && matches!(op, "eq" | "ne") => any(dice, 0),
            _ => json!(word(dice)),
        };
        Condition { path, op, literal }
    }

    fn text(&self) -> String {
        let path = format!("{ABSORB}:{}", self.path.join("."));
        if self.op == "pr" { format!("{path} pr") } else { format!("{path} {} {}", self.op, self.literal) }
    }

    /// What it means, told of the JSON that was sent.
    fn holds(&self, absorb: &Value) -> bool {
        let mut found = Vec::new();
        values(absorb, self.path, &mut found);
        let is_any = matches!(self.path.last(), Some(&"value" | &"anything"));
        let prepared = |text: &str| if is_any { text.to_owned() } else { text.to_lowercase() };
        let compares = |value: &&Value| match (*value, &self.literal) {
            (Value::String(value), Value::String(literal)) => {
                let (value, literal) = (prepared(value), prepared(literal));
                match self.op {
                    "eq" => value == literal,
                    "ne" => value != literal,
                    "co" => value.contains(&literal),
                    "sw" => value.starts_with(&literal),
                    "ew" => value.ends_with(&literal),
                    _ => value > literal,
                }
            }
            (Value::Number(value), Value::Number(literal)) => {
                let (value, literal) = (value.as_f64().unwrap(), literal.as_f64().unwrap());
                match self.op {
                    "eq" => value == literal,
                    "ne" => value != literal,
                    _ => self.op == "gt" && value > literal,
                }
            }
            (value, literal) => match self.op {
                "eq" => value == literal,
                "ne" => value != literal,
                _ => false,
            },
        };
        match self.op {
            "pr" => found.iter().any(|value| is_present(value, is_any)),
            "ne" => found.is_empty() || found.iter().any(compares),
            _ => found.iter().any(compares),
        }
    }
}

/// Whether a value is not empty: of an attribute of any type, that nothing stands in it.
fn is_present(value: &Value, is_any: bool) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) if is_any => !object.is_empty(),
        Value::Object(object) => object.values().any(|value| is_present(value, false)),
        _ => true,
    }
}

/// The values at a path: of an attribute of any type its value, of others each of several.
fn values<'v>(value: &'v Value, path: &[&str], found: &mut Vec<&'v Value>) {
    let Some((name, rest)) = path.split_first() else { return found.push(value) };
    match value.get(name) {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) if !matches!(*name, "value" | "anything") => {
            items.iter().for_each(|item| values(item, rest, found));
        }
        Some(single) => values(single, rest, found),
    }
}

fn word(dice: &mut Dice) -> &'static str {
    ["a", "A", "ab", "Ba", "1", ""][dice.below(6)]
}

/// A scalar, or with some kinds more something else.
fn any(dice: &mut Dice, more: usize) -> Value {
    match dice.below(5 + more) {
        0 => json!(dice.below(3)),
        1 => json!(dice.below(3) as f64 + 0.5),
        2 => json!(dice.below(2) == 0),
        3 | 4 => json!(word(dice)),
        5 => json!([word(dice)]),
        _ => json!({"k": word(dice)}),
    }
}

fn random_settings(dice: &mut Dice) -> Value {
    let mut absorb = json!({});
    if dice.below(3) > 0 {
        absorb["location"] = json!(word(dice));
    }
    if dice.below(2) == 0 {
        absorb["anything"] = any(dice, 2);
    }
    let fields: Vec<Value> =
        (0..dice.below(3)).map(|n| json!({"type": format!("t{n}"), "value": any(dice, 2)})).collect();
    absorb["customFields"] = json!(fields);
    let departments: Vec<Value> = (0..dice.below(3))
        .map(|n| match dice.below(4) {
            0 => json!({"includeSubDepartments": n == 0}),
            _ => json!({"departmentId": word(dice), "includeSubDepartments": true}),
        })
        .collect();
    let mut settings = json!({"managedDepartments": departments});
    if dice.below(2) == 0 {
        settings["limits"] = json!({"zone": "z", "daily": {"count": dice.below(4)}});
    }
    absorb["userManagementSettings"] = settings;
    absorb
}

type Holds<'c> = dyn Fn(&Value) -> bool + 'c;

#[test]
fn searches_agree_with_a_second_opinion() {
    for from in [1, u64::MAX] {
        let mut dice = Dice(from ^ 7);
        let mut options = StoreOptions::default();
        (options.env, options.index.from, options.index.recent) = (env().0, from, 10);
        (options.default_page, options.max_page) = (1_000, 1_000);
        let tenant = absorb_in(&Store::open_in_memory(options).unwrap());
        let mut all = Vec::new();
        for number in 0..150 {
            let settings = random_settings(&mut dice);
            let id = tenant.id_of("User", learner(&format!("u{number}"), settings.clone()));
            all.push((id, settings));
        }
        let mut hits = 0;
        for _ in 0..800 {
            let (one, two) = (Condition::random(&mut dice), Condition::random(&mut dice));
            let (text, holds): (String, Box<Holds<'_>>) = match dice.below(4) {
                0 => (format!("{} and {}", one.text(), two.text()), Box::new(|it| one.holds(it) && two.holds(it))),
                1 => (format!("{} or {}", one.text(), two.text()), Box::new(|it| one.holds(it) || two.holds(it))),
                2 => (format!("not ({})", one.text()), Box::new(|it| !one.holds(it))),
                _ => (one.text(), Box::new(|it| one.holds(it))),
            };
            let expected: Vec<&str> =
                all.iter().filter(|(_, settings)| holds(settings)).map(|(id, _)| id.as_str()).collect();
            hits += expected.len();
            assert_eq!(tenant.found(Some("User"), &text), expected, "{text}");
        }
        assert!(hits > 5_000, "{hits}");
        // How it is answered is told by the paths as they were asked for.
        let filter =
            format!("{ABSORB}:userManagementSettings[limits.daily.count eq 1 and managedDepartments.departmentId pr]");
        let request = SearchRequest { filter: Some(filter.clone()), ..SearchRequest::default() };
        let steps = tenant.explain(Some("User"), &request).unwrap().steps;
        assert!(steps.iter().any(|step| step.text.contains(&filter)), "{steps:?}");
    }
}

#[test]
fn filters_say_what_they_cannot() {
    let tenant = absorb();
    let id = tenant.id_of("User", learner("ann", settings()));
    let search = |filter: &str| {
        let filter = Some(filter.replace("X:", &format!("{ABSORB}:")));
        tenant.search(Some("User"), &SearchRequest { filter, ..SearchRequest::default() })
    };
    for filter in [
        r#"X:customFields[type eq "text" and value eq "Red"]"#,
        r#"X:customFields eq "Red""#,
        r#"X:customFields.value co "e" and X:customFields.value eq 7.0 and X:customFields.value eq false"#,
        r#"X:userManagementSettings[limits.daily.count eq 3 and managedDepartments.departmentId eq "d2"]"#,
        r#"X:userManagementSettings.managedDepartments[departmentId eq "d1" and includeSubDepartments eq true]"#,
        r#"X:userManagementSettings.managedDepartments.primary eq false"#,
        r#"not (X:userManagementSettings.managedDepartments[departmentId eq "d2" and includeSubDepartments eq true])"#,
        r#"X:anything pr and X:userManagementSettings.limits.daily.secret eq "s""#,
    ] {
        let found = search(filter).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
        assert_eq!(
            found.resources.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(),
            [id.as_str()],
            "{filter}"
        );
    }
    for filter in [
        r#"X:customFields[value eq "red"]"#,
        r#"X:customFields.value eq "x""#,
        r#"X:customFields.value eq "7""#,
        r#"X:userManagementSettings.managedDepartments.primary eq true"#,
        r#"X:userManagementSettings.managedDepartments[departmentId eq "d2" and includeSubDepartments eq true]"#,
    ] {
        assert_eq!(search(filter).unwrap().total_results, 0, "{filter}");
    }
    for filter in [
        "X:anything gt 1",
        "X:anything co 1",
        r#"X:userManagementSettings.limits eq "x""#,
        "X:userManagementSettings.limits.daily.cuont pr",
        "X:userManagementSettings.limits.daily.count.more pr",
        r#"X:userManagementSettings[managedDepartments[departmentId eq "x"]]"#,
        r#"X:userManagementSettings.adminRoles[value eq "a"]"#,
    ] {
        assert_eq!(search(filter).unwrap_err().kind(), ErrorKind::InvalidFilter, "{filter}");
    }
}

#[test]
fn stars_and_text_without_quotes_reach_all_of_it() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let profile = profile_with(json!({"name": "p", "dialect": "activid"}), &documents());
    let tenant = store.create_tenant("p", profile).unwrap();
    tenant.id_of("User", learner("ann", settings()));
    let found = |filter: &str| {
        let filter = Some(filter.replace("X:", &format!("{ABSORB}:")));
        tenant.search(Some("User"), &SearchRequest { filter, ..SearchRequest::default() }).unwrap().total_results == 1
    };
    for (filter, expected) in [
        ("X:userManagementSettings.limits.daily.note eq *", true),
        ("X:userManagementSettings.limits.daily.note eq S*t", true),
        ("X:userManagementSettings.limits.daily.note eq So*oft", false),
        ("X:userManagementSettings.limits.daily.note ne *", false),
        ("X:userManagementSettings.limits.daily.note ne S*t", false),
        ("X:userManagementSettings[limits.daily.note eq S*t]", true),
        ("X:userManagementSettings.limits.daily[note eq S*t]", true),
        ("X:userManagementSettings.managedDepartments.departmentId eq D*2", true),
        ("X:userManagementSettings.managedDepartments.departmentId eq *", true),
        ("X:userManagementSettings.adminRoles eq *", true),
        ("X:customFields.value eq 7", true),
        ("X:customFields.value eq \"7\"", false),
        ("X:customFields.value eq false", true),
        ("X:customFields.value eq Red", true),
        ("X:customFields.value eq true", false),
        ("X:customFields.value co 7", false),
    ] {
        assert_eq!(found(filter), expected, "{filter}");
    }
}
