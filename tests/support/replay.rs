//! Sequences of requests as data, in the form that tests/corpus/README.md describes. It must not know how a request gets
//! to the store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::http::Answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    profile: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    method: String,
    target: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    expect: Expect,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    body: Option<Value>,
}

type Variables = BTreeMap<String, String>;

/// Runs every file of a folder of the corpus, each against a tenant of its own, and tells every step that fails.
pub fn replay<S>(folder: &str, mut open: impl FnMut(&str, &str) -> S)
where
    S: Fn(&str, &str, &[(&str, &str)], &str) -> Answer,
{
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut steps, mut failures) = (0, Vec::new());
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let file: File = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!file.description.is_empty(), "{}", path.display());
        let name = path.file_stem().unwrap().to_string_lossy();
        let send = open(&name, &file.profile);
        let mut variables = Variables::new();
        for step in &file.steps {
            steps += 1;
            if let Err(problem) = run(step, &send, &mut variables) {
                failures.push(format!("{name}: {}: {problem}", step.name));
            }
        }
    }
    assert!(steps > 0, "there are no steps");
    assert!(failures.is_empty(), "{} of {steps} steps:\n{}", failures.len(), failures.join("\n"));
}

fn run(
    step: &Step,
    send: &impl Fn(&str, &str, &[(&str, &str)], &str) -> Answer,
    variables: &mut Variables,
) -> Result<(), String> {
    let body = step.body.as_ref().map(|body| filled(body, variables)).transpose()?;
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let mut headers: Vec<(&str, &str)> = step.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type", "application/scim+json; charset=utf-8"));
    }
    // Identity providers encode what stands in a filter; what a step saved needs none of it.
    let answer = send(&step.method, &fill(&step.target, variables)?, &headers, &body);
    check(&step.expect, &answer, variables).map_err(|problem| format!("{problem}\n  of {answer:?}"))?;
    for (name, pointer) in &step.save {
        let json = answer.json();
        let value = json.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("nothing at {pointer}"))?;
        variables.insert(name.clone(), value.to_owned());
    }
    Ok(())
}

fn check(expect: &Expect, answer: &Answer, variables: &Variables) -> Result<(), String> {
    if answer.status != expect.status {
        return Err(format!("status {}, not {}", answer.status, expect.status));
    }
    for (name, expected) in &expect.headers {
        let got = answer.header(name).map(Value::from);
        compare(expected, got.as_ref(), name)?;
    }
    match (&expect.body, answer.body.is_empty()) {
        (None, _) if answer.status == 204 && !answer.body.is_empty() => Err("204 has no body".to_owned()),
        (None, _) => Ok(()),
        (Some(_), true) => Err("there is no body".to_owned()),
        (Some(expected), false) => compare(&filled(expected, variables)?, Some(&answer.json()), ""),
    }
}

/// Objects may have more members than are expected, arrays may not; an object of one member that begins with a dollar
/// sign says what is expected.
fn compare(expected: &Value, got: Option<&Value>, place: &str) -> Result<(), String> {
    let wrong = || Err(format!("{place} is {got:?}, not {expected}"));
    if let Some((matcher, of)) = matcher(expected) {
        let holds = match (matcher, of, got) {
            ("$is", Value::String(kind), None) => kind == "absent",
            ("$is", Value::String(kind), Some(Value::String(text))) => kind == "string" && !text.is_empty(),
            ("$contains", Value::String(part), Some(Value::String(text))) => text.contains(part.as_str()),
            ("$unordered", Value::Array(all), Some(Value::Array(values))) => {
                all.len() == values.len() && all.iter().all(|one| has(one, values))
            }
            ("$has", Value::Array(all), Some(Value::Array(values))) => all.iter().all(|one| has(one, values)),
            _ => false,
        };
        return if holds { Ok(()) } else { wrong() };
    }
    match (expected, got) {
        (Value::Object(expected), Some(Value::Object(got))) => {
            expected.iter().try_for_each(|(name, value)| compare(value, got.get(name), &format!("{place}/{name}")))
        }
        (Value::Array(expected), Some(Value::Array(got))) if expected.len() == got.len() => {
            let mut pairs = expected.iter().zip(got).enumerate();
            pairs.try_for_each(|(index, (one, got))| compare(one, Some(got), &format!("{place}/{index}")))
        }
        (expected, Some(got)) if expected == got => Ok(()),
        _ => wrong(),
    }
}

fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let (name, of) = expected.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    name.starts_with('$').then_some((name.as_str(), of)).filter(|(name, _)| *name != "$ref")
}

fn has(expected: &Value, values: &[Value]) -> bool {
    values.iter().any(|value| compare(expected, Some(value), "").is_ok())
}

/// A value whose texts have their variables filled in.
fn filled(value: &Value, variables: &Variables) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, variables)?),
        Value::Array(values) => values.iter().map(|value| filled(value, variables)).collect::<Result<_, _>>()?,
        Value::Object(object) => {
            let members = object.iter().map(|(name, value)| Ok((name.clone(), filled(value, variables)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// A text with its variables filled in: `${name}`.
fn fill(text: &str, variables: &Variables) -> Result<String, String> {
    let mut filled = text.to_owned();
    for (name, value) in variables {
        filled = filled.replace(&format!("${{{name}}}"), value);
    }
    match filled.contains("${") {
        true => Err(format!("a variable that no step saved: {filled}")),
        false => Ok(filled),
    }
}
