//! PATCH against a second opinion: a naive model that edits JSON trees by the words of RFC 7644 section 3.5.2, and
//! shares nothing with `patch::apply` but the schema.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use proptest::prelude::*;
use scimdb::ErrorKind::{self, InvalidValue, Mutability, NoTarget};
use scimdb::message::parse_input;
use scimdb::model::{
    Attribute, AttributeNumbers, AttributeType, BindOptions, Complex, Input, Mutability as Characteristic, Registry,
    ResourceType, Schema, SchemaExtension, TypeModel, bind::bind_resource,
};
use scimdb::patch::{Dialect, Op, Operation, PatchRequest, apply};
use serde_json::{Map, Value, json};

type Tree = Map<String, Value>;

const THING: &str = "urn:example:2.0:Thing";
const MORE: &str = "urn:example:2.0:Thing:more";

/// A resource type with one attribute of each kind.
fn thing() -> Arc<TypeModel> {
    let text = |name: &str| Attribute::new(name, AttributeType::String);
    let complex =
        |name: &str, sub_attributes| Attribute { sub_attributes, ..Attribute::new(name, AttributeType::Complex) };
    let mails = vec![text("value"), text("type"), Attribute::new("primary", AttributeType::Boolean)];
    let attributes = vec![
        Attribute { required: true, ..text("name") },
        text("nick"),
        Attribute { mutability: Characteristic::Immutable, ..text("serial") },
        Attribute { mutability: Characteristic::ReadOnly, ..text("stamp") },
        complex("full", vec![text("given"), text("family")]),
        Attribute { multi_valued: true, ..complex("mails", mails) },
        Attribute { multi_valued: true, ..text("tags") },
    ];
    let more = vec![text("dept"), complex("boss", vec![text("value"), text("label")])];
    let schema =
        |id: &str, attributes| Schema { id: id.into(), name: id.into(), description: String::new(), attributes };
    let resource_type = ResourceType {
        id: "Thing".into(),
        name: "Thing".into(),
        description: String::new(),
        endpoint: "/Things".into(),
        schema: THING.into(),
        schema_extensions: vec![SchemaExtension { schema: MORE.into(), required: false }],
    };
    let schemas = vec![schema(THING, attributes), schema(MORE, more)];
    let registry = Registry::build(schemas, vec![Some(resource_type)], &mut AttributeNumbers::default()).unwrap();
    Arc::clone(registry.resource_type("Thing").unwrap())
}

/// One test of a value path: a sub-attribute (none for the value itself), whether it must be or must not be, a literal.
#[derive(Clone, Debug)]
struct Test {
    sub: &'static str,
    negated: bool,
    literal: Value,
}

#[derive(Clone, Debug)]
enum Place {
    Resource,
    Extension,
    Attribute { name: &'static str, test: Option<Test>, sub: Option<&'static str> },
}

#[derive(Clone, Debug)]
struct Step {
    op: Op,
    place: Place,
    value: Value,
}

fn is_extension(name: &str) -> bool {
    matches!(name, "dept" | "boss")
}

fn subs(name: &str) -> &'static [&'static str] {
    match name {
        "full" => &["given", "family"],
        "mails" => &["value", "type", "primary"],
        "boss" => &["value", "label"],
        _ => &[],
    }
}

impl Step {
    fn operation(&self) -> Operation {
        let path = match &self.place {
            Place::Resource => None,
            Place::Extension => Some(MORE.to_owned()),
            Place::Attribute { name, test, sub } => {
                let urn = if is_extension(name) { format!("{MORE}:") } else { String::new() };
                let test = test.as_ref().map(|t| match t.negated {
                    true => format!("[not ({} eq {})]", t.sub, t.literal),
                    false => format!("[{} eq {}]", t.sub, t.literal),
                });
                let sub = sub.map(|sub| format!(".{sub}"));
                Some(format!("{urn}{name}{}{}", test.unwrap_or_default(), sub.unwrap_or_default()))
            }
        };
        let value = (self.op != Op::Remove).then(|| input(&self.value));
        Operation { op: self.op, path, value }
    }
}

fn input(value: &Value) -> Input {
    parse_input(value.to_string().as_bytes()).unwrap()
}

// -- the model --

/// The values of an attribute as a list, whatever it is; empty if it has none.
fn list(value: Option<&Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => vec![],
        Some(Value::Array(items)) => items.iter().flat_map(|item| list(Some(item))).collect(),
        Some(Value::Object(object)) => {
            let kept: Tree = object.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
            if kept.is_empty() { vec![] } else { vec![Value::Object(kept)] }
        }
        Some(simple) => vec![simple.clone()],
    }
}

fn without_primary_false(value: &Value) -> Value {
    let mut value = value.clone();
    if value["primary"] == json!(false) {
        value.as_object_mut().unwrap().remove("primary");
    }
    value
}

fn holds(test: &Test, value: &Value) -> bool {
    let found = if value.is_object() { &value[test.sub] } else { value };
    let equal = match (&test.literal, found) {
        // RFC 7643 section 2.4: primary that is not there is false.
        (Value::Bool(false), Value::Null) => test.sub == "primary",
        (literal, found) => literal == found,
    };
    equal != test.negated
}

fn set_sub(element: &mut Value, sub: &str, value: &Value) {
    let object = element.as_object_mut().unwrap();
    match value {
        Value::Null => object.remove(sub),
        value => object.insert(sub.to_owned(), value.clone()),
    };
}

fn demote_others(values: &mut [Value], touched: &[bool]) {
    let primary: Vec<bool> = values.iter().map(|value| value["primary"] == json!(true)).collect();
    if primary.iter().zip(touched).any(|(primary, touched)| *primary && *touched) {
        for (index, value) in values.iter_mut().enumerate() {
            if primary[index] && !touched[index] {
                set_sub(value, "primary", &json!(false));
            }
        }
    }
}

/// The tree that an attribute stands in.
fn home<'t>(tree: &'t mut Tree, name: &str) -> &'t mut Tree {
    if !is_extension(name) {
        return tree;
    }
    tree.entry(MORE).or_insert_with(|| json!({})).as_object_mut().unwrap()
}

fn store(tree: &mut Tree, name: &str, values: Vec<Value>) {
    let multi = matches!(name, "mails" | "tags");
    let mut values: Vec<Value> = values.into_iter().filter(|value| *value != json!({})).collect();
    let home = home(tree, name);
    match (multi, values.is_empty()) {
        (_, true) => home.remove(name),
        (true, false) => home.insert(name.to_owned(), Value::Array(values)),
        (false, false) => home.insert(name.to_owned(), values.remove(0)),
    };
}

fn step(tree: &mut Tree, step: &Step) -> Result<(), ErrorKind> {
    let put_all = |tree: &mut Tree, object: &Tree| {
        object.iter().try_for_each(|(name, value)| attribute(tree, step.op, name, None, None, value))
    };
    match (&step.place, step.op) {
        (Place::Resource, Op::Remove) => Err(NoTarget),
        (Place::Resource, _) => put_all(tree, step.value.as_object().unwrap()),
        (Place::Extension, op) => match &step.value {
            Value::Object(object) if op != Op::Remove => put_all(tree, object),
            _ if op == Op::Add => Ok(()),
            _ => {
                tree.remove(MORE);
                Ok(())
            }
        },
        (Place::Attribute { name, test, sub }, op) => attribute(tree, op, name, test.as_ref(), *sub, &step.value),
    }
}

fn attribute(
    tree: &mut Tree,
    op: Op,
    name: &str,
    test: Option<&Test>,
    sub: Option<&str>,
    value: &Value,
) -> Result<(), ErrorKind> {
    let old = home(tree, name).get(name).cloned();
    let mut values = list(old.as_ref());
    let mut touched: Vec<bool> = values.iter().map(|value| test.is_none_or(|test| holds(test, value))).collect();
    if name == "stamp" {
        return Err(Mutability);
    }
    if test.is_some() && !touched.contains(&true) {
        return Err(NoTarget);
    }
    let multi = matches!(name, "mails" | "tags");
    match (op, sub, test) {
        (Op::Remove, None, _) => {
            values = values.into_iter().zip(&touched).filter(|(_, touched)| !**touched).map(|(v, _)| v).collect();
            touched = vec![false; values.len()];
        }
        (Op::Remove, Some(sub), _) => {
            let chosen = values.iter_mut().zip(&touched).filter(|(_, touched)| **touched);
            chosen.for_each(|(element, _)| set_sub(element, sub, &Value::Null));
        }
        (_, Some(sub), _) => {
            if values.is_empty() {
                (values, touched) = (vec![json!({})], vec![true]);
            }
            let chosen = values.iter_mut().zip(&touched).filter(|(_, touched)| **touched);
            chosen.for_each(|(element, _)| set_sub(element, sub, value));
        }
        (Op::Add, None, Some(_)) if value.is_null() => {}
        (Op::Add, None, Some(_)) if value.is_object() => {
            for (element, _) in values.iter_mut().zip(&touched).filter(|(_, touched)| **touched) {
                value.as_object().unwrap().iter().for_each(|(sub, value)| set_sub(element, sub, value));
            }
        }
        (_, None, Some(_)) => {
            let new = list(Some(value)).pop();
            let (mut after, mut after_touched, mut written) = (vec![], vec![], false);
            for (old, touched) in values.into_iter().zip(touched) {
                if !touched {
                    after.push(old);
                    after_touched.push(false);
                } else if let Some(new) = new.as_ref().filter(|_| !written) {
                    after.push(new.clone());
                    after_touched.push(true);
                    written = true;
                }
            }
            (values, touched) = (after, after_touched);
        }
        (Op::Add, None, None) if multi => {
            touched = vec![false; values.len()];
            for new in list(Some(value)) {
                if !values.iter().any(|v| without_primary_false(v) == without_primary_false(&new)) {
                    values.push(new);
                    touched.push(true);
                }
            }
        }
        (_, None, None) if value.is_object() && !multi => {
            let mut element = values.pop().unwrap_or_else(|| json!({}));
            value.as_object().unwrap().iter().for_each(|(sub, value)| set_sub(&mut element, sub, value));
            (values, touched) = (vec![element], vec![true]);
        }
        (_, None, None) => {
            values = list(Some(value));
            touched = vec![true; values.len()];
        }
    }
    if name == "mails" {
        demote_others(&mut values, &touched);
    }
    store(tree, name, values);
    let now = home(tree, name).get(name).cloned();
    if (name == "serial" && old.is_some() && now != old) || (name == "name" && old.is_some() && now.is_none()) {
        return Err(Mutability);
    }
    if tree.get(MORE) == Some(&json!({})) {
        tree.remove(MORE);
    }
    Ok(())
}

fn modify(before: &Tree, steps: &[Step]) -> Result<Tree, ErrorKind> {
    let mut tree = before.clone();
    steps.iter().try_for_each(|s| step(&mut tree, s))?;
    let primaries = list(tree.get("mails")).iter().filter(|mail| mail["primary"] == json!(true)).count();
    if primaries > 1 { Err(InvalidValue) } else { Ok(tree) }
}

// -- what is generated --

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!("c"))]
}

fn text_or_null() -> impl Strategy<Value = Value> {
    prop_oneof![6 => text(), 1 => Just(Value::Null)]
}

fn sub_value(sub: &'static str) -> BoxedStrategy<Value> {
    if sub == "primary" {
        prop_oneof![any::<bool>().prop_map(Value::Bool), Just(Value::Null)].boxed()
    } else {
        text_or_null().boxed()
    }
}

fn object(name: &'static str) -> impl Strategy<Value = Value> {
    let pairs: Vec<_> =
        subs(name).iter().map(|sub| proptest::option::of(sub_value(sub)).prop_map(move |v| (*sub, v))).collect();
    pairs.prop_map(|pairs| pairs.into_iter().filter_map(|(sub, value)| Some((sub.to_owned(), value?))).collect())
}

fn whole(name: &'static str) -> BoxedStrategy<Value> {
    match name {
        "mails" => {
            let items = proptest::collection::vec(object(name), 0..3).prop_map(Value::Array);
            prop_oneof![4 => items, 2 => object(name), 1 => Just(Value::Null)].boxed()
        }
        "tags" => {
            let items = proptest::collection::vec(text_or_null(), 0..3).prop_map(Value::Array);
            prop_oneof![3 => items, 2 => text_or_null()].boxed()
        }
        "full" | "boss" => prop_oneof![5 => object(name), 1 => Just(Value::Null)].boxed(),
        _ => text_or_null().boxed(),
    }
}

fn set_of(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let pairs: Vec<_> =
        names.iter().map(|name| proptest::option::weighted(0.3, whole(name)).prop_map(move |v| (*name, v))).collect();
    pairs.prop_map(|pairs| pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn test(name: &'static str) -> BoxedStrategy<Test> {
    let sub = if name == "tags" { Just("value").boxed() } else { prop::sample::select(subs(name)).boxed() };
    let literal = |sub: &'static str| {
        if sub == "primary" { any::<bool>().prop_map(Value::Bool).boxed() } else { text().boxed() }
    };
    let parts = sub.prop_flat_map(move |sub| (Just(sub), any::<bool>(), literal(sub)));
    parts.prop_map(|(sub, negated, literal)| Test { sub, negated, literal }).boxed()
}

fn any_step() -> impl Strategy<Value = Step> {
    const CORE: &[&str] = &["name", "nick", "serial", "full", "mails", "tags"];
    const ALL: &[&str] =
        &["name", "nick", "serial", "stamp", "full", "mails", "mails", "mails", "tags", "dept", "boss"];
    let at = |name: &'static str| Place::Attribute { name, test: None, sub: None };
    let place = prop_oneof![
        2 => set_of(CORE).prop_map(|value| (Place::Resource, value)),
        1 => set_of(&["dept", "boss"]).prop_map(|value| (Place::Extension, value)),
        1 => Just((Place::Extension, Value::Null)),
        6 => prop::sample::select(ALL).prop_flat_map(move |name| (Just(at(name)), whole(name))),
        3 => prop::sample::select(&["full", "mails", "boss"][..]).prop_flat_map(|name| {
            prop::sample::select(subs(name)).prop_flat_map(move |sub| {
                (Just(Place::Attribute { name, test: None, sub: Some(sub) }), sub_value(sub))
            })
        }),
        4 => prop::sample::select(&["mails", "tags"][..]).prop_flat_map(|name| {
            let value = if name == "tags" { text_or_null().boxed() } else { object(name).boxed() };
            (test(name), value).prop_map(move |(t, value)| (Place::Attribute { name, test: Some(t), sub: None }, value))
        }),
        4 => (test("mails"), prop::sample::select(subs("mails"))).prop_flat_map(|(t, sub)| {
            (Just(Place::Attribute { name: "mails", test: Some(t), sub: Some(sub) }), sub_value(sub))
        }),
    ];
    let op = prop_oneof![3 => Just(Op::Add), 3 => Just(Op::Replace), 2 => Just(Op::Remove)];
    (op, place).prop_map(|(op, (place, value))| Step { op, place, value })
}

fn bound(model: &TypeModel, tree: &Tree) -> Complex {
    let Input::Object(object) = input(&Value::Object(tree.clone())) else { unreachable!() };
    let options = BindOptions { lenient_schemas: true, trusted: true, ..BindOptions::default() };
    bind_resource(model, object, options).unwrap().attributes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn sequences_of_operations_do_what_the_naive_model_does(
        requests in proptest::collection::vec(proptest::collection::vec(any_step(), 1..4), 1..5),
    ) {
        let model = thing();
        let mut tree: Tree = json!({"name": "a", "stamp": "s"}).as_object().unwrap().clone();
        for steps in requests {
            let before = bound(&model, &tree);
            let request = PatchRequest { operations: steps.iter().map(Step::operation).collect() };
            let after = apply(&model, "1", &before, &request, &Dialect::STRICT);
            match (modify(&tree, &steps), after) {
                (Ok(expected), Ok(patched)) => {
                    prop_assert_eq!(&patched.attributes, &bound(&model, &expected), "{:?} on {:?}", request, tree);
                    tree = expected;
                }
                (Err(kind), Err(error)) => prop_assert_eq!(kind, error.kind(), "{:?} on {:?}", request, tree),
                (expected, got) => prop_assert!(false, "{request:?} on {tree:?}: {expected:?}, not {got:?}"),
            }
        }
    }

    #[test]
    fn nothing_that_a_client_sends_ends_in_a_panic(
        path in r#"[a-z.:\[\]" ]{0,12}|(mails|tags|full|urn:example:2.0:Thing:more:boss)(\[[a-z]{3,5} (eq|pr|ne) ?("a"|true|null)?\])?(\.[a-z]{4,5})?"#,
        key in "[a-z.:]{0,8}|mails.value|stamp|id|schemas",
        value in prop_oneof![whole("mails"), whole("boss"), text_or_null()],
        op in prop::sample::select(&[Op::Add, Op::Replace, Op::Remove][..]),
    ) {
        let model = thing();
        let before = bound(&model, json!({"name": "a", "mails": [{"value": "a"}], "tags": ["a"]}).as_object().unwrap());
        let keyed = json!({ key: value.clone() });
        for dialect in Dialect::ALL {
            for (path, value) in [(Some(path.clone()), &value), (None, &keyed)] {
                let operations = vec![Operation { op, path, value: Some(input(value)) }];
                if let Ok(patched) = apply(&model, "1", &before, &PatchRequest { operations }, dialect) {
                    let mut pruned = patched.attributes.clone();
                    pruned.prune();
                    prop_assert_eq!(pruned, patched.attributes, "no empty value is left");
                }
            }
        }
    }
}
