//! Filters end to end on a small directory of its own: parse, print, bind, evaluate, and where mistakes are.

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::model::AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference};
use crate::model::{
    Attribute, AttributeNumbers, AttributeType, BindOptions, ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, Input, Instant,
    Object, Registry, Resource, ResourceType, Returned, Schema, SchemaExtension, TypeModel, USER_SCHEMA,
    bind as model_bind, stored,
};

fn attribute(name: &str, kind: AttributeType) -> Attribute {
    Attribute::new(name, kind)
}

fn multi(name: &str, kind: AttributeType, subs: &[(&str, AttributeType)]) -> Attribute {
    Attribute { multi_valued: true, ..complex(name, kind, subs) }
}

fn complex(name: &str, kind: AttributeType, subs: &[(&str, AttributeType)]) -> Attribute {
    Attribute {
        sub_attributes: subs.iter().map(|(name, kind)| attribute(name, *kind)).collect(),
        ..attribute(name, kind)
    }
}

fn registry() -> Registry {
    let string = AttributeType::String;
    let plural = [("value", string), ("type", string), ("primary", Boolean)];
    let user = vec![
        attribute("userName", string),
        complex("name", Complex, &[("givenName", string), ("familyName", string)]),
        attribute("title", string),
        Attribute { case_exact: true, ..attribute("code", string) },
        attribute("active", Boolean),
        Attribute { returned: Returned::Never, ..attribute("password", string) },
        multi("emails", Complex, &plural),
        multi("tags", string, &[]),
        multi("scores", Integer, &[]),
        attribute("age", Integer),
        attribute("weight", Decimal),
        attribute("born", DateTime),
        attribute("key", Binary),
        Attribute { case_exact: true, ..attribute("profileUrl", Reference) },
    ];
    let enterprise = vec![
        attribute("department", string),
        complex("manager", Complex, &[("value", string), ("displayName", string)]),
    ];
    let group =
        vec![attribute("displayName", string), multi("members", Complex, &[("value", string), ("kind", string)])];
    let schema =
        |id: &str, attributes| Schema { id: id.into(), name: id.into(), description: String::new(), attributes };
    let kind = |name: &str, schema: &str, schema_extensions| ResourceType {
        id: name.into(),
        name: name.into(),
        description: String::new(),
        endpoint: format!("/{name}s"),
        schema: schema.into(),
        schema_extensions,
    };
    let extension = SchemaExtension { schema: ENTERPRISE_USER_SCHEMA.into(), required: false };
    Registry::build(
        vec![schema(USER_SCHEMA, user), schema(ENTERPRISE_USER_SCHEMA, enterprise), schema(GROUP_SCHEMA, group)],
        vec![Some(kind("User", USER_SCHEMA, vec![extension])), Some(kind("Group", GROUP_SCHEMA, vec![]))],
        &mut AttributeNumbers::default(),
    )
    .unwrap()
}

fn input(json: serde_json::Value) -> Input {
    match json {
        serde_json::Value::Null => Input::Null,
        serde_json::Value::Bool(flag) => Input::Boolean(flag),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Input::Decimal(number.as_f64().unwrap()), Input::Integer)
        }
        serde_json::Value::String(text) => Input::String(text),
        serde_json::Value::Array(items) => Input::Array(items.into_iter().map(input).collect()),
        serde_json::Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, input(value))).collect::<Object>().into()
        }
    }
}

fn resource(model: &TypeModel, json: &str) -> Resource {
    let Input::Object(object) = input(serde_json::from_str(json).unwrap()) else { panic!("no object") };
    let options = BindOptions { lenient_schemas: true, ..BindOptions::default() };
    let instant = Instant::parse("2026-01-02T03:04:05Z").unwrap();
    let attributes = model_bind::bind_resource(model, object, options).unwrap().attributes;
    Resource { id: "2819c223".into(), version: 7, created: instant, last_modified: instant, attributes }
}

const BARBARA: &str = r#"{
    "userName": "BJensen@Example.com", "externalId": "Ext-1", "title": "Vice Président", "code": "AbC", "active": true,
    "name": {"givenName": "Barbara", "familyName": ""}, "password": "t1meMa$heen",
    "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@home.org", "type": "home"}],
    "tags": ["red", "Blue"], "scores": [3, 9], "age": 42, "weight": 61.5, "born": "1990-05-13T06:42:34+02:00", "key": "AQID",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "manager": {"value": "26118915"}}
}"#;

/// Evaluates on the decoded and on the stored form, which must agree.
fn holds(registry: &Registry, resource: &Resource, filter: &str) -> bool {
    let model = &registry.types()[0];
    let bound =
        bind(&parse(filter).unwrap(), model, BindOptions::default()).unwrap_or_else(|e| panic!("{filter}: {e:?}"));
    let decoded = eval(&bound, &resource.view(model));
    let bytes = stored::encode(resource);
    assert_eq!(eval(&bound, &stored::view(&bytes, model).unwrap()), decoded, "{filter}");
    decoded
}

#[test]
fn prints_canonically() {
    let table = [
        (r#"userName Eq "john""#, r#"userName eq "john""#),
        ("title PR", "title pr"),
        (r#"a pr OR b pr AND c pr"#, "a pr or b pr and c pr"),
        (r#"(a pr or b pr) and c pr"#, "(a pr or b pr) and c pr"),
        (r#"((a pr)) and ((b pr and (c pr)))"#, "a pr and b pr and c pr"),
        (r#"not(a pr)and b eq null"#, ""),
        (r#"NOT ( a pr ) and not (not (b pr or c pr))"#, "not (a pr) and not (not (b pr or c pr))"),
        (r#"emails[ type eq "work"  and not (value co "@x") ]"#, r#"emails[type eq "work" and not (value co "@x")]"#),
        (
            r#"emails[type eq "a" or primary eq true].value sw "x""#,
            r#"emails[(type eq "a" or primary eq true) and value sw "x"]"#,
        ),
        (r#"emails[type eq "a"].value pr and b pr"#, r#"emails[type eq "a" and value pr] and b pr"#),
        (r#"a eq "\u00e9\/\"\\\ud83d\ude00\n""#, r#"a eq "é/\"\\😀\n""#),
        (
            "a gt -12 and b le 1.50 and c eq 9223372036854775808 and d ne 1E2",
            "a gt -12 and b le 1.5 and c eq 9.223372036854776e+18 and d ne 100.0",
        ),
        ("urn:x:2.0:User:name.givenName pr", "urn:x:2.0:User:name.givenName pr"),
        (r#"members.$ref ew "/7""#, r#"members.$ref ew "/7""#),
        ("not pr and and eq false or or ne true", "not pr and and eq false or or ne true"),
        ("userType eq \"E\" and\n\t(a pr)", r#"userType eq "E" and a pr"#),
    ];
    for (text, printed) in table {
        match parse(text) {
            Ok(filter) => assert_eq!(filter.to_string(), printed, "{text}"),
            Err(error) => assert_eq!("", printed, "{text}: {error:?}"),
        }
    }
}

#[test]
fn tells_where_a_filter_is_wrong() {
    let table = [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("userName", 8, "expected an operator"),
        ("userName eqq \"x\"", 9, "did you mean eq?"),
        ("userName = \"x\"", 9, "did you mean eq?"),
        ("userName startsWith \"x\"", 9, "did you mean sw?"),
        ("userName regex \"x\"", 9, "'regex' is not supported"),
        ("userName eq", 11, "expected a value"),
        ("userName eq bjensen", 12, "double quotes"),
        ("userName eq 'bjensen'", 12, "straight double quotes"),
        ("active eq True", 10, "write true"),
        ("age gt 007", 7, "JSON number"),
        ("age gt 1e400", 7, "JSON number"),
        ("userName eq \"abc", 12, "closing quote"),
        ("userName eq \"a\\x\"", 15, "not JSON"),
        ("userName eq \"\\ud800\"", 19, "not JSON"),
        ("userName eq\"a\"", 11, "space is missing"),
        ("(a pr)and b pr", 6, "space is missing"),
        ("a pr and(b pr)", 8, "space is missing"),
        ("a pr an b pr", 5, "did you mean and?"),
        ("a pr && b pr", 5, "did you mean and?"),
        ("a pr b pr", 5, "expected and, or, or the end"),
        ("a pr and", 8, "attribute path"),
        ("a pr and or b pr", 9, "attribute path"),
        ("(a pr", 5, "closes the ( at 0"),
        ("a pr)", 4, "no ( before it"),
        ("emails[type eq \"w\"", 18, "closes the [ at 6"),
        ("emails[a[b pr]]", 8, "do not nest"),
        ("emails[a pr]. pr", 13, "sub-attribute"),
        ("not userName eq \"x\"", 4, "parentheses"),
        ("\"x\" eq userName", 0, "right of an operator"),
        ("1a pr", 0, "attribute path"),
        ("a.b.c pr", 0, "attribute path"),
        ("näme pr", 1, "ASCII"),
    ];
    for (text, offset, part) in table {
        let error = parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidFilter, "{text}");
        assert_eq!(error.offset(), Some(offset), "{text}: {error}");
        assert!(error.detail().contains(part), "{text}: {error}");
    }
}

#[test]
fn limits_hold_and_name_themselves() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse(&nested(MAX_FILTER_DEPTH)).unwrap().to_string(), "a pr");
    assert_eq!(parse(&nested(MAX_FILTER_DEPTH + 1)).unwrap_err().offset(), Some(MAX_FILTER_DEPTH));
    parse(&nested(MAX_FILTER_BYTES / 2 - 2)).unwrap_err();
    let nots = format!("{}a pr{}", "not (".repeat(MAX_FILTER_DEPTH - 1), ")".repeat(MAX_FILTER_DEPTH - 1));
    assert_eq!(parse(&nots).unwrap().to_string(), nots);
    let deep = format!("e[{} or b pr].c pr", nots);
    assert!(parse(&deep).unwrap_err().detail().contains("64"), "the canonical form would nest deeper");

    let many = |count: usize| vec!["a pr"; count].join(" or ");
    parse(&many(MAX_FILTER_CLAUSES)).unwrap();
    assert!(parse(&many(MAX_FILTER_CLAUSES + 1)).unwrap_err().detail().contains("512"));
    let long = format!("a eq \"{}\"", "x".repeat(MAX_FILTER_BYTES));
    assert!(parse(&long).unwrap_err().detail().contains("16384"));
    assert_eq!(parse_path(&long).unwrap_err().kind(), ErrorKind::InvalidPath);
}

#[test]
fn paths_of_patch_operations() {
    for (text, printed) in [
        ("members", "members"),
        ("name.familyName", "name.familyName"),
        (r#"addresses[type EQ "work"]"#, r#"addresses[type eq "work"]"#),
        (r#"members[value eq "1"].displayName"#, r#"members[value eq "1"].displayName"#),
        (r#"urn:x:2.0:User:emails[not (a pr)].$ref"#, "urn:x:2.0:User:emails[not (a pr)].$ref"),
    ] {
        assert_eq!(parse_path(text).unwrap().to_string(), printed);
    }
    // RFC 7644 table 9: a mistake in the filter of a path is invalidFilter.
    for (text, kind, offset) in [
        ("", ErrorKind::InvalidPath, 0),
        ("emails value", ErrorKind::InvalidPath, 7),
        ("emails[type eq \"x\"] .value", ErrorKind::InvalidPath, 20),
        ("emails[type eq \"x\"].", ErrorKind::InvalidPath, 20),
        ("emails[type eq \"x\"].a.b", ErrorKind::InvalidPath, 20),
        ("emails..value", ErrorKind::InvalidPath, 0),
        ("emails[]", ErrorKind::InvalidFilter, 7),
        ("emails[type eq x]", ErrorKind::InvalidFilter, 15),
        ("emails[type eq \"x\"", ErrorKind::InvalidFilter, 18),
    ] {
        let error = parse_path(text).expect_err(text);
        assert_eq!((error.kind(), error.offset()), (kind, Some(offset)), "{text}: {error}");
    }
}

#[test]
fn evaluates_by_the_rfc() {
    let registry = registry();
    let barbara = resource(&registry.types()[0], BARBARA);
    let yes = [
        r#"userName eq "bjensen@example.com""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:user:USERNAME sw "BJ""#,
        r#"userName co "x" and userName ew ".COM" and userName gt "bjensen" and userName le "c""#,
        r#"title eq "VICE PRE\u0301SIDENT" and title co "É""#,
        r#"code eq "AbC" and code ne "abc" and not (code co "b" and code co "c")"#,
        r#"externalId eq "Ext-1" and id eq "2819c223" and meta.resourceType eq "User""#,
        r#"meta.created eq "2026-01-02T04:04:05+01:00" and meta.lastModified lt "2026-01-02T03:04:05.001Z""#,
        r#"schemas eq "URN:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"schemas[value ew ":User"] and tags[value eq "blue"] and scores[value gt 3 and value lt 10]"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26118915""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User pr and meta pr and schemas pr"#,
        r#"emails co "HOME" and emails.type eq "home" and emails[type eq "home" and value co "home"]"#,
        r#"name pr and name.familyName eq "" and name.familyName co "" and not (name.familyName pr)"#,
        r#"name[givenName sw "B" and familyName ne "x"] and name ne null and nickName eq null"#,
        "active eq true and active ne false and age eq 42.0 and age lt 42.5 and weight gt 61 and weight le 61.5",
        r#"born eq "1990-05-13T04:42:34Z" and key eq "AQID" and key ne "AQIE""#,
        "scores eq 9 and scores ne 9 and scores gt 8 and not (scores gt 9)",
        r#"emails.primary eq false and emails[type eq "home" and primary eq false] and emails[primary ne true]"#,
        r#"emails.primary ne true and emails.primary ne false and emails[type eq "work" and primary ne false]"#,
        r#"emails.primary eq null or emails.primary pr"#,
        r#"profileUrl ne "x" and not (profileUrl eq "x") and profileUrl eq null"#,
    ];
    let no = [
        r#"emails[type eq "work" and value co "home"]"#,
        r#"emails[type eq "work"].value ew "home.org""#,
        r#"emails[primary eq false and type eq "work"] or emails[primary pr and type eq "home"]"#,
        r#"profileUrl co "" or profileUrl sw "" or profileUrl gt "" or profileUrl pr"#,
        r#"tags eq null or emails.value eq null or title gt "w""#,
        r#"code eq "abc" or code sw "ab" or tags ew "LUE " or name.familyName pr"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Tour""#,
    ];
    for filter in yes {
        assert!(holds(&registry, &barbara, &filter.replace("nickName", "profileUrl")), "{filter}");
    }
    for filter in no {
        assert!(!holds(&registry, &barbara, filter), "{filter}");
    }

    let nobody = resource(&registry.types()[0], r#"{"userName": "n"}"#);
    for (filter, expected) in [
        ("emails.primary ne true and emails.primary ne false and emails ne \"x\"", true),
        ("emails.primary eq false", false),
        ("emails[primary eq false] or emails[not (value pr)]", false),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", false),
    ] {
        assert_eq!(holds(&registry, &nobody, filter), expected, "{filter}");
    }
}

#[test]
fn tells_why_a_filter_cannot_be_bound() {
    let registry = registry();
    let table = [
        (r#"userNam eq "x""#, 0, "did you mean userName?"),
        (r#"title pr and emails[tpye eq "x"]"#, 20, "did you mean type?"),
        (r#"password eq "x""#, 0, "never returned"),
        ("password pr", 0, "never returned"),
        ("userName eq 5", 12, "a string"),
        (r#"active eq "true""#, 10, "without quotes"),
        ("active gt true", 0, "gt does not apply"),
        (r#"key gt "AQID""#, 0, "gt does not apply"),
        (r#"key eq "%""#, 7, "base64"),
        (r#"age co "4""#, 0, "co does not apply"),
        (r#"age eq "4""#, 7, "a number"),
        (r#"born sw "1990""#, 0, "sw does not apply"),
        (r#"born gt "yesterday""#, 8, "dateTime"),
        ("title gt null", 9, "eq or ne only"),
        (r#"name eq "x""#, 0, "name.givenName"),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "x""#, 0, "manager.value"),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x""#, 0, "only pr"),
        (r#"title[value eq "x"]"#, 0, "leave the [ ] out"),
        (r#"name.givenName[value eq "x"]"#, 0, "sub-attribute"),
        (r#"tags[type eq "x"]"#, 5, "call them value"),
        (r#"emails[emails.type eq "x"]"#, 7, "write type"),
        ("urn:nobody:User:userName pr", 0, "no schema"),
    ];
    for (text, offset, part) in table {
        let filter = parse(text).unwrap();
        let error = bind(&filter, &registry.types()[0], BindOptions::default()).expect_err(text);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidFilter, Some(offset)), "{text}: {error}");
        assert!(error.detail().contains(part), "{text}: {error}");
        assert!(error.attribute().is_some());
    }
    let lenient = BindOptions { coerce_scalars: true, ..BindOptions::default() };
    let filter = parse(r#"emails[primary eq "True"] and age gt "41.5" and active ne "False""#).unwrap();
    let bound = bind(&filter, &registry.types()[0], lenient).unwrap();
    assert!(eval(&bound, &resource(&registry.types()[0], BARBARA).view(&registry.types()[0])));
}

#[test]
fn a_search_over_all_types_knows_what_any_of_them_has() {
    let registry = registry();
    let types: Vec<&TypeModel> = registry.types().iter().map(|model| &**model).collect();
    let bind_both = |text: &str| bind_any(&parse(text).unwrap(), &types, BindOptions::default());
    let constants = |text: &str| -> Vec<Option<bool>> {
        let constant = |bound: &BoundFilter| if let BoundFilter::Constant(flag) = bound { Some(*flag) } else { None };
        bind_both(text).unwrap().iter().map(constant).collect()
    };
    assert_eq!(constants(r#"displayName eq "x""#), [Some(false), None]);
    assert_eq!(constants(r#"userName ne "x""#), [None, Some(true)]);
    assert_eq!(constants("userName eq null"), [None, Some(true)]);
    assert_eq!(constants("userName ne null"), [None, Some(false)]);
    assert_eq!(constants(r#"not (userName pr or displayName pr)"#), [None, None]);
    assert_eq!(constants(r#"members[kind eq "User"]"#), [Some(false), None]);
    assert_eq!(constants(r#"meta.resourceType eq "Group" and userName pr"#), [None, Some(false)]);
    let error = bind_both(r#"displayNam eq "x""#).unwrap_err();
    assert!(error.detail().contains("did you mean displayName?"), "{error}");
    bind_both("emails[kind pr]").unwrap_err();
    bind_both("password pr").unwrap_err();
}

#[test]
fn a_bound_filter_knows_what_it_mentions() {
    let registry = registry();
    let model = &registry.types()[0];
    let id = |path: &str| match model.resolve(path).unwrap() {
        crate::model::PathTarget::Attribute(target) => target.leaf(),
        other => panic!("{other:?}"),
    };
    let filter = parse(r#"not (title pr) or emails[type eq "x"]"#).unwrap();
    let bound = bind(&filter, model, BindOptions::default()).unwrap();
    for (path, expected) in
        [("title", true), ("emails", true), ("emails.type", true), ("emails.value", false), ("tags", false)]
    {
        assert_eq!(bound.mentions(id(path)), expected, "{path}");
    }
}

fn strip(filter: &mut FilterExpr) {
    match filter {
        FilterExpr::And(items) | FilterExpr::Or(items) => items.iter_mut().for_each(strip),
        FilterExpr::Not(inner) => strip(inner),
        FilterExpr::Present(path) => path.offset = 0,
        FilterExpr::Compare { path, value_offset, .. } => (path.offset, *value_offset) = (0, 0),
        FilterExpr::ValuePath { path, filter } => {
            path.offset = 0;
            strip(filter);
        }
    }
}

fn any_path(pattern: &'static str) -> impl Strategy<Value = AttrPath> {
    pattern.prop_map(|text| AttrPath { text, offset: 0 })
}

fn any_clause() -> impl Strategy<Value = FilterExpr> {
    let path = || any_path(r"(urn:[a-z]{1,3}:[0-9.]{1,3}:)?\$?[A-Za-z][a-z0-9_-]{0,3}(\.[a-z]{1,4})?");
    let operators = CompareOp::KEYWORDS.iter().filter_map(|word| CompareOp::from_keyword(word)).collect::<Vec<_>>();
    let literal = prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Literal::Decimal),
        any::<String>().prop_map(Literal::String),
    ];
    prop_oneof![
        path().prop_map(FilterExpr::Present),
        (path(), proptest::sample::select(operators), literal).prop_map(|(path, op, value)| FilterExpr::Compare {
            path,
            op,
            value,
            value_offset: 0
        }),
    ]
}

fn any_logical(leaf: BoxedStrategy<FilterExpr>) -> impl Strategy<Value = FilterExpr> {
    leaf.prop_recursive(5, 24, 4, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.clone().prop_map(|filter| FilterExpr::Not(Box::new(filter))),
            several().prop_filter_map("two or more", |items| items.into_iter().reduce(FilterExpr::and)),
            several().prop_filter_map("two or more", |items| items.into_iter().reduce(FilterExpr::or)),
        ]
    })
}

fn any_filter() -> impl Strategy<Value = FilterExpr> {
    let value_path = (any_path("[a-z]{1,4}"), any_logical(any_clause().boxed()))
        .prop_map(|(path, filter)| FilterExpr::ValuePath { path, filter: Box::new(filter) });
    any_logical(prop_oneof![3 => any_clause(), 1 => value_path].boxed())
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(filter in any_filter()) {
        let printed = filter.to_string();
        let mut parsed = parse(&printed).unwrap();
        prop_assert_eq!(parsed.to_string(), printed);
        strip(&mut parsed);
        prop_assert_eq!(parsed, filter);
    }

    #[test]
    fn any_text_parses_or_tells_a_place_in_it(text in r#"([a-z]{1,3}|[()\[\]" .:\\]|é|eq|pr| and | or |not|[0-9-]){0,20}"#) {
        for result in [parse(&text).map(|f| f.to_string()), parse_path(&text).map(|p| p.to_string())] {
            match result {
                Ok(printed) => prop_assert!(parse(&printed).is_ok() || parse_path(&printed).is_ok(), "{}", printed),
                Err(error) => prop_assert!(text.is_char_boundary(error.offset().unwrap()), "{}", error),
            }
        }
    }
}
