//! The parts of a run, in order: the corpus by every way that a driver has, and the steps of our own. A part that panics
//! fails, and the next one is run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::driven::{Answer, Driven, Kind};
use crate::faces::{Handle, Verbs};
use crate::own;
use crate::profiles;
use crate::requests::ByRequests;
use crate::steps::check_steps;
use crate::support::corpus::Failures;
use crate::support::face::{check_filters, check_patches};

/// A part: its name, whether it is run by `handle`, and what it does.
type Part = (&'static str, bool, fn(&mut Driven, &mut Failures));

/// Every part.
const PARTS: &[Part] = &[
    ("own", false, |driven, failures| own::run(driven, failures)),
    ("filter", false, |driven, failures| check_filters(&mut Verbs(driven), failures)),
    ("patch", false, |driven, failures| check_patches(&mut Verbs(driven), failures)),
    ("handle/filter", true, |driven, failures| check_filters(&mut ByRequests(Handle(driven)), failures)),
    ("handle/patch", true, |driven, failures| check_patches(&mut ByRequests(Handle(driven)), failures)),
    ("http", true, |driven, failures| steps(driven, "http", failures)),
    ("idp/entra", true, |driven, failures| steps(driven, "idp/entra", failures)),
    ("idp/okta", true, |driven, failures| steps(driven, "idp/okta", failures)),
    ("idp/onelogin", true, |driven, failures| steps(driven, "idp/onelogin", failures)),
    ("seeds/absorb", true, |driven, failures| steps(driven, "seeds/absorb", failures)),
    ("seeds/activid", true, |driven, failures| steps(driven, "seeds/activid", failures)),
    ("seeds/activtrak", true, |driven, failures| steps(driven, "seeds/activtrak", failures)),
    ("idp/profiles", true, |driven, failures| {
        profiles::what_is_sensitive_may_not_stand_in_a_url(&mut Handle(driven));
        failures.run += 1;
        profiles::a_profile_lowers_the_limits(&mut Handle(driven));
        failures.run += 1;
    }),
];

fn steps(driven: &mut Driven, folder: &str, failures: &mut Failures) {
    check_steps(&mut Handle(driven), folder, failures);
}

/// Runs the parts whose names begin with one of these; all of them if there are none.
pub fn run(driven: &mut Driven, only: &[String]) -> Result<(), String> {
    if let Some(unknown) = only.iter().find(|only| !PARTS.iter().any(|(name, ..)| is_of(name, only))) {
        let names: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
        return Err(format!("there is no part {unknown}; there are {}", names.join(", ")));
    }
    // Each part has a store of its own, which a server does not have: tenants keep them apart there.
    for (name, by_handle, part) in PARTS {
        if !only.is_empty() && !only.iter().any(|only| is_of(name, only)) {
            continue;
        }
        if *by_handle && driven.kind() == Kind::Grpc {
            println!("{name}: left out, since gRPC has no handle");
            continue;
        }
        let mut failures = Failures::default();
        let ran = catch_unwind(AssertUnwindSafe(|| {
            if driven.kind() == Kind::Binding {
                // Some profiles encrypt values.
                let key = json!({"id": "k1", "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="});
                let opened = driven.ask("open", json!({"options": {"valueKeys": [key]}}));
                assert!(matches!(opened, Answer::Ok(_)), "no store is opened: {opened:?}");
            }
            part(driven, &mut failures);
        }));
        if let Err(panic) = ran {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            failures.check(false, name, "runs to its end", "this part", "no panic", text);
        }
        let (calls, differences) = driven.take_counts();
        driven.report.add(name, &failures, calls, differences);
    }
    driven.end()
}

/// Whether a part is meant by a word: its name, or what stands before a slash in it.
fn is_of(name: &str, word: &str) -> bool {
    name == word || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('/'))
}
