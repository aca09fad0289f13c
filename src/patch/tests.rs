//! PATCH on the built-in User and Group: the rules of RFC 7644 section 3.5.2 one by one, and each dialect's deviations.

#[cfg(test)]
mod vendors;

use super::*;
use crate::ErrorKind::{self, *};
use crate::message::{builtin, parse_input};
use crate::model::{BindOptions, Complex, Input, TypeModel, bind::bind_resource};
use std::sync::Arc;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const BARBARA: &str = r#"{"userName": "bjensen", "externalId": "701984", "active": true,
    "name": {"givenName": "Barbara", "familyName": "Jensen"},
    "emails": [{"value": "b@work.org", "type": "work", "primary": true}, {"value": "b@home.org", "type": "home"}],
    "roles": [{"value": "admin"}, {"value": "Auditor", "primary": true}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
        {"department": "Tours", "manager": {"value": "26118915", "$ref": "../Users/26118915"}}}"#;

fn model(name: &str) -> Arc<TypeModel> {
    Arc::clone(builtin::registry().unwrap().resource_type(name).unwrap())
}

fn bound(model: &TypeModel, json: &str) -> Complex {
    let Input::Object(object) = parse_input(json.as_bytes()).unwrap() else { panic!("{json}") };
    let options = BindOptions { lenient_schemas: true, trusted: true, ..BindOptions::default() };
    bind_resource(model, object, options).unwrap().attributes
}

fn request(json: &str) -> PatchRequest {
    let json = json.replace("ENTERPRISE", ENTERPRISE);
    let Input::Array(items) = parse_input(json.as_bytes()).unwrap() else { panic!("{json}") };
    let operation = |item: Input| {
        let Input::Object(mut object) = item else { panic!("{json}") };
        Operation {
            op: Op::from_keyword(object.get("op").unwrap().as_str().unwrap()).unwrap(),
            path: object.get("path").and_then(Input::as_str).map(str::to_owned),
            value: object.remove("value"),
        }
    };
    PatchRequest { operations: items.into_iter().map(operation).collect() }
}

fn run(dialect: &Dialect, kind: &str, before: &str, operations: &str) -> crate::Result<Patched> {
    let model = model(kind);
    apply(&model, "42", &bound(&model, before), &request(operations), dialect)
}

/// Patches Barbara, and expects her with some members of her JSON changed; null takes one away.
fn expect(dialect: &Dialect, operations: &str, changed: &str) {
    let model = model("User");
    let changed = changed.replace("ENTERPRISE", ENTERPRISE);
    let mut after: serde_json::Map<String, serde_json::Value> = serde_json::from_str(BARBARA).unwrap();
    after.extend(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&changed).unwrap());
    let after = bound(&model, &serde_json::to_string(&after).unwrap());
    match run(dialect, "User", BARBARA, operations) {
        Ok(patched) => assert_eq!(patched.attributes, after, "{} {operations}", dialect.name),
        Err(error) => panic!("{} {operations}: {error:?}", dialect.name),
    }
}

fn refused(dialect: &Dialect, operations: &str) -> ErrorKind {
    match run(dialect, "User", BARBARA, operations) {
        Ok(patched) => panic!("{} {operations}: {patched:?}", dialect.name),
        Err(error) => error.kind(),
    }
}

#[test]
fn adds() {
    let strict = &Dialect::STRICT;
    for (operations, changed) in [
        (r#"[{"op":"add","path":"nickName","value":"Babs"}]"#, r#"{"nickName":"Babs"}"#),
        (r#"[{"op":"add","path":"USERNAME","value":"x"}]"#, r#"{"userName":"x"}"#),
        (
            r#"[{"op":"add","path":"name.givenName","value":"B"}]"#,
            r#"{"name":{"givenName":"B","familyName":"Jensen"}}"#,
        ),
        (
            r#"[{"op":"add","path":"name","value":{"givenName":"B"}}]"#,
            r#"{"name":{"givenName":"B","familyName":"Jensen"}}"#,
        ),
        (r#"[{"op":"add","path":"title","value":null}]"#, "{}"),
        // A value that is there is not added again; primary false is no primary.
        (r#"[{"op":"add","path":"emails","value":[{"type":"home","value":"b@home.org","primary":false}]}]"#, "{}"),
        (r#"[{"op":"add","path":"emails","value":[]}]"#, "{}"),
        (
            r#"[{"op":"add","path":"emails","value":{"value":"c@x.org","primary":true}}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":false},{"value":"b@home.org","type":"home"},{"value":"c@x.org","primary":true}]}"#,
        ),
        (
            r#"[{"op":"add","path":"emails[type eq \"home\"].primary","value":true}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":false},{"value":"b@home.org","type":"home","primary":true}]}"#,
        ),
        (
            r#"[{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"Home"}}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home","display":"Home"}]}"#,
        ),
        (
            r#"[{"op":"add","value":{"nickname":"Babs","emails":[{"value":"c@x.org"}],"name":{"familyName":"J"}}}]"#,
            r#"{"nickName":"Babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home"},{"value":"c@x.org"}],"name":{"givenName":"Barbara","familyName":"J"}}"#,
        ),
        (
            r#"[{"op":"add","path":"ENTERPRISE:employeeNumber","value":"7"}]"#,
            r#"{"ENTERPRISE":{"employeeNumber":"7","department":"Tours","manager":{"value":"26118915","$ref":"../Users/26118915"}}}"#,
        ),
        (
            r#"[{"op":"add","path":"ENTERPRISE","value":{"department":"Sales"}}]"#,
            r#"{"ENTERPRISE":{"department":"Sales","manager":{"value":"26118915","$ref":"../Users/26118915"}}}"#,
        ),
        (
            r#"[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User","value":{"title":"T"}}]"#,
            r#"{"title":"T"}"#,
        ),
        (r#"[{"op":"add","path":"schemas","value":["ENTERPRISE"]}]"#, "{}"),
        (r#"[{"op":"add","path":"externalId","value":"1"}]"#, r#"{"externalId":"1"}"#),
    ] {
        expect(strict, operations, changed);
    }
}

#[test]
fn replaces() {
    let strict = &Dialect::STRICT;
    for (operations, changed) in [
        (r#"[{"op":"replace","path":"emails","value":[{"value":"c@x.org"}]}]"#, r#"{"emails":[{"value":"c@x.org"}]}"#),
        (r#"[{"op":"replace","path":"emails","value":[]}]"#, r#"{"emails":null}"#),
        (r#"[{"op":"replace","path":"name","value":null}]"#, r#"{"name":null}"#),
        (r#"[{"op":"replace","value":{"name":{"givenName":null}}}]"#, r#"{"name":{"familyName":"Jensen"}}"#),
        // The selected value is replaced as a whole; a sub-attribute of it alone, with the sub-attribute in the path.
        (
            r#"[{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"c@x.org","primary":true}}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":false},{"value":"c@x.org","primary":true}]}"#,
        ),
        (
            r#"[{"op":"replace","path":"emails[type eq \"home\"].value","value":"c@x.org"}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"c@x.org","type":"home"}]}"#,
        ),
        (
            r#"[{"op":"replace","path":"emails[value pr]","value":{"value":"c@x.org","primary":true}}]"#,
            r#"{"emails":[{"value":"c@x.org","primary":true}]}"#,
        ),
        (
            r#"[{"op":"replace","path":"emails.display","value":"D"}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":true,"display":"D"},{"value":"b@home.org","type":"home","display":"D"}]}"#,
        ),
        (r#"[{"op":"replace","path":"phoneNumbers.value","value":"1"}]"#, r#"{"phoneNumbers":[{"value":"1"}]}"#),
        (r#"[{"op":"replace","path":"ENTERPRISE","value":null}]"#, r#"{"ENTERPRISE":null}"#),
    ] {
        expect(strict, operations, changed);
    }
}

#[test]
fn removes() {
    let strict = &Dialect::STRICT;
    for (operations, changed) in [
        (r#"[{"op":"remove","path":"name"}]"#, r#"{"name":null}"#),
        (r#"[{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}]"#, r#"{"name":null}"#),
        (r#"[{"op":"remove","path":"nickName"}]"#, "{}"),
        (r#"[{"op":"remove","path":"emails"}]"#, r#"{"emails":null}"#),
        (r#"[{"op":"remove","path":"emails[value ew \"org\"]"}]"#, r#"{"emails":null}"#),
        (
            r#"[{"op":"remove","path":"emails[type eq \"work\" and value ew \"work.org\"]"}]"#,
            r#"{"emails":[{"value":"b@home.org","type":"home"}]}"#,
        ),
        (
            r#"[{"op":"remove","path":"emails[type eq \"home\"].type"}]"#,
            r#"{"emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org"}]}"#,
        ),
        (r#"[{"op":"remove","path":"ENTERPRISE"}]"#, r#"{"ENTERPRISE":null}"#),
        (r#"[{"op":"remove","path":"schemas[value eq \"ENTERPRISE\"]"}]"#, r#"{"ENTERPRISE":null}"#),
        (r#"[{"op":"remove","path":"ENTERPRISE:manager"}]"#, r#"{"ENTERPRISE":{"department":"Tours"}}"#),
    ] {
        expect(strict, operations, changed);
    }
}

#[test]
fn errors_are_those_of_table_9() {
    let strict = &Dialect::STRICT;
    for (operations, kind) in [
        (r#"[{"op":"remove"}]"#, NoTarget),
        (r#"[{"op":"remove","path":"urn:ietf:params:scim:schemas:core:2.0:User"}]"#, NoTarget),
        (r#"[{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}]"#, NoTarget),
        (r#"[{"op":"add","path":"emails[type eq \"other\"].value","value":"x"}]"#, NoTarget),
        (r#"[{"op":"remove","path":"emails[type eq \"other\"]"}]"#, NoTarget),
        (r#"[{"op":"remove","path":"ims[type eq \"other\"]"}]"#, NoTarget),
        (r#"[{"op":"remove","path":"userName"}]"#, Mutability),
        (r#"[{"op":"remove","path":"schemas"}]"#, Mutability),
        (r#"[{"op":"add","path":"id","value":"42"}]"#, Mutability),
        (r#"[{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}]"#, Mutability),
        (r#"[{"op":"add","path":"groups","value":[{"value":"1"}]}]"#, Mutability),
        (r#"[{"op":"remove","path":"groups[value eq \"1\"]"}]"#, Mutability),
        (r#"[{"op":"replace","value":{"id":"42"}}]"#, Mutability),
        (r#"[{"op":"replace","path":"ENTERPRISE:manager.displayName","value":"x"}]"#, Mutability),
        (r#"[{"op":"replace","path":"userName","value":null}]"#, Mutability),
        (r#"[{"op":"replace","path":"userName"}]"#, InvalidValue),
        (r#"[{"op":"replace","path":"userName","value":" "}]"#, InvalidValue),
        (r#"[{"op":"replace","value":"x"}]"#, InvalidValue),
        (r#"[{"op":"replace","path":"active","value":"True"}]"#, InvalidValue),
        (r#"[{"op":"replace","path":"ENTERPRISE:manager","value":"1"}]"#, InvalidValue),
        (r#"[{"op":"remove","path":"roles","value":[{"value":"admin"}]}]"#, InvalidValue),
        (r#"[{"op":"add","path":"emails","value":[{"primary":true},{"value":"x","primary":true}]}]"#, InvalidValue),
        (r#"[{"op":"add","path":"schemas","value":["urn:x:y"]}]"#, InvalidValue),
        (r#"[{"op":"add","path":"emailz","value":[]}]"#, InvalidPath),
        (r#"[{"op":"add","path":"emails[type eq \"work\"].nope","value":1}]"#, InvalidPath),
        (r#"[{"op":"add","path":"name[givenName eq \"x\"].familyName","value":"x"}]"#, InvalidPath),
        (r#"[{"op":"add","path":"emails..type","value":"x"}]"#, InvalidPath),
        (r#"[{"op":"add","path":"","value":{"title":"x"}}]"#, InvalidPath),
        (r#"[{"op":"add","path":"emails[type eq ].value","value":"x"}]"#, InvalidFilter),
        (r#"[{"op":"add","path":"emails[primary gt true].value","value":"x"}]"#, InvalidFilter),
        (r#"[{"op":"add","path":"emails[nope eq 1].value","value":"x"}]"#, InvalidFilter),
        (r#"[{"op":"add","value":{"nope":1}}]"#, InvalidSyntax),
        (r#"[{"op":"add","value":{"name.givenName":"x"}}]"#, InvalidSyntax),
        (r#"[{"op":"add","path":"name","value":{"nope":1}}]"#, InvalidSyntax),
    ] {
        assert_eq!(refused(strict, operations), kind, "{operations}");
    }
    let many =
        PatchRequest { operations: vec![Operation { op: Op::Remove, path: None, value: None }; MAX_OPERATIONS + 1] };
    let model = model("User");
    assert_eq!(apply(&model, "42", &bound(&model, BARBARA), &many, strict).unwrap_err().kind(), PayloadTooLarge);
}

#[test]
fn entra_and_okta_send_what_no_rfc_allows() {
    for dialect in [&Dialect::ENTRA, &Dialect::OKTA] {
        for (operations, changed) in [
            (r#"[{"op":"Replace","path":"active","value":"False"}]"#, r#"{"active":false}"#),
            (
                r#"[{"op":"replace","value":{"id":"42","schemas":["urn:x"],"meta":{},"groups":[],"unknown":1,"title":"T"}}]"#,
                r#"{"title":"T"}"#,
            ),
            (
                r#"[{"op":"replace","value":{"name.givenName":"B","ENTERPRISE:department":"D","emails[type eq \"home\"].value":"h"}}]"#,
                r#"{"name":{"givenName":"B","familyName":"Jensen"},
                    "emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"h","type":"home"}],
                    "ENTERPRISE":{"department":"D","manager":{"value":"26118915","$ref":"../Users/26118915"}}}"#,
            ),
            // Several operations build one new value.
            (
                r#"[{"op":"Add","path":"emails[type eq \"other\"].value","value":"o@x.org"},
                    {"op":"Replace","path":"emails[type eq \"other\"].primary","value":"True"}]"#,
                r#"{"emails":[{"value":"b@work.org","type":"work","primary":false},{"value":"b@home.org","type":"home"},{"value":"o@x.org","type":"other","primary":true}]}"#,
            ),
            (
                r#"[{"op":"replace","path":"roles[primary eq \"True\"].value","value":"owner"}]"#,
                r#"{"roles":[{"value":"admin"},{"value":"owner","primary":true}]}"#,
            ),
            (
                r#"[{"op":"replace","path":"entitlements[primary eq \"True\"].value","value":"e"}]"#,
                r#"{"entitlements":[{"value":"e","primary":true}]}"#,
            ),
            (
                r#"[{"op":"replace","path":"ENTERPRISE:manager","value":"9"}]"#,
                r#"{"ENTERPRISE":{"department":"Tours","manager":{"value":"9"}}}"#,
            ),
            (r#"[{"op":"replace","path":"ENTERPRISE:manager","value":"26118915"}]"#, "{}"),
            (
                r#"[{"op":"replace","path":"ENTERPRISE:manager","value":""}]"#,
                r#"{"ENTERPRISE":{"department":"Tours"}}"#,
            ),
            (
                r#"[{"op":"replace","path":"ENTERPRISE:manager","value":null}]"#,
                r#"{"ENTERPRISE":{"department":"Tours"}}"#,
            ),
            (r#"[{"op":"remove","path":"emails[type eq \"other\"]"}]"#, "{}"),
            (
                r#"[{"op":"remove","path":"roles","value":[{"value":"auditor"},{"value":"nobody"}]}]"#,
                r#"{"roles":[{"value":"admin"}]}"#,
            ),
            (
                r#"[{"op":"remove","path":"roles","value":["admin"]}]"#,
                r#"{"roles":[{"value":"Auditor","primary":true}]}"#,
            ),
        ] {
            expect(dialect, operations, changed);
        }
        for (operations, kind) in [
            (
                r#"[{"op":"replace","path":"emails[type ne \"work\" and type ne \"home\"].value","value":"x"}]"#,
                NoTarget,
            ),
            (r#"[{"op":"replace","value":{"id":"43"}}]"#, Mutability),
            (r#"[{"op":"replace","path":"groups","value":[]}]"#, Mutability),
            (r#"[{"op":"replace","path":"unknown","value":1}]"#, InvalidPath),
        ] {
            assert_eq!(refused(dialect, operations), kind, "{operations}");
        }
    }
    let wrapped = r#"[{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]},
        {"op":"Add","path":"manager","value":[{"$ref":null,"value":"9"}]},{"op":"Add","value":{"department":"D"}}]"#;
    expect(
        &Dialect::ENTRA,
        wrapped,
        r#"{"active":false,"ENTERPRISE":{"department":"D","manager":{"value":"9","$ref":null}}}"#,
    );
}

#[test]
fn members_become_edits() {
    let group = r#"{"displayName":"Tour Guides"}"#;
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let edits = |dialect: &Dialect, operations: &str| run(dialect, "Group", group, operations).map(|p| p.members);
    for (operations, edit) in [
        (
            r#"[{"op":"add","path":"members","value":[{"display":"Babs","$ref":"https://x/v2/Users/1","value":"1"},{"$ref":"../Users/2"}]}]"#,
            vec![MemberEdit::Add(ids(&["1", "2"]))],
        ),
        (r#"[{"op":"add","path":"members","value":{"value":"1"}}]"#, vec![MemberEdit::Add(ids(&["1"]))]),
        (r#"[{"op":"add","path":"members","value":[]}]"#, vec![]),
        (
            r#"[{"op":"replace","value":{"displayName":"T","members":[{"value":"1"}]}}]"#,
            vec![MemberEdit::Replace(ids(&["1"]))],
        ),
        (r#"[{"op":"replace","path":"members","value":[]}]"#, vec![MemberEdit::Clear]),
        (
            r#"[{"op":"remove","path":"members[value eq \"1\"]"},{"op":"remove","path":"members"}]"#,
            vec![MemberEdit::Remove(ids(&["1"])), MemberEdit::Clear],
        ),
        (
            r#"[{"op":"remove","path":"members[value eq \"1\" or value eq \"2\"]"}]"#,
            vec![MemberEdit::Remove(ids(&["1", "2"]))],
        ),
    ] {
        assert_eq!(edits(&Dialect::STRICT, operations).unwrap(), edit, "{operations}");
    }
    for (dialect, expected) in [(Dialect::STRICT, true), (Dialect::ENTRA, false)] {
        let edits = edits(&dialect, r#"[{"op":"remove","path":"members[type eq \"User\"]"}]"#).unwrap();
        assert!(
            matches!(edits[..], [MemberEdit::RemoveWhere { must_match, .. }] if must_match == expected),
            "{edits:?}"
        );
    }
    let listed = r#"[{"op":"remove","path":"members","value":[{"value":"1","$ref":null},"2"]}]"#;
    assert_eq!(edits(&Dialect::OKTA, listed).unwrap(), [MemberEdit::Remove(ids(&["1", "2"]))]);
    for (operations, kind) in [
        (listed, InvalidValue),
        (r#"[{"op":"add","path":"members","value":["1"]}]"#, InvalidValue),
        (r#"[{"op":"add","path":"members","value":[{"display":"x"}]}]"#, InvalidValue),
        (r#"[{"op":"add","path":"members","value":[{"value":"1","nope":"x"}]}]"#, InvalidSyntax),
        (r#"[{"op":"replace","path":"members[value eq \"1\"].display","value":"x"}]"#, Mutability),
        (r#"[{"op":"remove","path":"members.value"}]"#, Mutability),
        (r#"[{"op":"remove","path":"displayName"}]"#, Mutability),
    ] {
        assert_eq!(edits(&Dialect::STRICT, operations).unwrap_err().kind(), kind, "{operations}");
    }
}

#[test]
fn long_lists_are_not_quadratic() {
    let model = model("User");
    let count = crate::model::bind::MAX_VALUES;
    let list = |from: usize| {
        let items: Vec<String> = (from..from + count).map(|i| format!(r#"{{"value":"{i}@x.org"}}"#)).collect();
        format!("[{}]", items.join(","))
    };
    let before = bound(&model, &format!(r#"{{"userName":"u","emails":{}}}"#, list(0)));
    let add = request(&format!(r#"[{{"op":"add","path":"emails","value":{}}}]"#, list(0)));
    assert_eq!(apply(&model, "42", &before, &add, &Dialect::STRICT).unwrap().attributes, before);
    let add = request(&format!(r#"[{{"op":"add","path":"emails","value":{}}}]"#, list(1)));
    assert_eq!(apply(&model, "42", &before, &add, &Dialect::STRICT).unwrap_err().kind(), InvalidValue);
    let remove = request(&format!(r#"[{{"op":"remove","path":"emails","value":{}}}]"#, list(1)));
    let left = apply(&model, "42", &before, &remove, &Dialect::ENTRA).unwrap().attributes;
    assert_eq!(left, bound(&model, r#"{"userName":"u","emails":[{"value":"0@x.org"}]}"#));
}

#[test]
fn the_work_of_a_request_is_bounded() {
    let model = model("User");
    let emails: Vec<String> = (0..10_000).map(|i| format!(r#"{{"value":"{i}@x.org"}}"#)).collect();
    let before = bound(&model, &format!(r#"{{"userName":"u","emails":[{}]}}"#, emails.join(",")));
    let clauses: Vec<String> = (0..100).map(|i| format!(r#"value co \"z{i}\""#)).collect();
    let path = format!(r#"emails[value eq \"1@x.org\" or {}].display"#, clauses.join(" or "));
    let replace = |count: usize| {
        let operation = format!(r#"{{"op":"replace","path":"{path}","value":"d"}}"#);
        apply(&model, "42", &before, &request(&format!("[{}]", vec![operation; count].join(","))), &Dialect::STRICT)
    };
    assert!(replace(2).is_ok());
    assert_eq!(replace(20).unwrap_err().kind(), TooMany);
    // A long value is not copied into each of many.
    let long = format!(r#"[{{"op":"replace","path":"emails.display","value":"{}"}}]"#, "x".repeat(100_000));
    assert_eq!(apply(&model, "42", &before, &request(&long), &Dialect::STRICT).unwrap_err().kind(), TooMany);
}

#[test]
fn same_means_the_same_instants_in_any_order() {
    use crate::model::{DateTime, Value};
    let time = |text: &str| Value::DateTime(DateTime::parse(text).unwrap());
    let (noon, one) = ("2026-01-02T12:00:00Z", "2026-01-02T13:00:00+01:00");
    assert!(super::same(&time(noon), &time(one)) && !super::same(&time(noon), &time("2026-01-02T12:00:01Z")));
    let list = |texts: &[&str]| Value::Multi(texts.iter().map(|text| Value::String((*text).to_owned())).collect());
    assert!(super::same(&list(&["a", "b"]), &list(&["b", "a", "b"])));
    assert!(!super::same(&list(&["a", "b"]), &list(&["a"])) && !super::same(&list(&["a"]), &list(&["b"])));
}
