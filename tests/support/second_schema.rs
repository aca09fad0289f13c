//! Schemas and resource types read from their RFC 7643 documents alone, for the second opinion on filters.

use serde_json::{Value, json};

use super::second_parser::{Bad, Name, bad};

/// An attribute, from its document.
#[derive(Debug, Clone)]
pub struct Attr {
    pub name: String,
    pub kind: String,
    pub multi: bool,
    pub exact: bool,
    pub searchable: bool,
    pub user_name: bool,
    pub required: bool,
    pub unique: bool,
    /// Its values are ids of resources.
    pub is_id: bool,
    pub subs: Vec<Attr>,
}

impl Attr {
    fn read(document: &Value) -> Attr {
        let text = |key: &str, default: &str| document[key].as_str().unwrap_or(default).to_owned();
        let kind = text("type", "string");
        Attr {
            name: text("name", ""),
            multi: document["multiValued"] == true,
            exact: document["caseExact"].as_bool().unwrap_or(kind == "reference"),
            searchable: document["returned"] != "never" && document["mutability"] != "writeOnly",
            user_name: false,
            required: document["required"] == true,
            unique: matches!(document["uniqueness"].as_str(), Some("server" | "global")),
            is_id: false,
            subs: document["subAttributes"].as_array().into_iter().flatten().map(Attr::read).collect(),
            kind,
        }
    }

    pub fn sub(&self, name: &str) -> Option<&Attr> {
        self.subs.iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }
}

/// A resource type with its schemas.
#[derive(Debug, Clone)]
pub struct Type {
    pub name: String,
    pub endpoint: String,
    pub urn: String,
    pub core: Vec<Attr>,
    pub extensions: Vec<(String, Vec<Attr>)>,
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    Extension(&'a str),
    Attribute { extension: Option<&'a str>, attr: &'a Attr, sub: Option<&'a Attr> },
}

/// The built-in resource types and those of the documents.
pub fn types(documents: &[Value]) -> Vec<Type> {
    let built_in = [
        include_str!("../../src/message/builtin/user.json"),
        include_str!("../../src/message/builtin/group.json"),
        include_str!("../../src/message/builtin/enterprise-user.json"),
        include_str!("../../src/message/builtin/user-resource-type.json"),
        include_str!("../../src/message/builtin/group-resource-type.json"),
    ];
    let mut all: Vec<Value> = built_in.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    all.extend(documents.iter().cloned());
    let attributes = |urn: &Value| -> Vec<Attr> {
        let schema = all.iter().find(|document| &document["id"] == urn).expect("the schema is there");
        schema["attributes"].as_array().unwrap().iter().map(Attr::read).collect()
    };
    let is_type = |document: &&Value| document.get("endpoint").is_some();
    let build = |document: &Value| {
        let mut core = common();
        core.extend(attributes(&document["schema"]));
        let urn = document["schema"].as_str().unwrap().to_owned();
        for attr in &mut core {
            attr.user_name = attr.name == "userName" && urn == "urn:ietf:params:scim:schemas:core:2.0:User";
            attr.is_id = attr.name == "id";
            let membership = matches!(attr.name.as_str(), "members" | "groups");
            attr.subs.iter_mut().for_each(|sub| sub.is_id = membership && sub.name == "value");
        }
        let extensions = document["schemaExtensions"].as_array().into_iter().flatten();
        Type {
            name: document["name"].as_str().unwrap().to_owned(),
            endpoint: document["endpoint"].as_str().unwrap().to_owned(),
            urn,
            core,
            extensions: extensions
                .map(|extension| (extension["schema"].as_str().unwrap().to_owned(), attributes(&extension["schema"])))
                .collect(),
        }
    };
    all.iter().filter(is_type).map(build).collect()
}

/// RFC 7643 section 3.1.
fn common() -> Vec<Attr> {
    let exact = |name: &str, kind: &str| json!({"name": name, "type": kind, "caseExact": true});
    let documents = json!([
        {"name": "schemas", "type": "reference", "multiValued": true, "caseExact": false},
        exact("id", "string"),
        exact("externalId", "string"),
        {"name": "meta", "type": "complex", "subAttributes": [
            exact("resourceType", "string"), exact("created", "dateTime"), exact("lastModified", "dateTime"),
            exact("location", "reference"), exact("version", "string"),
        ]},
    ]);
    documents.as_array().unwrap().iter().map(Attr::read).collect()
}

impl Type {
    /// Finds what a path names; the outer result is none where this type does not know it.
    pub fn place(&self, name: &Name) -> Option<Place<'_>> {
        let text = name.text.to_ascii_lowercase();
        let mut urns: Vec<(&str, Option<usize>)> = vec![(self.urn.as_str(), None)];
        urns.extend(self.extensions.iter().enumerate().map(|(index, (urn, _))| (urn.as_str(), Some(index))));
        urns.sort_by_key(|(urn, _)| std::cmp::Reverse(urn.len()));
        for (urn, index) in urns {
            let lower = urn.to_ascii_lowercase();
            if text == lower {
                return index.map(|_| Place::Extension(urn));
            }
            if let Some(rest) = text.strip_prefix(&format!("{lower}:")) {
                let among = index.map_or(&self.core, |index| &self.extensions[index].1);
                return find(among, index.map(|_| urn), rest);
            }
        }
        if text.contains(':') { None } else { find(&self.core, None, &text) }
    }

    /// As [`Type::place`], but not knowing it is an error.
    pub fn known(&self, name: &Name) -> Result<Place<'_>, Bad> {
        match self.place(name) {
            Some(place) => Ok(place),
            None => bad(name.offset, format!("{} has no {}", self.name, name.text)),
        }
    }
}

fn find<'a>(among: &'a [Attr], extension: Option<&'a str>, path: &str) -> Option<Place<'a>> {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let attr = among.iter().find(|attr| attr.name.eq_ignore_ascii_case(name))?;
    let sub = match sub {
        Some(sub) => Some(attr.sub(sub)?),
        None => None,
    };
    Some(Place::Attribute { extension, attr, sub })
}
