//! A second opinion on what a filter means: slow, plain, over JSON documents, and sharing no code with the store.
//!
//! It follows the text of RFC 7644 section 3.4.2.2 and the choices that tests/corpus/README.md lists.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use jiff::Timestamp;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use serde_json::{Map, Value, json};

use super::second_parser::{Ast, Bad, Name, bad, parse};
use super::second_schema::{Attr, Place, Type, types};

/// Resources with everything that the store would derive, and their schemas.
pub struct World {
    pub types: Vec<Type>,
    resources: Vec<(usize, Value)>,
    coerce: bool,
}

impl World {
    /// From resource bodies: (resource type, id, body).
    pub fn new(documents: &[Value], dialect: &str, bodies: &[(String, String, Value)]) -> World {
        World::over(types(documents), dialect, bodies)
    }

    /// The same, of types that are known already.
    pub fn over(types: Vec<Type>, dialect: &str, bodies: &[(String, String, Value)]) -> World {
        let mut resources = Vec::new();
        for (name, id, body) in bodies {
            let index = types.iter().position(|t| &t.name == name).expect("a known resource type");
            resources.push((index, canonical(&types[index], id, body)));
        }
        let mut world = World { types, resources, coerce: dialect != "strict" };
        world.derive_memberships();
        world
    }

    /// Tells when the resources were created and changed, in their order.
    pub fn date<'a>(&mut self, dates: impl Iterator<Item = (&'a str, &'a str)>) {
        for ((_, resource), (created, last_modified)) in self.resources.iter_mut().zip(dates) {
            resource["meta"]["created"] = json!(created);
            resource["meta"]["lastModified"] = json!(last_modified);
        }
    }

    /// The resources with everything derived: (resource type, document).
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.resources.iter().map(|(index, resource)| (self.types[*index].name.as_str(), resource))
    }

    /// The documents alone.
    pub fn documents(&self) -> Vec<&Value> {
        self.resources.iter().map(|(_, resource)| resource).collect()
    }

    /// The ids of the resources that a filter selects, in order.
    pub fn select(&self, resource_type: Option<&str>, filter: Option<&str>) -> Result<Vec<String>, Bad> {
        let selected = self.selected(resource_type, filter)?;
        Ok(selected.iter().map(|(_, resource)| resource["id"].as_str().unwrap().to_owned()).collect())
    }

    fn selected(&self, resource_type: Option<&str>, filter: Option<&str>) -> Result<Vec<&(usize, Value)>, Bad> {
        let in_scope = |t: &&Type| resource_type.is_none_or(|name| t.name == name);
        let scope: Vec<&Type> = self.types.iter().filter(in_scope).collect();
        let ast = filter.map(parse).transpose()?;
        if let Some(ast) = &ast {
            self.check_names(ast, &scope)?;
            for t in &scope {
                self.check(ast, t, None)?;
            }
        }
        let meets = |(index, resource): &&(usize, Value)| {
            let t = &self.types[*index];
            in_scope(&t) && ast.as_ref().is_none_or(|ast| self.holds(ast, t, Context::Resource(resource)))
        };
        Ok(self.resources.iter().filter(meets).collect())
    }

    /// As [`World::select`], sorted; the outer error is a filter's, the inner none is a path that cannot be sorted by.
    /// A type that lacks the attribute has no value there, as long as one type has it.
    pub fn sorted(
        &self,
        resource_type: Option<&str>,
        filter: Option<&str>,
        sort_by: &str,
        descending: bool,
    ) -> Result<Option<Vec<String>>, Bad> {
        let in_scope = |t: &Type| resource_type.is_none_or(|name| t.name == name);
        let selected = self.selected(resource_type, filter)?;
        let places: Vec<Option<SortPlace<'_>>> =
            self.types.iter().map(|t| if in_scope(t) { sort_place(t, sort_by) } else { None }).collect();
        if places.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut keyed: Vec<(Option<(&Attr, Value)>, &Value)> = Vec::new();
        for (index, resource) in selected {
            let key = places[*index].and_then(|(extension, attr, sub)| {
                let values = values_of(resource, extension, attr);
                let chosen = values.iter().find(|value| value["primary"] == true).or(values.first());
                let value = chosen.and_then(|value| sub.map_or(Some(*value), |sub| value.get(&sub.name)))?;
                Some((sub.unwrap_or(attr), value.clone()))
            });
            keyed.push((key, resource));
        }
        keyed.sort_by(|(a, _), (b, _)| {
            let order = match (a, b) {
                (Some((leaf, a)), Some((other, b))) if leaf.kind == "string" => {
                    prepare(leaf, a.as_str().unwrap()).cmp(&prepare(other, b.as_str().unwrap()))
                }
                (Some((leaf, a)), Some((_, b))) => compare(leaf, a, b).unwrap_or(Ordering::Equal),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            if descending { order.reverse() } else { order }
        });
        Ok(Some(keyed.iter().map(|(_, resource)| resource["id"].as_str().unwrap().to_owned()).collect()))
    }

    /// Members gain their type, display and $ref; users gain groups, direct and through other groups.
    fn derive_memberships(&mut self) {
        let resources = self.resources.clone();
        let named = |id: &str| resources.iter().find(|(_, resource)| resource["id"] == id);
        let reference = |index: usize, id: &str| format!("{}/{id}", self.types[index].endpoint);
        let groups_of = |id: &str| -> Vec<&Value> {
            let has =
                |group: &&Value| group["members"].as_array().into_iter().flatten().any(|member| member["value"] == id);
            resources.iter().map(|(_, resource)| resource).filter(has).collect()
        };
        for (index, resource) in &mut self.resources {
            let id = resource["id"].as_str().unwrap().to_owned();
            for member in resource.get_mut("members").and_then(Value::as_array_mut).into_iter().flatten() {
                let other = member["value"].as_str().unwrap().to_owned();
                let Some((other_type, body)) = named(&other) else { continue };
                member["type"] = json!(self.types[*other_type].name);
                member["$ref"] = json!(reference(*other_type, &other));
                let names = [&body["displayName"], &body["name"]["formatted"], &body["userName"]];
                if let Some(display) = names.into_iter().find(|name| non_empty(name)) {
                    member["display"] = display.clone();
                }
            }
            if self.types[*index].name != "User" {
                continue;
            }
            let mut found: Vec<(String, Value)> = Vec::new();
            let mut waiting: Vec<(&Value, &str)> = groups_of(&id).into_iter().map(|group| (group, "direct")).collect();
            while !waiting.is_empty() {
                let (group, kind) = waiting.remove(0);
                let group_id = group["id"].as_str().unwrap();
                if found.iter().any(|(known, _)| known == group_id) {
                    continue;
                }
                let group_type = self.types.iter().position(|t| t.name == "Group").unwrap();
                found.push((group_id.to_owned(), json!({
                    "value": group_id, "$ref": reference(group_type, group_id), "display": group["displayName"], "type": kind,
                })));
                waiting.extend(groups_of(group_id).into_iter().map(|group| (group, "indirect")));
            }
            if !found.is_empty() {
                resource["groups"] = found.into_iter().map(|(_, group)| group).collect();
            }
        }
    }

    /// Every name must be known to at least one of the types.
    fn check_names(&self, ast: &Ast, scope: &[&Type]) -> Result<(), Bad> {
        match ast {
            Ast::And(a, b) | Ast::Or(a, b) => {
                self.check_names(a, scope)?;
                self.check_names(b, scope)
            }
            Ast::Not(inner) => self.check_names(inner, scope),
            Ast::Present(name) | Ast::Compare(name, ..) | Ast::Brackets(name, _) => {
                match scope.iter().any(|t| t.place(name).is_some()) {
                    true => Ok(()),
                    false => scope[0].known(name).map(|_| ()),
                }
            }
        }
    }

    /// Whether a filter means something for a type, or, with `within`, for the values of an attribute.
    fn check(&self, ast: &Ast, t: &Type, within: Option<&Attr>) -> Result<(), Bad> {
        match (ast, within) {
            (Ast::And(a, b) | Ast::Or(a, b), _) => {
                self.check(a, t, within)?;
                self.check(b, t, within)
            }
            (Ast::Not(inner), _) => self.check(inner, t, within),
            (Ast::Present(name), None) => match t.place(name) {
                Some(Place::Attribute { attr, sub, .. }) => self.check_test(name, sub.unwrap_or(attr), None),
                _ => Ok(()),
            },
            (Ast::Compare(name, op, value, at), None) => match t.place(name) {
                Some(Place::Attribute { attr, sub, .. }) => {
                    self.check_test(name, sub.unwrap_or(attr), Some((op, value, *at)))
                }
                Some(Place::Extension(_)) => bad(name.offset, "only pr"),
                None => Ok(()),
            },
            (Ast::Brackets(name, inner), None) => match t.place(name) {
                Some(Place::Attribute { attr, sub: None, .. }) if attr.multi || attr.kind == "complex" => {
                    match attr.searchable {
                        true => self.check(inner, t, Some(attr)),
                        false => bad(name.offset, "not searchable"),
                    }
                }
                Some(_) => bad(name.offset, "no values to choose from"),
                None => Ok(()),
            },
            (Ast::Present(name), Some(parent)) => self.check_test(name, sub_of(parent, name)?, None),
            (Ast::Compare(name, op, value, at), Some(parent)) => {
                self.check_test(name, sub_of(parent, name)?, Some((op, value, *at)))
            }
            (Ast::Brackets(name, _), Some(_)) => bad(name.offset, "brackets in brackets"),
        }
    }

    fn check_test(&self, name: &Name, leaf: &Attr, test: Option<(&String, &Value, usize)>) -> Result<(), Bad> {
        if !leaf.searchable {
            return bad(name.offset, format!("{} cannot be searched", leaf.name));
        }
        let Some((op, value, at)) = test else { return Ok(()) };
        if value.is_null() {
            return if op == "eq" || op == "ne" { Ok(()) } else { bad(at, "null has only eq and ne") };
        }
        let leaf = match leaf.kind.as_str() {
            "complex" if leaf.multi && leaf.sub("value").is_some() => leaf.sub("value").unwrap(),
            "complex" => return bad(name.offset, "a complex attribute"),
            _ => leaf,
        };
        let value = self.literal(leaf, value);
        let fits = match leaf.kind.as_str() {
            "string" | "reference" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" | "decimal" => value.is_number(),
            "dateTime" => value.as_str().and_then(instant).is_some(),
            "binary" => value.as_str().and_then(bytes).is_some(),
            other => panic!("unknown type {other}"),
        };
        let operators = match leaf.kind.as_str() {
            "string" | "reference" => "eq ne co sw ew gt ge lt le",
            "boolean" | "binary" => "eq ne",
            _ => "eq ne gt ge lt le",
        };
        match (fits, operators.split(' ').any(|known| known == op)) {
            (true, true) => Ok(()),
            (true, false) => bad(name.offset, format!("{op} on {}", leaf.kind)),
            (false, _) => bad(at, format!("the wrong type for {}", leaf.name)),
        }
    }

    /// What a lenient dialect makes of a string for a boolean or a number.
    fn literal(&self, leaf: &Attr, value: &Value) -> Value {
        match (leaf.kind.as_str(), value.as_str()) {
            ("boolean", Some(text)) if self.coerce => {
                text.trim().to_ascii_lowercase().parse().map_or(value.clone(), Value::Bool)
            }
            ("integer" | "decimal", Some(text)) if self.coerce => {
                serde_json::from_str::<serde_json::Number>(text.trim()).map_or(value.clone(), Value::Number)
            }
            _ => value.clone(),
        }
    }

    fn holds(&self, ast: &Ast, t: &Type, context: Context<'_>) -> bool {
        match ast {
            Ast::And(a, b) => self.holds(a, t, context) && self.holds(b, t, context),
            Ast::Or(a, b) => self.holds(a, t, context) || self.holds(b, t, context),
            Ast::Not(inner) => !self.holds(inner, t, context),
            Ast::Present(name) => self.present(name, t, context),
            Ast::Compare(name, op, value, _) if value.is_null() => (op == "ne") == self.present(name, t, context),
            Ast::Compare(name, op, value, _) => {
                let (leaf, values) = context.values(t, name);
                let Some(leaf) = leaf else { return op == "ne" };
                let literal = self.literal(leaf, value);
                if op == "ne" {
                    return values.is_empty() || values.iter().any(|value| !test(leaf, value, "eq", &literal));
                }
                values.iter().any(|value| test(leaf, value, op, &literal))
            }
            Ast::Brackets(name, inner) => {
                let Context::Resource(resource) = context else { unreachable!("checked before") };
                let Some(Place::Attribute { extension, attr, .. }) = t.place(name) else { return false };
                let values = values_of(resource, extension, attr);
                values.iter().any(|value| self.holds(inner, t, Context::Element(attr, value)))
            }
        }
    }

    fn present(&self, name: &Name, t: &Type, context: Context<'_>) -> bool {
        if let (Context::Resource(resource), Some(Place::Extension(urn))) = (context, t.place(name)) {
            return resource.get(urn).is_some_and(non_empty);
        }
        match context {
            Context::Resource(resource) => match t.place(name) {
                Some(Place::Attribute { extension, attr, sub }) => values_of(resource, extension, attr)
                    .iter()
                    .any(|value| sub.map_or(Some(*value), |sub| value.get(&sub.name)).is_some_and(non_empty)),
                _ => false,
            },
            Context::Element(attr, value) => {
                sub_of(attr, name).ok().and_then(|sub| part(attr, sub, value)).is_some_and(|value| non_empty(&value))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Context<'a> {
    Resource(&'a Value),
    Element(&'a Attr, &'a Value),
}

impl<'a> Context<'a> {
    /// The attribute that a path compares, and its values here.
    fn values(self, t: &'a Type, name: &Name) -> (Option<&'a Attr>, Vec<Value>) {
        match self {
            Context::Element(attr, value) => {
                let sub = sub_of(attr, name).unwrap();
                (Some(sub), default_false(attr, sub, part(attr, sub, value)).into_iter().collect())
            }
            Context::Resource(resource) => {
                let Some(Place::Attribute { extension, attr, sub }) = t.place(name) else { return (None, Vec::new()) };
                let values = values_of(resource, extension, attr);
                let sub = sub.or_else(|| if attr.kind == "complex" { attr.sub("value") } else { None });
                let Some(sub) = sub else { return (Some(attr), values.into_iter().cloned().collect()) };
                let parts = values.iter().filter_map(|value| default_false(attr, sub, value.get(&sub.name).cloned()));
                (Some(sub), parts.collect())
            }
        }
    }
}

/// An extension, an attribute of it or of the core, and a sub-attribute.
type SortPlace<'a> = (Option<&'a str>, &'a Attr, Option<&'a Attr>);

/// What a type is sorted by; none where it lacks the attribute, or cannot be sorted by it.
fn sort_place<'a>(t: &'a Type, sort_by: &str) -> Option<SortPlace<'a>> {
    let Some(Place::Attribute { extension, attr, sub }) = t.place(&Name { text: sort_by.to_owned(), offset: 0 }) else {
        return None;
    };
    let sub = sub.or_else(|| if attr.multi { attr.sub("value") } else { None });
    let leaf = sub.unwrap_or(attr);
    (leaf.kind != "complex" && leaf.searchable && attr.searchable).then_some((extension, attr, sub))
}

/// `primary` that is not there is false (RFC 7643 section 2.4).
fn default_false(attr: &Attr, sub: &Attr, value: Option<Value>) -> Option<Value> {
    let is_primary = attr.multi && sub.name == "primary" && sub.kind == "boolean";
    value.or(is_primary.then_some(Value::Bool(false)))
}

/// The sub-attribute of a value; the values of a simple attribute are their own `value`.
fn part(attr: &Attr, sub: &Attr, value: &Value) -> Option<Value> {
    if attr.kind == "complex" { value.get(&sub.name).cloned() } else { Some(value.clone()) }
}

fn sub_of<'a>(parent: &'a Attr, name: &Name) -> Result<&'a Attr, Bad> {
    if parent.kind != "complex" && name.text.eq_ignore_ascii_case("value") {
        return Ok(parent);
    }
    match parent.sub(&name.text) {
        Some(sub) => Ok(sub),
        None => bad(name.offset, format!("{} has no {}", parent.name, name.text)),
    }
}

fn values_of<'a>(resource: &'a Value, extension: Option<&str>, attr: &Attr) -> Vec<&'a Value> {
    let holder = extension.map_or(Some(resource), |urn| resource.get(urn));
    match holder.and_then(|holder| holder.get(&attr.name)) {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

fn non_empty(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(non_empty),
        Value::Object(parts) => parts.values().any(non_empty),
        _ => true,
    }
}

fn test(leaf: &Attr, value: &Value, op: &str, literal: &Value) -> bool {
    if let ("co" | "sw" | "ew", Some(value), Some(literal)) = (op, value.as_str(), literal.as_str()) {
        let (value, literal) = (prepare(leaf, value), prepare(leaf, literal));
        return match op {
            "co" => value.contains(&literal),
            "sw" => value.starts_with(&literal),
            _ => value.ends_with(&literal),
        };
    }
    let Some(order) = compare(leaf, value, literal) else { return false };
    match op {
        "eq" => order.is_eq(),
        "gt" => order.is_gt(),
        "ge" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}

fn compare(leaf: &Attr, a: &Value, b: &Value) -> Option<Ordering> {
    match leaf.kind.as_str() {
        "string" | "reference" => Some(prepare(leaf, a.as_str()?).cmp(&prepare(leaf, b.as_str()?))),
        "boolean" => Some(a.as_bool()?.cmp(&b.as_bool()?)),
        "dateTime" => Some(instant(a.as_str()?)?.cmp(&instant(b.as_str()?)?)),
        "binary" => Some(bytes(a.as_str()?)?.cmp(&bytes(b.as_str()?)?)),
        // A decimal attribute holds a 64-bit floating point number, however it was written.
        "decimal" => match b.as_i64() {
            Some(b) => Some(whole_and_fraction(b, a.as_f64()?)?.reverse()),
            None => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        "integer" => match b.as_i64() {
            Some(b) => Some(a.as_i64()?.cmp(&b)),
            None => whole_and_fraction(a.as_i64()?, b.as_f64()?),
        },
        _ => None,
    }
}

/// Exactly, without rounding either.
fn whole_and_fraction(whole: i64, fraction: f64) -> Option<Ordering> {
    if fraction.abs() >= 1e19 {
        return 0.0_f64.partial_cmp(&fraction);
    }
    let order = i128::from(whole).cmp(&(fraction.trunc() as i128));
    Some(order.then(0.0_f64.partial_cmp(&fraction.fract())?))
}

fn prepare(leaf: &Attr, text: &str) -> String {
    if leaf.exact {
        return text.to_owned();
    }
    if leaf.user_name
        && let Ok(prepared) = UsernameCaseMapped::enforce(text)
    {
        return prepared.into_owned();
    }
    ComposingNormalizer::new_nfc().normalize(&CaseMapper::new().fold_string(text)).into_owned()
}

fn instant(text: &str) -> Option<Timestamp> {
    if !text.contains(['T', 't']) {
        return None;
    }
    let utc = format!("{text}Z");
    text.parse().or_else(|_| utc.parse()).ok()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok();
    decode(&STANDARD).or_else(|| decode(&URL_SAFE))
}

/// A body with the schema's names, without what is no value, and with the common attributes.
fn canonical(t: &Type, id: &str, body: &Value) -> Value {
    let mut result = Map::new();
    let mut schemas = vec![json!(t.urn)];
    for (key, value) in body.as_object().unwrap() {
        if let Some((urn, attrs)) = t.extensions.iter().find(|(urn, _)| urn.eq_ignore_ascii_case(key)) {
            if let Some(object) = complex(attrs, value) {
                schemas.push(json!(urn));
                result.insert(urn.clone(), object);
            }
        } else if let Some(attr) = t.core.iter().find(|attr| attr.name.eq_ignore_ascii_case(key))
            && let Some(value) = assigned(attr, value)
        {
            result.insert(attr.name.clone(), value);
        }
    }
    result.insert("schemas".to_owned(), Value::Array(schemas));
    result.insert("id".to_owned(), json!(id));
    result.insert(
        "meta".to_owned(),
        json!({
            "resourceType": t.name, "created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:00Z",
            "location": format!("{}/{id}", t.endpoint), "version": "W/\"1\"",
        }),
    );
    Value::Object(result)
}

fn complex(attrs: &[Attr], value: &Value) -> Option<Value> {
    let mut result = Map::new();
    for (key, value) in value.as_object()? {
        let attr = attrs.iter().find(|attr| attr.name.eq_ignore_ascii_case(key)).expect("a known sub-attribute");
        if let Some(value) = assigned(attr, value) {
            result.insert(attr.name.clone(), value);
        }
    }
    (!result.is_empty()).then_some(Value::Object(result))
}

/// Whether every part of a complex value is empty text. Empty bytes are a value.
fn is_blank(attr: &Attr, value: &Value) -> bool {
    value.as_object().unwrap().iter().all(|(name, part)| part == "" && attr.sub(name).unwrap().kind != "binary")
}

fn assigned(attr: &Attr, value: &Value) -> Option<Value> {
    let single = |value: &Value| match attr.kind.as_str() {
        _ if value.is_null() => None,
        "complex" => complex(&attr.subs, value).filter(|value| !is_blank(attr, value)),
        _ => Some(value.clone()),
    };
    match value {
        Value::Array(values) => {
            let values: Vec<Value> = values.iter().filter_map(single).collect();
            (!values.is_empty()).then_some(Value::Array(values))
        }
        value => single(value),
    }
}
