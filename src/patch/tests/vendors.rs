//! What ActivTrak and ActivID document: flat keys with a dot, the whole of a list by `[value eq null]`, text without quotes,
//! other names.

use super::{bound, request};
use crate::ErrorKind;
use crate::message::builtin;
use crate::model::{
    Attribute, AttributeNumbers, AttributeType, BindOptions, Registry, Schema, SchemaExtension, TypeModel,
};
use crate::patch::{Dialect, MemberEdit, apply};

const TRAK: &str = "urn:ietf:params:scim:schemas:extension:activtrak:2.0:User";

/// The built-in types; users have ActivTrak's extension, and other names for some things.
fn registry() -> Registry {
    let (mut schemas, mut types) = (builtin::schemas().unwrap(), builtin::resource_types().unwrap());
    let principals = Attribute { multi_valued: true, ..Attribute::new("userPrincipalNames", AttributeType::String) };
    schemas.push(Schema {
        id: TRAK.into(),
        name: "Trak".into(),
        description: String::new(),
        attributes: vec![Attribute::new("tracking", AttributeType::Boolean), principals],
    });
    types[0].schema_extensions.push(SchemaExtension { schema: TRAK.into(), required: false });
    let aliases = [("role", "roles"), ("urn:trak:User", TRAK), ("TRAK:upn", "TRAK:userPrincipalNames")];
    let aliases = aliases.map(|(alias, real)| (alias.replace("TRAK", TRAK), real.replace("TRAK", TRAK)));
    let registry = Registry::build(schemas, types.into_iter().map(Some).collect(), &mut AttributeNumbers::default());
    registry.unwrap().with_aliases("User", aliases.to_vec()).unwrap()
}

/// Applies operations to a user with ActivTrak's extension, and compares what it is then.
fn check(model: &TypeModel, dialect: &Dialect, before: &str, operations: &str, after: &str) {
    let [before, operations, after] = [before, operations, after].map(|json| json.replace("TRAK", TRAK));
    let patched = apply(model, "42", &bound(model, &before), &request(&operations), dialect);
    let patched = patched.unwrap_or_else(|error| panic!("{operations}: {error:?}"));
    assert_eq!(patched.attributes, bound(model, &after), "{operations}");
}

const NOBODY: &str = r#"{"userName": "a"}"#;
const TRACKED: &str = r#"{"userName": "a", "TRAK": {"tracking": true, "userPrincipalNames": ["a@x", "b@x"]}}"#;

#[test]
fn flat_keys_have_a_dot() {
    let registry = registry();
    let model = &registry.types()[0];
    let trak = &Dialect::ACTIVTRAK;
    for (operations, after) in [
        (r#"[{"op":"Add","path":"TRAK.tracking","value":"True"}]"#, r#"{"userName":"a","TRAK":{"tracking":true}}"#),
        (
            r#"[{"op":"replace","value":{"TRAK.tracking":"false","TRAK.userPrincipalNames":["c@x"],"title":"T"}}]"#,
            r#"{"userName":"a","title":"T","TRAK":{"tracking":false,"userPrincipalNames":["c@x"]}}"#,
        ),
        (
            r#"[{"op":"add","value":{"TRAK.userPrincipalNames[value eq null].value":"c@x"}}]"#,
            r#"{"userName":"a","TRAK":{"userPrincipalNames":["c@x"]}}"#,
        ),
    ] {
        check(model, trak, NOBODY, operations, after);
    }
    check(
        model,
        trak,
        TRACKED,
        r#"[{"op":"remove","path":"TRAK.userPrincipalNames[value eq \"a@x\"]"}, {"op":"remove","path":"TRAK.tracking"}]"#,
        r#"{"userName":"a","TRAK":{"userPrincipalNames":["b@x"]}}"#,
    );
    let operations = request(&r#"[{"op":"add","path":"TRAK.tracking","value":true}]"#.replace("TRAK", TRAK));
    for dialect in [&Dialect::STRICT, &Dialect::ENTRA, &Dialect::ABSORB] {
        let error = apply(model, "42", &bound(model, NOBODY), &operations, dialect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{}", dialect.name);
    }
}

#[test]
fn no_value_is_null_and_so_the_whole_list_is_meant() {
    let registry = registry();
    let model = &registry.types()[0];
    for (dialect, path) in [
        (&Dialect::ACTIVTRAK, "TRAK.userPrincipalNames[value eq null].value"),
        (&Dialect::ENTRA, "TRAK:userPrincipalNames[value EQ null].VALUE"),
        (&Dialect::ACTIVID, "TRAK:userPrincipalNames[value eq null]"),
    ] {
        let list =
            |values: &str| format!(r#"{{"userName":"a","TRAK":{{"tracking":true,"userPrincipalNames":[{values}]}}}}"#);
        for (op, value, after) in [
            ("Add", r#","value":"c@x""#, r#""a@x","b@x","c@x""#),
            ("Add", r#","value":"b@x""#, r#""a@x","b@x""#),
            ("Replace", r#","value":"c@x""#, r#""c@x""#),
            ("Replace", r#","value":["c@x","d@x"]"#, r#""c@x","d@x""#),
            ("Replace", r#","value":null"#, ""),
            ("Remove", "", ""),
        ] {
            let operation = format!(r#"[{{"op":"{op}","path":"{path}"{value}}}]"#);
            check(model, dialect, TRACKED, &operation, &list(after));
        }
        // What is not there may be removed.
        let operation = format!(r#"[{{"op":"Remove","path":"{path}"}}]"#);
        check(model, dialect, NOBODY, &operation, NOBODY);
    }
    for (dialect, path) in [
        (&Dialect::STRICT, "TRAK:userPrincipalNames[value eq null].value"),
        (&Dialect::OKTA, "TRAK:userPrincipalNames[value eq null].value"),
        (&Dialect::ACTIVTRAK, "TRAK:userPrincipalNames[value eq null].type"),
    ] {
        let operation = format!(r#"[{{"op":"add","path":"{path}","value":"c@x"}}]"#).replace("TRAK", TRAK);
        let error = apply(model, "42", &bound(model, NOBODY), &request(&operation), dialect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{} {path}", dialect.name);
    }
    // Of a complex attribute, a value may lack its part.
    let e_mails = r#"{"userName":"a","emails":[{"type":"work"},{"value":"a@x"}]}"#;
    let operation = r#"[{"op":"replace","path":"emails[value eq null].value","value":"b@x"}]"#;
    let after = r#"{"userName":"a","emails":[{"type":"work","value":"b@x"},{"value":"a@x"}]}"#;
    check(model, &Dialect::ACTIVTRAK, e_mails, operation, after);
}

#[test]
fn bodies_have_flat_keys_and_other_names() {
    let registry = registry();
    let model = &registry.types()[0];
    let bind = |body: &str, options: BindOptions| {
        let crate::model::Input::Object(object) =
            crate::message::parse_input(body.replace("TRAK", TRAK).as_bytes()).unwrap()
        else {
            panic!("{body}")
        };
        crate::model::bind::bind_resource(model, object, options).map(|bound| bound.attributes)
    };
    let trak = Dialect::ACTIVTRAK.bind;
    let meant = bound(model, &TRACKED.replace("TRAK", TRAK));
    for body in [
        r#"{"userName":"a","TRAK.tracking":"true","TRAK.userPrincipalNames":["a@x","b@x"]}"#,
        r#"{"userName":"a","TRAK:tracking":true,"TRAK.userPrincipalNames":["a@x","b@x"]}"#,
        r#"{"userName":"a","urn:trak:User.tracking":true,"urn:trak:User":{"upn":["a@x","b@x"]}}"#,
        r#"{"userName":"a","URN:trak:user:tracking":true,"urn:trak:User:upn":["a@x","b@x"]}"#,
    ] {
        assert_eq!(bind(body, trak).unwrap(), meant, "{body}");
    }
    let strict = BindOptions { lenient_schemas: true, ..BindOptions::default() };
    let refused = bind(r#"{"userName":"a","TRAK.tracking":true}"#, strict).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSyntax);
    let twice = bind(r#"{"userName":"a","TRAK.tracking":true,"TRAK":{"tracking":true}}"#, trak).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidSyntax);
    // An alias is no deviation: it is told of the resource type, whatever the dialect.
    let roles = bound(model, r#"{"userName":"a","roles":[{"value":"r"}]}"#);
    assert_eq!(bind(r#"{"userName":"a","Role":[{"value":"r"}]}"#, strict).unwrap(), roles);
    let schemas = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","URN:trak:user"],"userName":"a"}"#;
    bind(schemas, BindOptions::default()).unwrap();
    bind(&schemas.replace("URN:trak", "urn:track"), BindOptions::default()).unwrap_err();
    for operations in [
        r#"[{"op":"add","path":"role","value":[{"value":"r"}]}]"#,
        r#"[{"op":"add","value":{"role":[{"value":"r"}]}}]"#,
        r#"[{"op":"add","path":"schemas","value":["urn:trak:User"]},{"op":"add","path":"role.value","value":"r"}]"#,
    ] {
        check(model, &Dialect::STRICT, NOBODY, operations, r#"{"userName":"a","roles":[{"value":"r"}]}"#);
    }
    let operations = r#"[{"op":"remove","path":"schemas","value":["urn:trak:User"]}]"#;
    check(model, &Dialect::ACTIVID, TRACKED, operations, NOBODY);
}

#[test]
fn text_stands_without_quotes_in_a_path() {
    let registry = registry();
    let (user, group) = (&registry.types()[0], &registry.types()[1]);
    check(
        user,
        &Dialect::ACTIVID,
        NOBODY,
        r#"[{"op":"add","path":"emails[type eq work].value","value":"a@x"},{"op":"add","path":"roles[value eq 7].type","value":"t"}]"#,
        r#"{"userName":"a","emails":[{"type":"work","value":"a@x"}],"roles":[{"value":"7","type":"t"}]}"#,
    );
    let operations = request(r#"[{"op":"remove","path":"members[value eq 11288 or value eq a*]"}]"#);
    let before = bound(group, r#"{"displayName":"g"}"#);
    let patched = apply(group, "g", &before, &operations, &Dialect::ACTIVID).unwrap();
    // A star is no wildcard here: a path names what it names.
    assert_eq!(patched.members, [MemberEdit::Remove(vec!["11288".into(), "a*".into()])]);
    let error = apply(group, "g", &before, &operations, &Dialect::ENTRA).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidFilter);
}
