//! Sequences of requests as data: tests/corpus/README.md describes the files. It must not know how a request gets to the
//! store.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::http::Answer;
use crate::support::corpus::Failures;

/// How long a step is repeated.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file of steps: one tenant, and what is asked of it in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    #[serde(skip)]
    pub name: String,
    /// What it is about: for readers.
    pub description: String,
    #[serde(default = "strict")]
    pub profile: String,
    /// The path of the endpoint, if it is not the usual one.
    at: Option<String>,
    /// Documents of RFC 7643 sections 6 and 7 to be registered.
    #[serde(default)]
    pub schemas: Vec<Value>,
    pub steps: Vec<Step>,
}

/// A request, and what its answer must be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    pub name: String,
    #[serde(default)]
    pub cites: String,
    /// The id of the resource that the caller is.
    r#as: Option<String>,
    /// The permissions that the caller is limited to.
    #[serde(default)]
    permissions: Vec<String>,
    /// The path of the endpoint, if it is not that of the file.
    at: Option<String>,
    /// Whether it is sent again until it is answered as expected.
    #[serde(default)]
    repeat: bool,
    method: String,
    target: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    body_text: Option<String>,
    body_parts: Option<Vec<(String, usize)>>,
    expect: Expect,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

/// What an answer must be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    /// Compared by [`differs`]; null: there is no body.
    #[serde(default, deserialize_with = "given")]
    body: Option<Value>,
}

/// Tells `null` from a member that is left out.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn strict() -> String {
    "strict".to_owned()
}

/// A request as it is sent.
pub struct Sent<'a> {
    pub tenant: &'a str,
    /// The id of the resource that the caller is.
    pub subject: Option<&'a str>,
    /// The permissions that the caller is limited to; none: all.
    pub permissions: &'a [String],
    /// The path of the endpoint, if it is not the usual one.
    pub at: Option<&'a str>,
    pub method: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a str,
}

/// A way to send requests.
pub trait Sender {
    /// Makes a tenant.
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String>;
    /// The URL that targets are relative to.
    fn base(&self, tenant: &str, at: Option<&str>) -> String;
    /// Lets go of a tenant whose file is done: no two have the paths of one profile.
    fn close(&mut self, _tenant: &str) {}
    /// Sends a request.
    fn deliver(&mut self, sent: &Sent<'_>) -> Answer;
}

impl StepFile {
    /// Every file of a folder of the corpus.
    pub fn all(folder: &str) -> Vec<StepFile> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let read = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let file: StepFile = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            StepFile { name: path.file_name().unwrap().to_string_lossy().into_owned(), ..file }
        };
        paths.iter().map(read).collect()
    }
}

/// Runs every step of every file of a folder; panics if one fails. Gives the answers, without what is another one each
/// time.
pub fn run_steps(sender: &mut impl Sender, folder: &str) -> Vec<String> {
    let mut failures = Failures::default();
    let answers = check_steps(sender, folder, &mut failures);
    failures.finish();
    answers
}

/// The same, with what failed.
pub fn check_steps(sender: &mut impl Sender, folder: &str, failures: &mut Failures) -> Vec<String> {
    let mut answers = Vec::new();
    for file in StepFile::all(folder) {
        assert!(!file.description.is_empty(), "{}", file.name);
        let tenant = format!("{}-{}", folder.replace('/', "-"), file.name.trim_end_matches(".json"));
        sender.open(&tenant, &file.profile, &file.schemas).unwrap_or_else(|error| panic!("{}: {error}", file.name));
        let mut variables = BTreeMap::new();
        for step in &file.steps {
            let at = step.at.as_ref().or(file.at.as_ref()).map(|at| at.replace("{tenant}", &tenant));
            variables.insert("base".to_owned(), sender.base(&tenant, at.as_deref()));
            let result = run_until_right(sender, &tenant, at.as_deref(), step, &mut variables);
            let answer = result.as_ref().map(|answer| settled(answer, &variables["base"])).unwrap_or_default();
            answers.push(format!("{}: {}: {answer}", file.name, step.name));
            let expected = (step.expect.status, &step.expect.headers, &step.expect.body);
            failures.check(result.is_ok(), &file.name, &step.name, &step.cites, expected, result);
        }
        sender.close(&tenant);
    }
    answers
}

/// Runs a step, again and again if it waits for something that takes its time.
fn run_until_right(
    sender: &mut impl Sender,
    tenant: &str,
    at: Option<&str>,
    step: &Step,
    variables: &mut BTreeMap<String, String>,
) -> Result<Answer, String> {
    let began = Instant::now();
    loop {
        let result = run_step(sender, tenant, at, step, variables);
        if result.is_ok() || !step.repeat || began.elapsed() > PATIENCE {
            return result;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn run_step(
    sender: &mut impl Sender,
    tenant: &str,
    at: Option<&str>,
    step: &Step,
    variables: &mut BTreeMap<String, String>,
) -> Result<Answer, String> {
    let body = match (&step.body, &step.body_text, &step.body_parts) {
        (Some(json), None, None) => filled(json, variables)?.to_string(),
        (None, Some(text), None) => fill(text, variables)?,
        (None, None, Some(parts)) => parts.iter().map(|(text, times)| text.repeat(*times)).collect(),
        (None, None, None) => String::new(),
        _ => return Err("one of body, bodyText and bodyParts".to_owned()),
    };
    let target = fill(&step.target, variables)?;
    let subject = step.r#as.as_deref().map(|id| fill(id, variables)).transpose()?;
    let mut headers = Vec::new();
    if !body.is_empty() && !step.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), "application/scim+json".to_owned()));
    }
    for (name, value) in &step.headers {
        headers.push((name.clone(), fill(value, variables)?));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = Sent {
        tenant,
        subject: subject.as_deref(),
        permissions: &step.permissions,
        at,
        method: &step.method,
        target: &target,
        headers: &headers,
        body: &body,
    };
    let answer = sender.deliver(&sent);
    check(step, &answer, variables).map_err(|problem| format!("{problem}\n  in {answer:?}"))?;
    for (name, place) in &step.save {
        let value = match place.strip_prefix("header:") {
            Some(header) => answer.header(header).map(str::to_owned),
            None => match answer.json().pointer(place) {
                Some(Value::String(text)) => Some(text.clone()),
                other => other.map(Value::to_string),
            },
        };
        variables.insert(name.clone(), value.ok_or_else(|| format!("nothing at {place} in {answer:?}"))?);
    }
    Ok(answer)
}

fn check(step: &Step, answer: &Answer, variables: &BTreeMap<String, String>) -> Result<(), String> {
    let Expect { status, headers, body } = &step.expect;
    if answer.status != *status {
        return Err(format!("status {}", answer.status));
    }
    for (name, expected) in headers {
        let got = answer.header(name).map(|text| Value::String(text.to_owned()));
        differs(&filled(expected, variables)?, got.as_ref(), name)?;
    }
    let media_type = answer.header("content-type");
    if answer.body.is_empty() {
        let is_head = step.method == "HEAD";
        return match body {
            Some(Value::Null) | None if media_type.is_none() || is_head => Ok(()),
            _ => Err("no body".to_owned()),
        };
    }
    if !matches!(media_type, Some("application/scim+json" | "application/json")) {
        return Err(format!("the media type of the body: {media_type:?}"));
    }
    let json = answer.json();
    if *status >= 400 {
        // Every error is the message of RFC 7644 section 3.12.
        let message = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": {"$is": "string"},
        });
        differs(&message, Some(&json), "")?;
    }
    match body {
        None => Ok(()),
        Some(expected) => differs(&filled(expected, variables)?, Some(&json), ""),
    }
}

/// Whether what is expected is not there. Objects may have more members than are expected, arrays may not; an object with
/// one member that begins with a dollar sign says what kind of value is expected.
fn differs(expected: &Value, got: Option<&Value>, place: &str) -> Result<(), String> {
    if let Some((matcher, of)) = matcher(expected) {
        return match (matcher, got) {
            ("$is", got) if kind_is(of.as_str().unwrap_or_default(), got) => Ok(()),
            ("$contains", Some(Value::String(text))) if text.contains(of.as_str().unwrap_or("\0")) => Ok(()),
            ("$unordered", Some(Value::Array(values))) if values.len() == of.as_array().map_or(0, Vec::len) => {
                has_all(of, values, place)
            }
            ("$has", Some(Value::Array(values))) => has_all(of, values, place),
            _ => Err(format!("{place} is {got:?}, not {expected}")),
        };
    }
    match (expected, got) {
        (Value::Object(expected), Some(Value::Object(got))) => {
            expected.iter().try_for_each(|(name, value)| differs(value, got.get(name), &format!("{place}/{name}")))
        }
        (Value::Array(expected), Some(Value::Array(got))) if expected.len() == got.len() => {
            let mut pairs = expected.iter().zip(got).enumerate();
            pairs.try_for_each(|(index, (value, got))| differs(value, Some(got), &format!("{place}/{index}")))
        }
        (expected, Some(got)) if expected == got => Ok(()),
        _ => Err(format!("{place} is {got:?}, not {expected}")),
    }
}

fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let (name, of) = expected.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    ["$is", "$contains", "$unordered", "$has"].contains(&name.as_str()).then_some((name.as_str(), of))
}

/// Whether each of some expected elements is among the values.
fn has_all(expected: &Value, values: &[Value], place: &str) -> Result<(), String> {
    let expected = expected.as_array().ok_or("a list of elements")?;
    expected.iter().try_for_each(|element| {
        let found = values.iter().any(|value| differs(element, Some(value), place).is_ok());
        found.then_some(()).ok_or_else(|| format!("{place} lacks {element}"))
    })
}

fn kind_is(kind: &str, got: Option<&Value>) -> bool {
    match (kind, got) {
        ("absent", got) => got.is_none(),
        ("any", got) => got.is_some(),
        ("string", Some(Value::String(text))) => !text.is_empty(),
        ("digits", Some(Value::String(text))) => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        ("integer", Some(Value::Number(number))) => number.is_u64() || number.is_i64(),
        ("etag", Some(Value::String(text))) => text.starts_with("W/\"") && text.ends_with('"') && text.len() > 4,
        ("dateTime", Some(Value::String(text))) => {
            text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z') && text.starts_with("20")
        }
        _ => false,
    }
}

/// What an answer says, without ids, times, versions, cursors, and the address of the endpoint.
fn settled(answer: &Answer, base: &str) -> String {
    let headers = ["content-type", "etag", "location", "content-location", "allow", "accept-patch"];
    let headers = headers.map(|name| answer.header(name).map(|value| settled_text(value, base)));
    let body = if answer.body.is_empty() { Value::Null } else { settled_value(&answer.json(), base) };
    format!("{} {headers:?} {body}", answer.status)
}

fn settled_value(value: &Value, base: &str) -> Value {
    match value {
        Value::String(text) => Value::String(settled_text(text, base)),
        Value::Array(values) => values.iter().map(|value| settled_value(value, base)).collect(),
        Value::Object(object) => {
            let settled = object.iter().map(|(name, value)| match name.as_str() {
                "nextCursor" | "previousCursor" | "correlationId" => (name.clone(), Value::from("…")),
                _ => (name.clone(), settled_value(value, base)),
            });
            Value::Object(settled.collect())
        }
        other => other.clone(),
    }
}

fn settled_text(text: &str, base: &str) -> String {
    if kind_is("dateTime", Some(&Value::from(text))) {
        return "a time".to_owned();
    }
    let text = text.replace(base, "base");
    // Ids are made of five groups of hexadecimal digits, versions of digits behind their quotation mark.
    // Those of imports are 20 capital letters and digits.
    let is_import =
        |part: &str| part.len() == 20 && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_id = |part: &str| is_import(part) || (part.len() == 36 && part.matches('-').count() == 4);
    let parts = text.split(['/', '\"', ' ']).map(|part| match part {
        part if is_id(part) => "an id",
        part if part.starts_with(|first: char| first.is_ascii_digit()) => "a number",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A value whose strings have their variables filled in.
fn filled(value: &Value, variables: &BTreeMap<String, String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, variables)?),
        Value::Array(values) => {
            Value::Array(values.iter().map(|value| filled(value, variables)).collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let filled = object.iter().map(|(name, value)| Ok((name.clone(), filled(value, variables)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// A text with its variables filled in: `${name}`.
fn fill(text: &str, variables: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        let value = variables.get(name).ok_or_else(|| format!("no step saved {name}"))?;
        out.extend([before, value]);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
