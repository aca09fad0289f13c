//! The protocol answered by the engine of this process: what a driver's answers are compared with. It must not know the
//! C ABI, which is on the other side.

use std::time::Duration;

use scimdb::engine::{
    Change, ImportOptions, OnConflict, ReadOptions, Scope, TenantOptions, TokenOptions, ValueKey, ValueKeySource,
    WriteOptions,
};
use scimdb::message::{BulkRequest, ResourceInput, SearchRequest, error_json, parse_patch, parse_schema_document};
use scimdb::message::{Line, Lines};
use scimdb::model::VersionMatch;
use scimdb::protocol::{AuthenticationScheme, Context, Request, answer_error, challenge, required_scope, try_handle};
use scimdb::{Error, ErrorKind, Result, Store, StoreOptions, Tenant};
use serde_json::{Map, Value, json};

use crate::peer::Peer;

/// The engine behind the protocol.
pub struct Core {
    store: Store,
    /// Who writes when a request does not say: the name of a token, where calls have one.
    actor: Option<String>,
    /// What is compared with it, or what it stands for: `binding` or `grpc`.
    kind: &'static str,
}

impl Core {
    pub fn new(kind: &'static str, actor: Option<String>) -> Core {
        Core { store: Store::open_in_memory(StoreOptions::default()).unwrap(), actor, kind }
    }

    /// The store, for what the protocol has no request for.
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn tenant(&self, request: &Value) -> Result<Tenant> {
        self.store.tenant(request["tenant"].as_str().unwrap_or(scimdb::engine::DEFAULT_TENANT))
    }

    fn answer(&mut self, request: &Value) -> Result<Value> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (kind, id, body) = (text("type"), text("id"), text("json").as_bytes());
        let options = &request["options"];
        match text("op") {
            "hello" => Ok(json!({"language": "Rust", "version": env!("CARGO_PKG_VERSION"), "kind": self.kind})),
            "open" => {
                self.store = Store::open_in_memory(store_options(options))?;
                Ok(json!({}))
            }
            "tenant_create" => self.store.create_tenant(text("name"), tenant_options(options)?).map(nothing),
            "tenant_drop" => self.store.drop_tenant(text("name")).map(nothing),
            "schema_put" => {
                let documents = parse_schema_document(request["documents"].to_string().as_bytes())?;
                self.tenant(request)?.put_schemas(documents).map(nothing)
            }
            "create" => {
                let tenant = self.tenant(request)?;
                let made = tenant.create(kind, ResourceInput::from_json(body)?, &self.write_options(options))?;
                Ok(json!({"json": made.json}))
            }
            "get" => Ok(json!({"json": self.tenant(request)?.get(kind, id, &read_options(options))?.json})),
            "replace" => {
                let (tenant, input) = (self.tenant(request)?, ResourceInput::from_json(body)?);
                let written = tenant.replace(kind, id, input, &self.write_options(options))?;
                Ok(json!({"json": written.representation.json}))
            }
            "patch" => {
                let (tenant, patch) = (self.tenant(request)?, parse_patch(body)?);
                let written = tenant.modify(kind, id, &patch, &self.write_options(options))?;
                Ok(json!({"json": written.representation.json}))
            }
            "delete" => self.tenant(request)?.delete(kind, id, &self.write_options(options)).map(nothing),
            "search" => {
                let search = SearchRequest::from_json(text("request").as_bytes())?;
                Ok(json!({"json": self.tenant(request)?.search(request["type"].as_str(), &search)?.to_json()}))
            }
            "iterate" => {
                let search = SearchRequest::from_json(text("request").as_bytes())?;
                let mut found = Vec::new();
                self.tenant(request)?.search_all(request["type"].as_str(), &search, &mut |resource| {
                    found.push(resource.json);
                    true
                })?;
                // An iterator of a binding keeps to startIndex and count; the stream of gRPC has neither.
                if self.kind == "binding" {
                    let whole = |number: i64| usize::try_from(number).unwrap_or_default();
                    let skip = search.start_index.map_or(0, |first| whole(first.saturating_sub(1)));
                    let take = search.count.map_or(usize::MAX, whole);
                    found = found.into_iter().skip(skip).take(take).collect();
                }
                Ok(json!({"json": found}))
            }
            "explain" => {
                let search = SearchRequest::from_json(text("request").as_bytes())?;
                Ok(json!({"json": self.tenant(request)?.explain(request["type"].as_str(), &search)?.to_json()}))
            }
            "bulk" => {
                let bulk = BulkRequest::from_json(text("request").as_bytes())?;
                let write = self.write_options(options);
                Ok(json!({"json": self.tenant(request)?.bulk(bulk, &write)?.to_json(&write.base)}))
            }
            "import" => self.import(request),
            "changes" => self.changes(request),
            "handle" => Ok(self.handle(request)?),
            "token_create" => {
                let token = self.tenant(request)?.create_token(text("name"), token_options(options))?;
                Ok(json!({"json": json!({"name": token.name, "secret": token.secret}).to_string()}))
            }
            "authenticate" => {
                let found = self.store.authenticate(text("secret"))?;
                let scope = ["read", "write", "admin"][found.scope as usize];
                let found =
                    json!({"tenant": found.tenant, "name": found.name, "scope": scope, "subject": found.subject});
                Ok(json!({"json": found.to_string()}))
            }
            "stats" => {
                let tenants: Vec<Value> =
                    self.store.stats()?.tenants.iter().map(|tenant| json!({"name": tenant.name})).collect();
                Ok(json!({"json": json!({"tenants": tenants}).to_string()}))
            }
            other => Err(Error::new(ErrorKind::NotImplemented, format!("the protocol has no {other}"))),
        }
    }

    fn write_options(&self, options: &Value) -> WriteOptions {
        WriteOptions {
            attributes: names(&options["attributes"]),
            excluded_attributes: names(&options["excludedAttributes"]),
            if_match: versions(&options["ifMatch"]),
            if_none_match: versions(&options["ifNoneMatch"]),
            actor: owned(&options["actor"]).or_else(|| self.actor.clone()),
            base: owned(&options["base"]).unwrap_or_default(),
            id: owned(&options["id"]),
            ..WriteOptions::default()
        }
    }

    fn import(&self, request: &Value) -> Result<Value> {
        let options = &request["options"];
        let mut importer = self.tenant(request)?.import(ImportOptions {
            resource_type: owned(&options["resourceType"]),
            on_conflict: match options["onConflict"].as_str() {
                Some("skip") => OnConflict::Skip,
                Some("replace") => OnConflict::Replace,
                _ => OnConflict::Fail,
            },
            restore: options["restore"] == true,
            actor: owned(&options["actor"]).or_else(|| self.actor.clone()),
        })?;
        let mut lines = Lines::default();
        let mut whole: Vec<Line> = Vec::new();
        for chunk in names(&request["chunks"]) {
            whole.extend(lines.feed(chunk.as_bytes()));
        }
        whole.extend(lines.finish());
        for line in whole {
            importer.push(line.number, line.bytes?)?;
        }
        let (report, rejects) = importer.finish()?;
        let rejects: Vec<Value> = rejects
            .iter()
            .map(|reject| {
                let error = self.error_of_row(&reject.error);
                json!({"row": reject.row, "error": error, "input": String::from_utf8_lossy(&reject.input)})
            })
            .collect();
        let report = json!({
            "read": report.read, "created": report.created, "replaced": report.replaced, "skipped": report.skipped,
            "rejected": report.rejected, "rejects": rejects,
        });
        Ok(json!({"json": report.to_string()}))
    }

    /// A row's error: the Error message of RFC 7644 section 3.12, or what a driver of gRPC makes of a Problem.
    fn error_of_row(&self, error: &Error) -> Value {
        match self.kind {
            "grpc" => json!({"scimType": error.scim_type(), "detail": error.detail(), "status": error.status()}),
            _ => serde_json::from_str(&error_json(error)).unwrap(),
        }
    }

    fn changes(&self, request: &Value) -> Result<Value> {
        let number = |name: &str| request[name].as_u64().unwrap_or_default();
        let wait = Duration::from_millis(number("wait_ms"));
        let since = number("since");
        let found = self.tenant(request)?.changes(since, number("max") as usize, wait)?;
        let last = found.last().map_or(since, |change| change.sequence);
        let changes: Vec<Value> = found.into_iter().map(change).collect();
        Ok(json!({"json": json!({"changes": changes, "last": last}).to_string()}))
    }

    fn handle(&self, request: &Value) -> Result<Value> {
        let pairs: Vec<(String, String)> = serde_json::from_value(request["headers"].clone()).unwrap_or_default();
        let headers: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = match request["body_base64"].as_str() {
            Some(text) => base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap(),
            None => request["body"].as_str().unwrap_or_default().as_bytes().to_owned(),
        };
        let given = &request["context"];
        let defaults = Context::default();
        let context = Context {
            base: owned(&given["base"]).unwrap_or_default(),
            actor: owned(&given["actor"]),
            subject: owned(&given["subject"]),
            max_body_bytes: given["maxBodyBytes"].as_u64().map_or(defaults.max_body_bytes, |bytes| bytes as usize),
            authentication_schemes: schemes(&given["authenticationSchemes"]),
            documentation_uri: owned(&given["documentationUri"]),
        };
        let [method, target] = ["method", "target"].map(|name| request[name].as_str().unwrap_or_default());
        let sent = Request { method, target, headers: &headers, body: &body };
        let admitted = if given["authenticate"] == true { self.admit(request, &sent) } else { Ok(()) };
        // Whatever is wrong with a request is answered.
        let mut answer = match admitted.and_then(|()| self.tenant(request)) {
            Ok(tenant) => {
                let tenant = tenant.limited_to(&names(&given["permissions"]).into());
                try_handle(&tenant, &sent, &context).unwrap_or_else(|error| {
                    let mut answer = answer_error(&error);
                    answer.headers.extend(challenge(&error, true).map(|told| ("www-authenticate", told.to_owned())));
                    answer
                })
            }
            Err(error) => answer_error(&error),
        };
        if method == "HEAD" {
            answer.body.clear();
        }
        let headers: Map<String, Value> =
            answer.headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        Ok(json!({"status": answer.status, "headers": headers, "body": answer.body}))
    }
}

impl Core {
    /// Lets the bearer of a token in, as a host may do it by the engine.
    fn admit(&self, request: &Value, sent: &Request<'_>) -> Result<()> {
        let header = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let secret = header.and_then(|(_, value)| value.strip_prefix("Bearer ")).unwrap_or_default();
        let bearer = self.store.authenticate(secret)?;
        let is_allowed = request["tenant"] == bearer.tenant && bearer.scope >= required_scope(sent.method, sent.target);
        if is_allowed { Ok(()) } else { Err(Error::new(ErrorKind::Forbidden, "the token does not allow it")) }
    }
}

impl Peer for Core {
    fn ask(&mut self, request: &Value) -> std::result::Result<Value, String> {
        Ok(match self.answer(request) {
            Ok(answer) => json!({"ok": answer}),
            Err(error) => json!({"error": error_of(&error)}),
        })
    }
}

/// An error as a language's own exception tells it.
fn error_of(error: &Error) -> Value {
    let row = error.row();
    json!({
        "code": row.code, "name": row.name, "status": row.status, "scimType": row.scim_type, "detail": error.detail(),
        "attribute": error.attribute(), "offset": error.offset(), "retriable": row.retriable,
    })
}

fn change(change: Change) -> Value {
    json!({
        "sequence": change.sequence, "time": change.time.to_string(), "actor": change.actor,
        "correlationId": change.correlation_id, "operation": change.operation.keyword(),
        "resourceType": change.resource_type, "id": change.id, "attributes": change.attributes,
    })
}

fn nothing<T>(_: T) -> Value {
    json!({})
}

fn owned(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(owned).collect()
}

fn versions(value: &Value) -> Option<VersionMatch> {
    value.as_str().map(VersionMatch::parse)
}

fn store_options(options: &Value) -> StoreOptions {
    let mut made = StoreOptions::default();
    let number = |name: &str| options[name].as_u64();
    made.default_page = number("defaultPage").unwrap_or(made.default_page);
    made.max_page = number("maxPage").unwrap_or(made.max_page);
    made.max_bulk_operations = number("maxBulkOperations").map_or(made.max_bulk_operations, |most| most as usize);
    made.keep_changes = number("keepChanges").or(made.keep_changes);
    let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let decoded = |key: &Value| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text(key, "key"));
    let value_key = |key: &Value| ValueKey { id: text(key, "id"), key: decoded(key).unwrap().try_into().unwrap() };
    let keys: Vec<ValueKey> = options["valueKeys"].as_array().into_iter().flatten().map(value_key).collect();
    made.value_keys = (!keys.is_empty()).then_some(ValueKeySource::Keys(keys));
    made
}

fn tenant_options(options: &Value) -> Result<TenantOptions> {
    Ok(match &options["profile"] {
        Value::Null => TenantOptions::default(),
        Value::String(name) => TenantOptions::of_profile(name.parse()?),
        document => TenantOptions::of_profile(document.to_string().parse()?),
    })
}

fn token_options(options: &Value) -> TokenOptions {
    TokenOptions {
        scope: match options["scope"].as_str() {
            Some("read") => Scope::Read,
            Some("admin") => Scope::Admin,
            _ => Scope::Write,
        },
        lifetime: options["lifetimeSeconds"].as_u64().map(Duration::from_secs),
        subject: owned(&options["subject"]),
        permissions: names(&options["permissions"]),
    }
}

fn read_options(options: &Value) -> ReadOptions {
    ReadOptions {
        attributes: names(&options["attributes"]),
        excluded_attributes: names(&options["excludedAttributes"]),
        if_none_match: versions(&options["ifNoneMatch"]),
        base: owned(&options["base"]).unwrap_or_default(),
        ..ReadOptions::default()
    }
}

/// The authentication schemes of RFC 7643 section 5.
fn schemes(value: &Value) -> Vec<AuthenticationScheme> {
    let scheme = |scheme: &Value| AuthenticationScheme {
        kind: owned(&scheme["type"]).unwrap_or_default(),
        name: owned(&scheme["name"]).unwrap_or_default(),
        description: owned(&scheme["description"]).unwrap_or_default(),
        spec_uri: owned(&scheme["specUri"]),
    };
    value.as_array().into_iter().flatten().map(scheme).collect()
}
