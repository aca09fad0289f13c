//! The ways in which a driver runs the corpus: by its verbs, and by `handle`. It must not know what a vector expects.

use serde_json::{Map, Value, json};

use crate::driven::{Answer, Driven};
use crate::http;
use crate::requests::Requests;
use crate::steps::{Sender, Sent};
use crate::support::corpus::{Outcome, PatchError, ResourceOf};
use crate::support::face::{Face, Search};

/// Where the endpoint is said to be in the steps.
const BASE: &str = "https://example.com/v2";

/// The verbs of a driver.
pub struct Verbs<'a>(pub &'a mut Driven);

/// `handle` of a driver.
pub struct Handle<'a>(pub &'a mut Driven);

impl Driven {
    /// Makes a tenant and registers schemas.
    pub fn open_tenant(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        // A document is given as one.
        let profile = serde_json::from_str(profile).unwrap_or_else(|_| json!(profile));
        done(self.ask("tenant_create", json!({"name": tenant, "options": {"profile": profile}})))?;
        if documents.is_empty() {
            return Ok(());
        }
        done(self.ask("schema_put", json!({"tenant": tenant, "documents": documents})))
    }

    /// Creates resources with ids of their own.
    pub fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        resources.iter().try_for_each(|ResourceOf { resource_type, id, body }| {
            let request =
                json!({"tenant": tenant, "type": resource_type, "json": body.to_string(), "options": {"id": id}});
            done(self.ask("create", request)).map_err(|error| format!("{id}: {error}"))
        })
    }
}

/// An answer that need not say anything.
fn done(answer: Answer) -> Result<(), String> {
    if let Answer::Ok(_) = answer { Ok(()) } else { Err(format!("{answer:?}")) }
}

fn request(search: &Search) -> Map<String, Value> {
    let order = search.descending.then(|| "descending".to_owned());
    let members = [
        ("filter", search.filter.clone().map(Value::from)),
        ("sortBy", search.sort_by.clone().map(Value::from)),
        ("sortOrder", order.map(Value::from)),
        ("startIndex", search.start_index.map(Value::from)),
        ("count", search.count.map(Value::from)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn ids(resources: &Value) -> Vec<String> {
    let resources = resources.as_array().into_iter().flatten();
    resources.map(|found| found["id"].as_str().unwrap_or_default().to_owned()).collect()
}

impl Verbs<'_> {
    fn page(&mut self, tenant: &str, search: &Search, more: &[(&str, Value)]) -> Result<Value, Outcome> {
        let mut body = request(search);
        body.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let request =
            json!({"tenant": tenant, "type": search.resource_type, "request": Value::Object(body).to_string()});
        let answer = self.0.ask("search", request);
        answer.json().map_err(|problem| match answer {
            Answer::Error(error) => Outcome::Failed {
                scim_type: error["scimType"].as_str().map(str::to_owned),
                offset: error["offset"].as_u64(),
                detail: error["detail"].as_str().unwrap_or_default().to_owned(),
            },
            _ => Outcome::Failed { scim_type: None, offset: None, detail: problem },
        })
    }

    /// Everything that a search finds, by an iterator.
    fn iterated(&mut self, tenant: &str, search: &Search) -> Result<Vec<String>, String> {
        let text = Value::Object(request(search)).to_string();
        let request = json!({"tenant": tenant, "type": search.resource_type, "request": text});
        let Answer::Ok(answer) = self.0.ask("iterate", request) else { return Err("it fails".to_owned()) };
        let texts = answer["json"].as_array().into_iter().flatten();
        let each = texts.map(|text| serde_json::from_str(text.as_str().unwrap_or_default()));
        let each = each.collect::<Result<Vec<Value>, _>>().map_err(|error| error.to_string())?;
        Ok(ids(&Value::Array(each)))
    }
}

impl Face for Verbs<'_> {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        self.0.open_tenant(tenant, dialect, documents)
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        self.0.load(tenant, resources)
    }

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        match self.page(tenant, search, &[]) {
            Ok(page) => Outcome::Found(ids(&page["Resources"]), page["totalResults"].as_u64().unwrap_or_default()),
            Err(outcome) => outcome,
        }
    }

    fn walk(&mut self, tenant: &str, search: &Search) -> Option<Outcome> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        let total = loop {
            let page = match self.page(tenant, search, &[("count", json!(2)), ("cursor", json!(cursor))]) {
                Ok(page) => page,
                Err(outcome) => return Some(outcome),
            };
            found.extend(ids(&page["Resources"]));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break page["totalResults"].as_u64().unwrap_or_default(),
            }
        };
        // An iterator finds the same, in the same order.
        let iterated = self.iterated(tenant, search);
        if iterated.as_ref() != Ok(&found) {
            self.0.differs(format!("{search:?} finds {found:?} by pages, and {iterated:?} by an iterator"));
        }
        Some(Outcome::Found(found, total))
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let request = json!({"tenant": tenant, "type": resource_type, "id": id, "options": {}});
        self.0.ask("get", request).json().unwrap_or_else(|problem| panic!("{id}: {problem}"))
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let json = request.to_string();
        let request = json!({"tenant": tenant, "type": resource_type, "id": id, "json": json, "options": {}});
        match self.0.ask("patch", request) {
            Answer::Error(error) => Err(PatchError {
                status: error["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
                scim_type: error["scimType"].as_str().unwrap_or_default().to_owned(),
            }),
            _ => Ok(None),
        }
    }

    /// In proto3 an empty filter is none.
    fn knows_empty_filters(&self) -> bool {
        self.0.kind() == crate::driven::Kind::Binding
    }
}

impl Handle<'_> {
    fn handled(&mut self, sent: &Sent<'_>, context: Value) -> http::Answer {
        let Sent { tenant, subject: _, permissions: _, at: _, method, target, headers, body } = *sent;
        let request = json!({
            "tenant": tenant, "method": method, "target": target, "headers": headers, "body": body, "context": context,
        });
        match self.0.ask("handle", request) {
            Answer::Ok(answer) => http::Answer {
                status: answer["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
                headers: answer["headers"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                    .collect(),
                body: answer["body"].as_str().unwrap_or_default().to_owned(),
            },
            other => panic!("{method} {target}: {other:?}"),
        }
    }
}

impl Requests for Handle<'_> {
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        self.0.open_tenant(tenant, profile, documents)
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        self.0.load(tenant, resources)
    }

    fn endpoint(&mut self, tenant: &str, name: &str) -> String {
        let registry = self.0.core().store().tenant(tenant).and_then(|tenant| tenant.registry());
        let found = registry.and_then(|registry| Ok(registry.resource_type(name)?.resource_type().endpoint.clone()));
        found.unwrap_or_else(|_| format!("/{name}"))
    }

    fn before_locations(&self, _tenant: &str) -> String {
        String::new()
    }

    fn send(&mut self, tenant: &str, method: &str, target: &str, body: &str) -> http::Answer {
        self.handled(
            &Sent { tenant, subject: None, permissions: &[], at: None, method, target, headers: &[], body },
            json!({}),
        )
    }
}

impl Sender for Handle<'_> {
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        self.0.open_tenant(tenant, profile, documents)
    }

    fn close(&mut self, tenant: &str) {
        self.0.ask("tenant_drop", json!({"name": tenant}));
    }

    fn base(&self, _tenant: &str, at: Option<&str>) -> String {
        at.map_or_else(|| BASE.to_owned(), |at| format!("https://example.com{at}"))
    }

    fn deliver(&mut self, sent: &Sent<'_>) -> http::Answer {
        let bearer = json!({
            "type": "oauthbearertoken", "name": "OAuth Bearer Token",
            "description": "A bearer token in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
        });
        let mut context = json!({"base": self.base(sent.tenant, sent.at), "authenticationSchemes": [bearer]});
        if let Some(subject) = sent.subject {
            context["subject"] = json!(subject);
        }
        if !sent.permissions.is_empty() {
            context["permissions"] = json!(sent.permissions);
        }
        self.handled(sent, context)
    }
}
