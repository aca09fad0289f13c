//! What a tenant may send who wants to know something of another: random requests that name the other's ids, values,
//! versions, cursors and paths wherever a request can name something.

use serde_json::{Value, json};

use crate::support::engine::{ENTERPRISE, GROUP, USER};
use crate::support::random::Dice;

/// Who sends a request, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The left one, to its own endpoint.
    Left,
    /// The left one, by a token that is bound to one of its users.
    LeftAsUser,
    /// The left one, to the endpoint of the right one.
    LeftToRight,
    /// The left one, to the endpoint of a tenant that there is not.
    LeftToNobody,
    /// The right one, to the endpoint of the left one.
    RightToLeft,
}

/// Searches by pages: both tenants make them, so that each has cursors that would fit the other's.
pub const SEARCHES: [&str; 5] = [
    "/Users?count=3",
    "/Users?count=3&sortBy=userName",
    "/Users?count=2&filter=title%20pr",
    "/Groups?count=2",
    "/?count=3&sortBy=id&sortOrder=descending",
];

/// A request. `{left}` and `{right}` in its target and body stand for cursors, which no two stores have alike.
#[derive(Clone, Debug)]
pub struct Ask {
    pub from: From,
    /// Which of the searches the cursors are of.
    pub search: usize,
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// Users and groups with the same ids in both tenants.
pub const SHARED_USERS: usize = 24;
pub const SHARED_GROUPS: usize = 6;
/// Users that one of the tenants has alone.
pub const OWN: usize = 8;

/// An id: of both tenants, of one of them, or of none.
fn id(dice: &mut Dice) -> String {
    match dice.below(9) {
        0..3 => format!("u{}", dice.below(SHARED_USERS)),
        // Of whatever was made since, by either.
        8 => made(dice),
        3 => format!("g{}", dice.below(SHARED_GROUPS)),
        4 | 5 => format!("right-{}", dice.below(OWN)),
        6 => format!("left-{}", dice.below(OWN)),
        _ => "nobody".to_owned(),
    }
}

/// The id of what was made since, by either of the two: some are gone.
fn made(dice: &mut Dice) -> String {
    format!("new-{}", 1 + dice.below(300))
}

/// A userName: taken in both tenants, in the right one alone, or free in both.
fn user_name(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("user-{}", dice.below(SHARED_USERS)),
        1 | 2 => format!("secret-{}", dice.below(OWN)),
        _ => format!("free-{}", dice.below(1_000)),
    }
}

fn endpoint(dice: &mut Dice) -> &'static str {
    if dice.one_in(3) { "/Groups" } else { "/Users" }
}

/// A filter that would find something of the right tenant's, if it could.
fn filter(dice: &mut Dice) -> String {
    let simple = |dice: &mut Dice| match dice.below(14) {
        0 => format!("id eq \"{}\"", id(dice)),
        1 => format!("userName eq \"{}\"", user_name(dice)),
        2 => "userName sw \"secret\"".to_owned(),
        3 => format!("externalId eq \"x{}\"", dice.below(SHARED_USERS)),
        4 => "title co \"canary-right\"".to_owned(),
        5 => "title pr".to_owned(),
        6 => "emails.value co \"right\"".to_owned(),
        7 => "emails[type eq \"work\" and value co \"canary\"]".to_owned(),
        8 => format!("groups.value eq \"{}\"", id(dice)),
        9 => "groups.display co \"canary-right\"".to_owned(),
        10 => format!("{ENTERPRISE}:manager.value eq \"{}\"", id(dice)),
        11 => format!("members.value eq \"{}\"", id(dice)),
        12 => "displayName ge \"a\"".to_owned(),
        _ => format!("meta.location ew \"{}\"", id(dice)),
    };
    match dice.below(4) {
        0 => format!("{} or {}", simple(dice), simple(dice)),
        1 => format!("not ({})", simple(dice)),
        _ => simple(dice),
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn query(dice: &mut Dice) -> String {
    let mut parameters = Vec::new();
    if !dice.one_in(4) {
        parameters.push(format!("filter={}", encoded(&filter(dice))));
    }
    if dice.one_in(3) {
        let by = dice.pick(&["userName", "title", "id", "meta.created", "displayName", "externalId"]);
        parameters.push(format!("sortBy={by}&sortOrder={}", dice.pick(&["ascending", "descending"])));
    }
    if dice.one_in(3) {
        parameters.push(format!("count={}", dice.below(5)));
    }
    match dice.below(6) {
        0 => parameters.push(format!("startIndex={}", dice.below(40))),
        1 => parameters.push("cursor=".to_owned()),
        2 => parameters.push(format!("cursor={}", dice.pick(&["{left}", "{right}"]))),
        _ => {}
    }
    if dice.one_in(4) {
        parameters
            .push(dice.pick(&["attributes=title,groups", "excludedAttributes=emails", "attributes=id"]).to_owned());
    }
    parameters.join("&")
}

/// A reference to a resource: its id, or a location of any endpoint.
fn reference(dice: &mut Dice) -> Value {
    let id = id(dice);
    match dice.below(4) {
        0 => json!({"$ref": format!("/Users/{id}")}),
        1 => json!({"value": id, "$ref": format!("/scim/right/v2/Users/{id}")}),
        _ => json!({"value": id}),
    }
}

fn resource(dice: &mut Dice, endpoint: &str) -> Value {
    if endpoint == "/Groups" {
        let members: Vec<Value> = (0..dice.below(3)).map(|_| reference(dice)).collect();
        return json!({"schemas": [GROUP], "displayName": "left-canary", "members": members});
    }
    let mut user = json!({"schemas": [USER, ENTERPRISE], "userName": user_name(dice), "title": "left-canary"});
    user["externalId"] = json!(format!("x{}", dice.below(SHARED_USERS)));
    user[ENTERPRISE] = json!({"manager": {"value": id(dice)}});
    if dice.one_in(3) {
        // What is derived is not to be sent; it is ignored.
        user["groups"] = json!([{"value": "g1"}]);
        user["id"] = json!("right-1");
    }
    user
}

fn patch(dice: &mut Dice, endpoint: &str) -> Value {
    let operation = if endpoint == "/Groups" {
        match dice.below(4) {
            0 => json!({"op": "remove", "path": format!("members[value eq \"{}\"]", id(dice))}),
            1 => json!({"op": "replace", "path": "members", "value": [reference(dice)]}),
            2 => json!({"op": "replace", "path": "displayName", "value": format!("left-{}", dice.below(9))}),
            _ => json!({"op": "add", "path": "members", "value": [reference(dice), reference(dice)]}),
        }
    } else {
        match dice.below(4) {
            0 => json!({"op": "replace", "path": "userName", "value": user_name(dice)}),
            1 => json!({"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": id(dice)}}),
            2 => json!({"op": "replace", "path": "title", "value": format!("left-{}", dice.below(9))}),
            _ => json!({"op": "replace", "path": "emails[value co \"right\"].value", "value": "left@example.com"}),
        }
    };
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})
}

fn bulk(dice: &mut Dice) -> Value {
    let operations = (0..1 + dice.below(3)).map(|number| {
        let endpoint = endpoint(dice);
        let base = dice.pick(&["", "", "", "/scim/right/v2"]);
        let one = format!("{base}{endpoint}/{}", id(dice));
        match dice.below(4) {
            0 => json!({"method": "POST", "path": endpoint, "bulkId": number.to_string(), "data": resource(dice, endpoint)}),
            1 => json!({"method": "PUT", "path": one, "data": resource(dice, endpoint)}),
            2 => json!({"method": "PATCH", "path": one, "data": patch(dice, endpoint)}),
            _ => json!({"method": "DELETE", "path": format!("{base}/Users/right-{}", dice.below(OWN))}),
        }
    });
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations.collect::<Vec<_>>()})
}

fn search_message(dice: &mut Dice) -> Value {
    let mut search =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter(dice)});
    if dice.one_in(3) {
        search["count"] = json!(dice.below(5));
        search["cursor"] = json!(dice.pick(&["", "{left}", "{right}"]));
    }
    search
}

/// A random request.
pub fn ask(dice: &mut Dice) -> Ask {
    let endpoint = endpoint(dice);
    let one = format!("{endpoint}/{}", id(dice));
    let search = dice.below(SEARCHES.len());
    let (method, target, body) = match dice.below(21) {
        0..4 => (dice.pick(&["GET", "GET", "HEAD"]), one, Value::Null),
        4..9 => ("GET", format!("{}?{}", dice.pick(&[endpoint, endpoint, "/"]), query(dice)), Value::Null),
        9 | 10 => ("POST", format!("{}/.search", dice.pick(&[endpoint, ""])), search_message(dice)),
        11 | 12 => ("POST", endpoint.to_owned(), resource(dice, endpoint)),
        13 => ("PUT", one, resource(dice, endpoint)),
        14..17 => ("PATCH", one, patch(dice, endpoint)),
        17 => {
            let id = if dice.one_in(4) { format!("right-{}", dice.below(OWN)) } else { made(dice) };
            ("DELETE", format!("{endpoint}/{id}"), Value::Null)
        }
        18 => ("POST", "/Bulk".to_owned(), bulk(dice)),
        19 => {
            let cursor = dice.pick(&["", "{left}", "{left}", "{right}", "{right}"]);
            ("GET", format!("{}&cursor={cursor}", SEARCHES[search]), Value::Null)
        }
        _ => match dice.below(4) {
            0 => ("GET", "/ServiceProviderConfig".to_owned(), Value::Null),
            1 => ("GET", "/Schemas".to_owned(), Value::Null),
            2 => ("GET", "/ResourceTypes".to_owned(), Value::Null),
            _ => ("PATCH", "/Me".to_owned(), patch(dice, "/Users")),
        },
    };
    let (method, target, body, from) = match dice.below(24) {
        0 => ("GET", "/Me".to_owned(), Value::Null, From::LeftAsUser),
        1 => (method, target, body, From::LeftAsUser),
        2 => (method, target, body, From::LeftToRight),
        3 => (method, target, body, From::LeftToNobody),
        4 => (method, target, body, From::RightToLeft),
        _ => (method, target, body, From::Left),
    };
    let mut headers = Vec::new();
    if dice.one_in(6) {
        // Versions are numbers of commits: any may be one of the other's.
        let version = format!("W/\"{}\"", dice.below(200));
        headers.push((dice.pick(&["if-match", "if-none-match"]), dice.pick(&[version.as_str(), "*"]).to_owned()));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        headers.push(("content-type", "application/scim+json".to_owned()));
    }
    Ask { from, search, method, target, headers, body }
}
