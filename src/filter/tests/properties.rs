//! What holds of every filter.

use proptest::prelude::*;

use super::fixture::{BARBARA, registry, resource};
use crate::filter::{AttrPath, CompareOp, FilterExpr, Literal, bind, eval, parse, parse_path_with, parse_with};
use crate::model::{BindOptions, stored};

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

/// Filters that bind to the users of the directory.
fn any_bindable() -> impl Strategy<Value = FilterExpr> {
    let clauses: Vec<FilterExpr> = CLAUSES
        .iter()
        .flat_map(|(path, literals)| {
            let compare = literals
                .iter()
                .flat_map(move |literal| CompareOp::KEYWORDS.iter().map(move |op| format!("{path} {op} {literal}")));
            compare.chain([format!("{path} pr")]).collect::<Vec<_>>()
        })
        .filter_map(|text| parse(&text).ok())
        .filter(|filter| bind(filter, &registry().types()[0], BindOptions::default()).is_ok())
        .collect();
    any_logical(proptest::sample::select(clauses).boxed())
}

/// Paths, and literals that fit them with some operator at least.
const CLAUSES: &[(&str, &[&str])] = &[
    ("userName", &[r#""bjensen@example.com""#, r#""B""#, r#""ü""#, r#""""#, "null"]),
    ("title", &[r#""vice pre\u0301sident""#, r#""é""#]),
    ("code", &[r#""AbC""#, r#""b""#]),
    ("name.familyName", &[r#""""#, "null"]),
    ("active", &["true", "false", "null"]),
    ("age", &["42", "41.5", "1e30"]),
    ("weight", &["61", "61.5"]),
    ("born", &[r#""1990-05-13T04:42:34Z""#, r#""2020-01-01T00:00:00Z""#]),
    ("key", &[r#""AQID""#]),
    ("emails", &[r#""babs@home.org""#, r#""a""#, "null"]),
    ("emails.primary", &["true", "false", "null"]),
    ("scores", &["3", "8", "9.5"]),
    ("tags", &[r#""BLUE""#]),
    ("meta.created", &[r#""2026-01-02T03:04:05Z""#]),
    ("schemas", &[r#""urn:ietf:params:scim:schemas:core:2.0:User""#]),
];

/// Pieces of filters, put together without sense.
const TEXT: &str =
    r#"([a-z]{1,3}|[()\[\]" .:\\]|é|eq|pr|[a-z] eq | and | or |not| eq 1|\[a pr\]\.b|"\\u00e|"é\\|[0-9-]){0,20}"#;

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
    fn any_text_parses_or_tells_a_place_in_it(text in TEXT) {
        for unquoted_literals in [false, true] {
            let options = BindOptions { unquoted_literals, ..BindOptions::default() };
            match parse_with(&text, options) {
                Ok(mut filter) => {
                    let mut again = parse_with(&filter.to_string(), options).unwrap();
                    strip(&mut filter);
                    strip(&mut again);
                    prop_assert_eq!(again, filter);
                }
                Err(error) => prop_assert!(text.is_char_boundary(error.offset().unwrap()), "{}", error),
            }
            match parse_path_with(&text, options) {
                Ok(path) => {
                    let again = parse_path_with(&path.to_string(), options).unwrap();
                    prop_assert_eq!(again.to_string(), path.to_string());
                }
                Err(error) => prop_assert!(text.is_char_boundary(error.offset().unwrap()), "{}", error),
            }
        }
    }

    #[test]
    fn decoded_and_stored_resources_are_the_same_to_it(filter in any_bindable()) {
        let registry = registry();
        let model = &registry.types()[0];
        let bound = bind(&filter, model, BindOptions::default()).unwrap();
        let negated = bind(&FilterExpr::Not(Box::new(filter)), model, BindOptions::default()).unwrap();
        for json in [BARBARA, r#"{"userName": "Ünal", "emails": [{"value": "a"}], "scores": [1]}"#, "{}"] {
            let resource = resource(model, json);
            let bytes = stored::encode(&resource);
            let stored = stored::view(&bytes, model).unwrap();
            prop_assert_eq!(eval(&bound, &stored), eval(&bound, &resource.view(model)));
            prop_assert_ne!(eval(&bound, &stored), eval(&negated, &stored));
        }
    }
}
