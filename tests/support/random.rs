//! Random resources and filters, the same for the same seed: made from schemas, so that filters hit.

use serde_json::{Map, Value, json};

use super::second_schema::{Attr, Type};

/// SplitMix64: small, fast, and the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const TEXTS: [&str; 34] = [
    "",
    "a",
    "A",
    "ab",
    "AB",
    "b",
    "Ba",
    "aab",
    "abc@Example.com",
    "example.com",
    "work",
    "home",
    "WORK",
    "ß",
    "ss",
    "SS",
    "é",
    "e\u{301}",
    "É",
    "İ",
    "i\u{307}",
    "ı",
    "Σ",
    "ς",
    "ﬁ",
    "fi",
    "\u{212a}",
    "k",
    "ａ",
    "Ａ",
    "a b",
    "q\u{307}\u{323}",
    "😀",
    "\"\\/\n",
];
const INTEGERS: [i64; 9] = [0, 1, -1, 2, 10, 9_007_199_254_740_993, i64::MAX, i64::MIN, -9_007_199_254_740_993];
const DECIMALS: [f64; 10] = [0.0, -0.0, 0.5, 1.0, -1.5, 10.0, 9_007_199_254_740_992.0, 9.3e18, -9.3e18, 1e300];
const TIMES: [&str; 8] = [
    "2020-01-01T00:00:00Z",
    "2020-01-01T01:00:00+01:00",
    "2019-12-31T23:59:59.999999999Z",
    "2020-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.5Z",
    "2020-01-01T00:00:00",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
];
const BYTES: [&str; 7] = ["", "AQID", "AQ==", "AQ", "_-8=", "/+8=", "Ag=="];

/// Texts that stay different however they are prepared: for what must be unique.
const DISTINCT: [&str; 12] = ["a", "AB", "b", "Ba", "aab", "ss", "é", "Σ", "fi", "k", "abc@Example.com", "work"];

/// A value of an attribute.
pub fn value(dice: &mut Dice, attr: &Attr) -> Value {
    match attr.kind.as_str() {
        "boolean" => json!(dice.one_in(2)),
        "integer" => json!(INTEGERS[dice.below(INTEGERS.len())]),
        "decimal" if dice.one_in(4) => json!(INTEGERS[dice.below(5)]),
        "decimal" => json!(DECIMALS[dice.below(DECIMALS.len())]),
        "dateTime" => json!(dice.pick(&TIMES)),
        "binary" => json!(dice.pick(&BYTES)),
        "complex" => Value::Object(attributes(dice, &attr.subs, 0)),
        _ if attr.is_id => json!(format!("r{}", dice.below(RESOURCES))),
        _ if attr.required => json!(DISTINCT[dice.below(DISTINCT.len())]),
        _ if dice.one_in(6) => json!([dice.pick(&TEXTS), dice.pick(&TEXTS), dice.pick(&TEXTS)].concat()),
        _ => json!(dice.pick(&TEXTS)),
    }
}

/// A text that stays different from those of all other numbers, however it is prepared.
fn distinct(number: usize) -> String {
    let text = DISTINCT[number % DISTINCT.len()];
    if number < DISTINCT.len() { text.to_owned() } else { format!("{text}{}", number / DISTINCT.len()) }
}

/// The attributes of a resource. What must be unique has a value of the number's own.
pub fn attributes(dice: &mut Dice, attrs: &[Attr], index: usize) -> Map<String, Value> {
    let mut object = Map::new();
    for attr in attrs {
        // Hashing a password takes long, and nothing can search for one.
        let derived = matches!(attr.name.as_str(), "schemas" | "id" | "meta" | "groups" | "members" | "password");
        if derived || (!attr.required && dice.one_in(2)) {
            continue;
        }
        let value = match (attr.multi, attr.unique) {
            (true, _) => one_primary((0..dice.below(4)).map(|_| value(dice, attr)).collect()),
            (false, true) => json!(distinct(index)),
            (false, false) => value(dice, attr),
        };
        object.insert(attr.name.clone(), value);
    }
    object
}

/// Of several elements one may be the primary one.
pub fn one_primary(mut values: Vec<Value>) -> Value {
    let primaries = values.iter_mut().filter_map(|value| value.get_mut("primary")).filter(|primary| **primary == true);
    primaries.skip(1).for_each(|primary| *primary = Value::Bool(false));
    Value::Array(values)
}

/// How many resources a world has.
pub const RESOURCES: usize = 12;

/// A world of resources: (resource type, id, body), valid for the store.
pub fn bodies(dice: &mut Dice, types: &[Type]) -> Vec<(String, String, Value)> {
    (0..RESOURCES)
        .map(|index| {
            let t = &types[dice.below(types.len())];
            let mut body = attributes(dice, &t.core, index);
            body.insert("schemas".to_owned(), json!([t.urn]));
            for (urn, attrs) in &t.extensions {
                if dice.one_in(2) {
                    body.insert(urn.clone(), Value::Object(attributes(dice, attrs, index)));
                }
            }
            if t.name == "Group" {
                let member = |index: usize| json!({ "value": format!("r{index}") });
                body.insert("members".to_owned(), (0..RESOURCES).filter(|_| dice.one_in(4)).map(member).collect());
            }
            (t.name.clone(), format!("r{index}"), Value::Object(body))
        })
        .collect()
}

/// A path to sort by.
pub fn sort_path(dice: &mut Dice, t: &Type) -> String {
    let (path, attr) = path(dice, t);
    match attr.subs.is_empty() || dice.one_in(4) {
        true => path,
        false => format!("{path}.{}", sub(dice, attr).0),
    }
}

/// A filter for resources of a type.
pub fn filter(dice: &mut Dice, t: &Type) -> String {
    expression(dice, t, None, 3)
}

fn expression(dice: &mut Dice, t: &Type, within: Option<&Attr>, depth: usize) -> String {
    let inner = |dice: &mut Dice| expression(dice, t, within, depth - 1);
    match if depth == 0 { 9 } else { dice.below(12) } {
        0 | 1 => format!("{} {} {}", inner(dice), dice.pick(&["and", "AND"]), inner(dice)),
        2 | 3 => format!("{} or {}", inner(dice), inner(dice)),
        4 => format!("not ({})", inner(dice)),
        5 => format!("({})", inner(dice)),
        6 | 7 if within.is_none() => {
            let (path, attr) = path(dice, t);
            let inside = expression(dice, t, Some(attr), depth - 1);
            match attr.subs.is_empty() || !dice.one_in(5) {
                true => format!("{path}[{inside}]"),
                false => {
                    let sub = sub(dice, attr);
                    format!("{path}[{inside}].{}", comparison(dice, &sub))
                }
            }
        }
        _ => match within {
            Some(attr) if attr.subs.is_empty() => comparison(dice, &("value".to_owned(), attr)),
            Some(attr) => {
                let sub = sub(dice, attr);
                comparison(dice, &sub)
            }
            None => {
                let (path, attr) = path(dice, t);
                match attr.subs.is_empty() || dice.one_in(6) {
                    true => comparison(dice, &(path, attr)),
                    false => {
                        let (name, sub) = sub(dice, attr);
                        comparison(dice, &(format!("{path}.{name}"), sub))
                    }
                }
            }
        },
    }
}

fn path<'a>(dice: &mut Dice, t: &'a Type) -> (String, &'a Attr) {
    let (urn, attrs) = match dice.below(4) {
        0 if !t.extensions.is_empty() => {
            let (urn, attrs) = &t.extensions[dice.below(t.extensions.len())];
            (format!("{urn}:"), attrs)
        }
        1 => (format!("{}:", t.urn), &t.core),
        _ => (String::new(), &t.core),
    };
    let attr = &attrs[dice.below(attrs.len())];
    (cased(dice, format!("{urn}{}", attr.name)), attr)
}

fn sub<'a>(dice: &mut Dice, attr: &'a Attr) -> (String, &'a Attr) {
    // Versions are the store's own: nobody else can tell what they contain.
    let subs: Vec<&Attr> = attr.subs.iter().filter(|sub| attr.name != "meta" || sub.name != "version").collect();
    let sub = subs[dice.below(subs.len())];
    (cased(dice, sub.name.clone()), sub)
}

fn cased(dice: &mut Dice, name: String) -> String {
    match dice.below(6) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        _ => name,
    }
}

fn comparison(dice: &mut Dice, (path, attr): &(String, &Attr)) -> String {
    if dice.one_in(8) {
        return format!("{path} pr");
    }
    let bare = attr.subs.iter().find(|sub| sub.name == "value").unwrap_or(attr);
    let operators: &[&str] = match bare.kind.as_str() {
        _ if dice.one_in(25) => &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
        "boolean" | "binary" => &["eq", "ne", "EQ"],
        "integer" | "decimal" | "dateTime" => &["eq", "ne", "gt", "ge", "lt", "le", "Ge"],
        _ => &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "CO"],
    };
    let literal = match bare.kind.as_str() {
        _ if dice.one_in(25) => json!(null),
        _ if dice.one_in(40) => json!(dice.pick(&TEXTS)),
        "complex" => json!(dice.pick(&TEXTS)),
        "integer" if dice.one_in(3) => json!(DECIMALS[dice.below(DECIMALS.len())]),
        "decimal" if dice.one_in(3) => json!(INTEGERS[dice.below(INTEGERS.len())]),
        _ => value(dice, bare),
    };
    format!("{path} {} {literal}", dice.pick(operators))
}
