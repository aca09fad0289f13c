//! Two tenants with the same data: nothing of the one ever comes to the other, whatever is asked.
//!
//! There are two worlds, each a server on a socket. In both, the left tenant has the same data. In the one, the right
//! tenant has the same data too: the same ids, userNames and externalIds, and a canary in every other value. In the other
//! world the right tenant has other data altogether, written by as many writes. The left tenant sends the same random
//! requests to both worlds. If the answers are the same, byte for byte, they tell nothing of the right tenant: no
//! value, no total, no error, no version; whether a name, an id, a tenant is there.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/http.rs"]
mod http;
#[path = "isolation/requests.rs"]
mod requests;
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Answer, Client, Served};
use requests::{Ask, From, OWN, SEARCHES, SHARED_GROUPS, SHARED_USERS, ask};
use scimdb::engine::{Env, Scope, TenantOptions, TokenOptions, WriteOptions};
use scimdb::model::Instant;
use scimdb::{Store, StoreOptions};
use serde_json::{Value, json};
use support::engine::{ENTERPRISE, GROUP, USER, assert_sound, input};
use support::random::Dice;

/// Requests that are sent by default; SCIMDB_ISOLATION_REQUESTS says how many are.
const REQUESTS: usize = 5_000;
/// After so many of them, the right tenant writes something.
const RIGHT_WRITES: usize = 40;

/// A server, and who calls it.
struct World {
    served: Served,
    left: Client,
    left_as_user: Client,
    right: Client,
    /// What the right one's values are made of.
    canary: &'static str,
    /// Whether the right one has the ids and names that the left one has.
    is_alike: bool,
    /// The last cursor that each was told, for each of the searches.
    left_cursors: Vec<String>,
    right_cursors: Vec<String>,
    /// Where that stands which the right one made last.
    right_made: Option<String>,
    /// What the right one has, as it last saw it.
    right_had: String,
}

/// The same ids in both worlds, and one time for everything.
fn env() -> Env {
    let ids = AtomicU64::new(1);
    let new_id = move || format!("new-{}", ids.fetch_add(1, Ordering::SeqCst));
    Env::new(|| Instant::from_unix(1_700_000_000, 0).unwrap(), new_id)
}

impl World {
    fn new(canary: &'static str, is_alike: bool) -> World {
        let mut options = StoreOptions::default();
        options.env = env();
        // A search is answered by an index from so few resources on.
        options.index.from = 16;
        let store = Store::open_in_memory(options).unwrap();
        let served = Served::of(store, |options| options.require_tokens = true);
        let token = |tenant: &str, name: &str, subject: Option<&str>| {
            let subject = subject.map(str::to_owned);
            let options = TokenOptions { subject, ..TokenOptions::of_scope(Scope::Write) };
            served.store.tenant(tenant).unwrap().create_token(name, options).unwrap().secret
        };
        for tenant in ["left", "right"] {
            served.store.create_tenant(tenant, TenantOptions::default()).unwrap();
        }
        furnish(&served.store, "left", "left-canary", true);
        furnish(&served.store, "right", canary, is_alike);
        let client = |token: &str| Client::new(format!("http://{}", served.address)).with_token(token);
        let left = client(&token("left", "token", None));
        let left_as_user = client(&token("left", "user", Some("u1")));
        let right = client(&token("right", "token", None));
        let begun = |client: &Client, tenant: &str, search: &str| {
            let page = client.get(&format!("/scim/{tenant}/v2{search}&cursor=")).json();
            page["nextCursor"].as_str().unwrap().to_owned()
        };
        let left_cursors = SEARCHES.iter().map(|search| begun(&left, "left", search)).collect();
        let right_cursors = SEARCHES.iter().map(|search| begun(&right, "right", search)).collect();
        let mut world = World {
            served,
            left,
            left_as_user,
            right,
            canary,
            is_alike,
            left_cursors,
            right_cursors,
            right_made: None,
            right_had: String::new(),
        };
        world.right_had = world.right_has();
        world
    }

    /// Everything that the right one has.
    fn right_has(&self) -> String {
        self.right.get("/scim/right/v2/?count=1000").body
    }

    /// What the right one writes: in both worlds the same kinds of things, with other names.
    fn right_writes(&mut self, round: usize) {
        assert_eq!(self.right_has(), self.right_had, "nobody else wrote to the right one");
        let names = if self.is_alike { "free" } else { "unheard-of" };
        let made = self.right.json(
            "POST",
            "/scim/right/v2/Users",
            &json!({"schemas": [USER], "userName": format!("{names}-{round}"), "title": self.canary}),
        );
        assert_eq!(made.status, 201, "{made:?}");
        let group = if self.is_alike { "g1" } else { "other-g1" };
        let add = json!([{"op": "add", "path": "members", "value": [{"value": made.json()["id"]}]}]);
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": add});
        let patched = self.right.json("PATCH", &format!("/scim/right/v2/Groups/{group}"), &patch);
        assert_eq!(patched.status, 204, "{patched:?}");
        let location = made.header("location").unwrap().to_owned();
        let location = location.split_once("/scim/").unwrap().1;
        if let Some(last) = self.right_made.replace(format!("/scim/{location}")) {
            assert_eq!(self.right.send("DELETE", &last, &[], "").status, 204);
        }
        self.right_had = self.right_has();
    }

    /// Sends a request as whom it is from, with this world's cursors.
    fn send(&mut self, ask: &Ask) -> Answer {
        let (client, base) = match ask.from {
            From::Left => (&self.left, "/scim/left/v2"),
            From::LeftAsUser => (&self.left_as_user, "/scim/left/v2"),
            From::LeftToRight => (&self.left, "/scim/right/v2"),
            From::LeftToNobody => (&self.left, "/scim/nobody/v2"),
            From::RightToLeft => (&self.right, "/scim/left/v2"),
        };
        let (left, right) = (&self.left_cursors[ask.search], &self.right_cursors[ask.search]);
        let own = |text: &str| text.replace("{left}", left).replace("{right}", right);
        let headers: Vec<(&str, &str)> = ask.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut answer = client.send(ask.method, &format!("{base}{}", own(&ask.target)), &headers, &own(&ask.body));
        // Addresses and cursors are each world's own.
        let address = format!("http://{}", self.served.address);
        answer.body = answer.body.replace(&address, "");
        for (_, value) in &mut answer.headers {
            *value = value.replace(&address, "");
        }
        answer.headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "content-length"));
        for name in ["previousCursor", "nextCursor"] {
            if let Some(cursor) = told(&answer.body, name) {
                answer.body = answer.body.replace(&cursor, "?");
                if ask.target.starts_with(SEARCHES[ask.search]) {
                    self.left_cursors[ask.search] = cursor;
                }
            }
        }
        answer
    }
}

/// The value of a name in a body, unless an error speaks of it.
fn told(body: &str, name: &str) -> Option<String> {
    let rest = body.split_once(&format!("\"{name}\":\""))?.1;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// A tenant's data. What is alike has the ids and names that the left one has, and differs in the canary alone.
fn furnish(store: &Store, tenant: &str, canary: &str, is_alike: bool) {
    let other = if is_alike { "" } else { "other-" };
    let tenant_of = store.tenant(tenant).unwrap();
    let create = |kind: &str, id: String, body: Value| {
        let options = WriteOptions { id: Some(id), ..WriteOptions::default() };
        tenant_of.create(kind, input(body), &options).unwrap();
    };
    let user = |user_name: String, number: usize| {
        json!({"schemas": [USER, ENTERPRISE], "userName": user_name, "externalId": format!("{other}x{number}"),
            "title": canary, "emails": [{"type": "work", "value": format!("{canary}@example.com")}],
            ENTERPRISE: {"manager": {"value": format!("{other}u{}", number / 2)}}})
    };
    for number in 0..SHARED_USERS {
        create("User", format!("{other}u{number}"), user(format!("{other}user-{number}"), number));
    }
    for number in 0..SHARED_GROUPS {
        let members: Vec<Value> = (0..4).map(|n| json!({"value": format!("{other}u{}", number * 4 + n)})).collect();
        let group = json!({"schemas": [GROUP], "displayName": format!("{canary}-{number}"), "members": members});
        create("Group", format!("{other}g{number}"), group);
    }
    for number in 0..OWN {
        let name = if tenant == "left" { "own" } else { "secret" };
        create(
            "User",
            format!("{other}{tenant}-{number}"),
            user(format!("{other}{name}-{number}"), SHARED_USERS + number),
        );
    }
}

#[test]
fn nothing_crosses() {
    let requests = std::env::var("SCIMDB_ISOLATION_REQUESTS").map_or(REQUESTS, |text| text.parse().unwrap());
    let seed = std::env::var("SCIMDB_ISOLATION_SEED").map_or(1, |text| text.parse().unwrap());
    let mut worlds = [World::new("canary-right", true), World::new("canary-elsewhere", false)];
    let mut dice = Dice(seed);
    let mut statuses: BTreeMap<(bool, u16), usize> = BTreeMap::new();
    for number in 0..requests {
        if number % RIGHT_WRITES == 0 {
            // Names that the left one has not tried yet, and will.
            worlds.iter_mut().for_each(|world| world.right_writes(number / RIGHT_WRITES));
        }
        let ask = ask(&mut dice);
        let [alike, other] = worlds.each_mut().map(|world| world.send(&ask));
        let shown = || format!("seed {seed}, request {number}: {ask:?}\n{alike:?}\n{other:?}");
        assert_eq!((alike.status, &alike.body), (other.status, &other.body), "{}", shown());
        assert_eq!(alike.headers, other.headers, "{}", shown());
        for text in [&alike.body, &format!("{:?}", alike.headers)] {
            assert!(!text.contains("canary-right") && !text.contains("canary-elsewhere"), "{}", shown());
        }
        let is_own = matches!(ask.from, From::Left | From::LeftAsUser);
        assert!(is_own || alike.status == 403 || alike.status == 404, "{}", shown());
        assert!(alike.status < 500 || (alike.status == 501 && ask.target.starts_with("/Me")), "{}", shown());
        if ask.target.contains("{right}") || ask.body.contains("{right}") {
            assert!(alike.status >= 400, "a cursor of the other's is let through: {}", shown());
        }
        *statuses.entry((is_own, alike.status)).or_default() += 1;
        if let Some(found) = alike.status.eq(&200).then(|| told(&alike.body, "id")).flatten() {
            assert!(!found.starts_with("right-"), "{}", shown());
        }
    }
    for world in &mut worlds {
        world.right_writes(requests);
        assert_sound(&world.served.store);
    }
    println!("{requests} requests: {statuses:?}");
    // The left one has found, written and been refused much: it was not all for nothing.
    for (status, least) in [(200, requests / 4), (201, requests / 100), (400, requests / 50), (404, requests / 50)] {
        assert!(statuses.get(&(true, status)).is_some_and(|count| *count >= least), "{statuses:?}");
    }
}

/// Whether a tenant is there, is not told to who may not reach it.
#[test]
fn refusals_tell_nothing_of_tenants() {
    let world = World::new("canary-right", true);
    let refused = |client: &Client, tenant: &str, method: &str, target: &str| {
        let answer = client.send(method, &format!("/scim/{tenant}/v2{target}"), &[], "");
        (answer.status, answer.body)
    };
    let nobody = Client::new(format!("http://{}", world.served.address));
    let unknown = Client::new(format!("http://{}", world.served.address)).with_token("unknown");
    for (client, expected) in [(&world.left, 403), (&nobody, 401), (&unknown, 401)] {
        for (method, target) in
            [("GET", "/Users"), ("GET", "/Users/u1"), ("DELETE", "/Users/u1"), ("POST", "/Bulk"), ("GET", "/Me")]
        {
            let there = refused(client, "right", method, target);
            assert_eq!(there.0, expected, "{method} {target}");
            assert_eq!(there, refused(client, "nobody", method, target), "{method} {target}");
        }
    }
}

/// However a path is written: it is of one tenant, and the token of another does not open it.
#[test]
fn no_path_leads_around() {
    let world = World::new("canary-right", true);
    for path in [
        "/scim/%72ight/v2/Users/u1",
        "/scim/RIGHT/v2/Users/u1",
        "/scim/right%00/v2/Users/u1",
        "/scim/left%2F..%2Fright/v2/Users/u1",
        "/scim/left/../right/v2/Users/u1",
        "/scim/left/v2/../../right/v2/Users/u1",
        "/scim/left/v2/%2e%2e/%2e%2e/right/v2/Users/u1",
        "/scim/left/v2/Users/..%2F..%2F..%2Fright%2Fv2%2FUsers%2Fu1",
        "/scim/left/v2//scim/right/v2/Users/u1",
        "/scim/left/v2/right/v2/Users/u1",
        "//scim/right/v2/Users/u1",
        "/scim//right/v2/Users/u1",
        "/scim/right;left/v2/Users/u1",
        "/scim/v2/Users/u1",
    ] {
        for (name, value) in [("accept", "*/*"), ("x-original-url", "/scim/right/v2/Users/u1"), ("x-tenant", "right")] {
            let answer = world.left.send("GET", path, &[(name, value)], "");
            assert!(matches!(answer.status, 400 | 403 | 404), "{path}: {answer:?}");
            assert!(!answer.body.contains("canary"), "{path}: {answer:?}");
        }
    }
}
