//! A driver and the core, asked the same: every answer of the driver is compared with the core's, and is then what the
//! corpus judges. It must not know which language the driver is written in.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::core::Core;
use crate::names::Names;
use crate::peer::Peer;
use crate::report::Report;

/// How long an import may take in both stores, and how often they are asked.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// What a driver is a driver of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A binding: the library in its own process.
    Binding,
    /// A client of a server.
    Grpc,
}

/// A driver's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    Ok(Value),
    Error(Value),
    Unsupported,
}

impl Answer {
    /// The JSON text of an answer that must be one.
    pub fn json(&self) -> Result<Value, String> {
        let Answer::Ok(answer) = self else { return Err(format!("{self:?}")) };
        parsed(&answer["json"]).ok_or_else(|| format!("no JSON text: {answer}"))
    }

    /// The error of an answer that must be one.
    pub fn error(&self) -> Result<&Value, String> {
        if let Answer::Error(error) = self { Ok(error) } else { Err(format!("succeeded: {self:?}")) }
    }
}

/// A driver under test.
pub struct Driven {
    peer: Box<dyn Peer>,
    core: Core,
    names: Names,
    kind: Kind,
    calls: usize,
    differences: Vec<String>,
    pub report: Report,
}

impl Driven {
    /// Greets a driver.
    pub fn new(mut peer: Box<dyn Peer>, core: impl FnOnce(Kind) -> Core) -> Result<Driven, String> {
        let greeting = peer.ask(&json!({"op": "hello"}))?;
        let kind = match greeting["ok"]["kind"].as_str() {
            Some("binding") => Kind::Binding,
            Some("grpc") => Kind::Grpc,
            _ => return Err(format!("hello is answered with {greeting}")),
        };
        if greeting["ok"]["version"] != env!("CARGO_PKG_VERSION") {
            return Err(format!("the driver is of another version: {greeting}"));
        }
        println!("{} ({kind:?})", greeting["ok"]["language"].as_str().unwrap_or("an unnamed language"));
        let (core, names, report) = (core(kind), Names::default(), Report::default());
        Ok(Driven { peer, core, names, kind, calls: 0, differences: Vec::new(), report })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Asks both, and compares. A driver that does not answer ends the part.
    pub fn ask(&mut self, op: &str, mut request: Value) -> Answer {
        request["op"] = json!(op);
        let began = Instant::now();
        let (theirs, ours) = loop {
            let theirs = self.peer.ask(&request).unwrap_or_else(|error| panic!("{error}"));
            if theirs["unsupported"] == true {
                self.report.unsupported(op);
                return Answer::Unsupported;
            }
            let ours = self.core.ask(&self.names.translated(&request)).unwrap_or_else(|error| panic!("{error}"));
            let is_over = request["method"] != "GET" || began.elapsed() > PATIENCE;
            if is_over || !(is_under_way(&theirs) || is_under_way(&ours)) {
                break (theirs, ours);
            }
            std::thread::sleep(PAUSE);
        };
        self.calls += 1;
        if let Err(difference) = self.compare(op, &theirs, &ours) {
            let mut asked = request.to_string();
            asked.truncate((0..=300).rev().find(|at| asked.is_char_boundary(*at)).unwrap_or(0));
            self.differences.push(format!("{difference}\n  asked {asked}"));
        }
        match (theirs.get("ok"), theirs.get("error")) {
            (Some(answer), None) => Answer::Ok(answer.clone()),
            (None, Some(error)) => Answer::Error(error.clone()),
            _ => panic!("the answer to {request} is {theirs}"),
        }
    }

    /// Asks the driver alone: for what the core cannot be asked.
    pub fn ask_alone(&mut self, op: &str, mut request: Value) -> Answer {
        request["op"] = json!(op);
        let theirs = self.peer.ask(&request).unwrap_or_else(|error| panic!("{error}"));
        match (theirs.get("ok"), theirs.get("error")) {
            (Some(answer), _) => Answer::Ok(answer.clone()),
            (_, Some(error)) => Answer::Error(error.clone()),
            _ => {
                self.report.unsupported(op);
                Answer::Unsupported
            }
        }
    }

    /// Calls and differences since this was asked last.
    pub fn take_counts(&mut self) -> (usize, Vec<String>) {
        (std::mem::take(&mut self.calls), std::mem::take(&mut self.differences))
    }

    /// Notes a difference that is none between answers.
    pub fn differs(&mut self, difference: String) {
        self.differences.push(difference);
    }

    /// Tells the driver that it is over.
    pub fn end(&mut self) -> Result<(), String> {
        self.peer.end()
    }

    fn compare(&mut self, op: &str, theirs: &Value, ours: &Value) -> Result<(), String> {
        let is_grpc = self.kind == Kind::Grpc;
        let settled = |answer: &Value| {
            let mut answer = answer.clone();
            if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut)
                && is_grpc
            {
                // What a status of gRPC does not tell: the number of the C ABI, and whether to try again.
                error.retain(|name, _| name != "code" && name != "retriable");
            }
            if let Some(answer) = answer.get_mut("ok") {
                settle(op, answer, is_grpc);
            }
            answer
        };
        self.names.compare(&settled(theirs), &settled(ours), op)
    }
}

/// Whether it tells of an import that goes on: how far it is depends on the moment, in each of the two stores.
fn is_under_way(answer: &Value) -> bool {
    parsed(&answer["ok"]["body"]).is_some_and(|body| body["status"] == "importing")
}

/// The value of a text that is JSON.
fn parsed(text: &Value) -> Option<Value> {
    serde_json::from_str(text.as_str()?).ok()
}

/// An answer as it is compared: JSON text as what it says, without what is measured or worded by the face.
fn settle(op: &str, answer: &mut Value, is_grpc: bool) {
    for member in ["json", "body"] {
        match answer.get(member) {
            Some(Value::Array(texts)) => {
                answer[member] = texts.iter().map(|text| parsed(text).unwrap_or_else(|| text.clone())).collect();
            }
            Some(text) => {
                if let Some(value) = parsed(text) {
                    answer[member] = value;
                }
            }
            None => {}
        }
    }
    match op {
        "explain" => {
            without(&mut answer["json"], &["micros"]);
            for step in answer["json"]["steps"].as_array_mut().into_iter().flatten() {
                without(step, &["micros"]);
            }
        }
        // `last` says where to go on, which the core's change log does not say.
        "changes" => without(&mut answer["json"], &["last"]),
        // Over gRPC a rejected row itself does not come back.
        "import" if is_grpc => {
            for reject in answer["json"]["rejects"].as_array_mut().into_iter().flatten() {
                without(reject, &["input"]);
            }
        }
        "stats" => {
            let tenants = answer["json"]["tenants"].as_array();
            let names: Vec<Value> = tenants.into_iter().flatten().map(|tenant| tenant["name"].clone()).collect();
            answer["json"] = Value::Array(names);
        }
        // Times differ in their length.
        "handle" => without(&mut answer["headers"], &["content-length"]),
        _ => {}
    }
}

fn without(value: &mut Value, names: &[&str]) {
    if let Value::Object(object) = value {
        object.retain(|name, _| !names.contains(&name.as_str()));
    }
}
