//! The runner of tests/drive finds out drivers that lie: every answer of an honest driver is bent in one place, and the run
//! must fail.
#![cfg(feature = "server")]
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "drive/core.rs"]
mod core;
#[path = "drive/driven.rs"]
mod driven;
#[path = "drive/faces.rs"]
mod faces;
#[path = "support/http.rs"]
mod http;
#[path = "drive/names.rs"]
mod names;
#[path = "drive/own.rs"]
mod own;
#[path = "drive/own_errors.rs"]
mod own_errors;
#[path = "drive/own_host.rs"]
mod own_host;
#[path = "drive/parts.rs"]
mod parts;
#[path = "drive/peer.rs"]
mod peer;
#[path = "support/profiles.rs"]
mod profiles;
#[path = "drive/report.rs"]
mod report;
#[path = "support/requests.rs"]
mod requests;
#[path = "support/steps.rs"]
mod steps;
mod support;

use core::Core;
use driven::Driven;
use peer::Peer;
use serde_json::{Value, json};

/// Bends the answer to a request.
type Lie = fn(&str, &mut Value);

/// An honest driver, and what becomes of its answers.
struct Liar(Core, Lie);

impl Peer for Liar {
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let mut answer = self.0.ask(request)?;
        (self.1)(request["op"].as_str().unwrap(), &mut answer);
        Ok(answer)
    }
}

/// What failed when a driver told a lie in a part.
fn failed(part: &str, lie: Lie) -> usize {
    let core = |_| Core::new("binding", None);
    let mut driven = Driven::new(Box::new(Liar(Core::new("binding", None), lie)), core).unwrap();
    parts::run(&mut driven, &[part.to_owned()]).unwrap();
    let (passed, failed, unsupported) = driven.report.totals();
    assert!(passed + failed > 0, "{part} runs something");
    failed + unsupported
}

/// Changes a text that is JSON.
fn bend(text: &mut Value, change: impl FnOnce(&mut Value)) {
    if let Some(mut json) = text.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        change(&mut json);
        *text = Value::String(json.to_string());
    }
}

#[test]
fn an_honest_driver_passes() {
    assert_eq!(failed("own", |_, _| {}), 0);
    assert_eq!(failed("idp/profiles", |_, _| {}), 0);
}

#[test]
fn every_lie_is_found_out() {
    let lies: &[(&str, &str, Lie)] = &[
        ("own", "another code", |_, answer| {
            if let Some(code) = answer.pointer_mut("/error/code") {
                *code = json!(99);
            }
        }),
        ("own", "no offset", |_, answer| {
            if let Some(error) = answer.get_mut("error") {
                error["offset"] = Value::Null;
            }
        }),
        ("own", "the attribute is left out", |_, answer| {
            if let Some(Value::Object(error)) = answer.get_mut("error") {
                error.remove("attribute");
            }
        }),
        ("own", "another detail", |_, answer| {
            if let Some(detail) = answer.pointer_mut("/error/detail") {
                *detail = json!("something is wrong");
            }
        }),
        ("own", "everything is retriable", |_, answer| {
            if let Some(retriable) = answer.pointer_mut("/error/retriable") {
                *retriable = json!(true);
            }
        }),
        ("own", "an integer becomes a decimal", |op, answer| {
            if op == "create" {
                bend(&mut answer["ok"]["json"], |json| {
                    if let Some(size) = json.get_mut("size") {
                        *size = json!(size.as_f64());
                    }
                });
            }
        }),
        ("own", "an iterator that ends too soon", |op, answer| {
            if op == "iterate"
                && let Some(Value::Array(found)) = answer.pointer_mut("/ok/json")
            {
                found.pop();
            }
        }),
        ("own", "an import that counts wrong", |op, answer| {
            if op == "import" {
                bend(&mut answer["ok"]["json"], |json| json["created"] = json!(json["created"].as_u64().unwrap() + 1));
            }
        }),
        ("own", "changes in another order", |op, answer| {
            if op == "changes" {
                bend(&mut answer["ok"]["json"], |json| json["changes"].as_array_mut().unwrap().reverse());
            }
        }),
        ("own", "a version of another write", |op, answer| {
            if op == "get" {
                bend(&mut answer["ok"]["json"], |json| json["meta"]["version"] = json!("W/\"1000000\""));
            }
        }),
        ("own", "a time long ago", |op, answer| {
            if op == "get" {
                bend(&mut answer["ok"]["json"], |json| json["meta"]["created"] = json!("2011-05-13T04:42:34Z"));
            }
        }),
        ("own", "a member more", |op, answer| {
            if op == "get" {
                bend(&mut answer["ok"]["json"], |json| json["nickName"] = json!("made up"));
            }
        }),
        ("own", "a verb that is not there", |op, answer| {
            if op == "explain" {
                *answer = json!({"unsupported": true});
            }
        }),
        ("own", "success instead of failure", |op, answer| {
            if op == "delete" {
                *answer = json!({"ok": {}});
            }
        }),
        ("idp/onelogin", "another id each time", |_, answer| {
            let Some(body) = answer.pointer_mut("/ok/body") else { return };
            bend(body, |json| {
                if let Some(id) = json.get_mut("id") {
                    *id = json!("01a204e1-95a9-707c-bf1e-a73e451e1d5a");
                }
            });
        }),
        ("idp/onelogin", "a header is lost", |_, answer| {
            if let Some(Value::Object(headers)) = answer.pointer_mut("/ok/headers") {
                headers.remove("location");
            }
        }),
        ("idp/onelogin", "another status", |_, answer| {
            if let Some(status) = answer.pointer_mut("/ok/status") {
                *status = json!(if *status == 201 { 200 } else { status.as_u64().unwrap() });
            }
        }),
    ];
    for (part, name, lie) in lies {
        assert!(failed(part, *lie) > 0, "{part}: {name}");
    }
}
