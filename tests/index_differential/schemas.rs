//! Random schemas: attributes of every type, single-valued and multi-valued, simple and complex, and what becomes of
//! them while a store runs.

use serde_json::{Value, json};

use crate::support::engine::{ENTERPRISE, USER};
use crate::support::random::Dice;

pub const THING: &str = "urn:test:2.0:Thing";
pub const BADGE: &str = "urn:test:2.0:Badge";
pub const LATE: &str = "urn:test:2.0:Late";

/// The types of simple attributes; strings are compared in two ways.
const SIMPLE: [(&str, bool); 8] = [
    ("string", true),
    ("string", false),
    ("boolean", false),
    ("integer", false),
    ("decimal", false),
    ("dateTime", false),
    ("binary", true),
    ("reference", true),
];

/// Schemas of one's own, which grow.
#[derive(Clone)]
pub struct Schemas {
    thing: Vec<Value>,
    badge: Vec<Value>,
    has_late: bool,
    names: usize,
}

impl Schemas {
    pub fn new(dice: &mut Dice) -> Schemas {
        let mut schemas = Schemas { thing: Vec::new(), badge: Vec::new(), has_late: false, names: 0 };
        for (kind, exact) in SIMPLE {
            for multi in [false, true] {
                if dice.below(3) > 0 {
                    let name = schemas.name();
                    schemas.thing.push(simple(&name, kind, exact, multi));
                }
            }
            if dice.one_in(2) {
                let name = schemas.name();
                schemas.badge.push(simple(&name, kind, exact, dice.one_in(3)));
            }
        }
        for multi in [false, true, true] {
            let attribute = schemas.complex(dice, multi);
            if dice.one_in(3) { schemas.badge.push(attribute) } else { schemas.thing.push(attribute) }
        }
        schemas.badge.push(simple("note", "string", false, false));
        schemas.thing.push(simple("label", "string", false, false));
        schemas
    }

    /// Names that are never given twice, in letters that do not tell the order of their numbers.
    fn name(&mut self) -> String {
        self.names += 1;
        format!("{}{}", ["q", "b", "x", "f", "m"][self.names % 5], self.names)
    }

    fn complex(&mut self, dice: &mut Dice, multi: bool) -> Value {
        let mut subs = Vec::new();
        let value = SIMPLE[dice.below(SIMPLE.len())];
        subs.push(simple("value", value.0, value.1, false));
        for (kind, exact) in SIMPLE {
            if dice.one_in(4) {
                let name = self.name();
                subs.push(simple(&name, kind, exact, false));
            }
        }
        if multi {
            subs.push(simple("type", "string", false, false));
            subs.push(simple("primary", "boolean", false, false));
        }
        json!({"name": self.name(), "type": "complex", "multiValued": multi, "subAttributes": subs})
    }

    /// Adds an attribute, or the resource type that comes late.
    pub fn grow(&mut self, dice: &mut Dice) {
        match dice.below(5) {
            0 => self.has_late = true,
            1 => {
                let attribute = self.complex(dice, dice.0.is_multiple_of(2));
                self.thing.push(attribute);
            }
            number => {
                let (kind, exact) = SIMPLE[dice.below(SIMPLE.len())];
                let attribute = simple(&self.name(), kind, exact, dice.one_in(3));
                if number == 2 { self.badge.push(attribute) } else { self.thing.push(attribute) }
            }
        }
    }

    /// Gives an attribute of things another type, once no thing has a value of it. Gives its name.
    pub fn retype(&mut self, dice: &mut Dice) -> String {
        let index = dice.below(self.thing.len());
        let name = self.thing[index]["name"].as_str().unwrap().to_owned();
        let (kind, exact) = SIMPLE[dice.below(SIMPLE.len())];
        self.thing[index] = simple(&name, kind, exact, dice.one_in(2));
        name
    }

    /// The documents, as RFC 7643 sections 6 and 7 have them.
    pub fn documents(&self) -> Vec<Value> {
        let of_type = |name: &str, schema: &str, extensions: &[&str]| {
            let extensions: Vec<Value> = extensions.iter().map(|urn| json!({"schema": urn})).collect();
            let endpoint = format!("/{name}s");
            json!({"id": name, "name": name, "endpoint": endpoint, "schema": schema, "schemaExtensions": extensions})
        };
        let mut documents = vec![
            json!({"id": THING, "attributes": self.thing}),
            json!({"id": BADGE, "attributes": self.badge}),
            of_type("Thing", THING, &[]),
            of_type("User", USER, &[ENTERPRISE, BADGE]),
        ];
        if self.has_late {
            // Another resource type of attributes that are there, and a schema of its own.
            documents.push(json!({"id": LATE, "attributes": [simple("late", "string", true, true)]}));
            documents.push(of_type("Late", THING, &[LATE]));
        }
        documents
    }
}

fn simple(name: &str, kind: &str, exact: bool, multi: bool) -> Value {
    let mut attribute = json!({"name": name, "type": kind, "multiValued": multi});
    match kind {
        "string" => attribute["caseExact"] = json!(exact),
        "reference" => attribute["referenceTypes"] = json!(["external"]),
        _ => {}
    }
    attribute
}
