//! What a profile says of sensitive attributes and of limits, through SCIM's protocol. It must not know how a request gets
//! to the store.

use serde_json::{Value, json};

use crate::http::Answer;
use crate::steps::{Sender, Sent};

/// A tenant of a sender.
struct Client<'a, S> {
    sender: &'a mut S,
    tenant: &'a str,
}

impl<'a, S: Sender> Client<'a, S> {
    fn open(sender: &'a mut S, tenant: &'a str, profile: &str) -> Self {
        sender.open(tenant, profile, &[]).unwrap();
        Client { sender, tenant }
    }

    fn get(&mut self, target: &str) -> Answer {
        let Client { sender, tenant } = self;
        sender.deliver(&Sent {
            tenant,
            subject: None,
            permissions: &[],
            at: None,
            method: "GET",
            target,
            headers: &[],
            body: "",
        })
    }

    fn post(&mut self, target: &str, body: &Value) -> Answer {
        let (Client { sender, tenant }, body) = (self, body.to_string());
        let headers = &[("content-type", "application/scim+json")];
        sender.deliver(&Sent {
            tenant,
            subject: None,
            permissions: &[],
            at: None,
            method: "POST",
            target,
            headers,
            body: &body,
        })
    }
}

/// What a profile calls sensitive is refused in a URL, and may be posted (RFC 7644 section 7.5.2).
pub fn what_is_sensitive_may_not_stand_in_a_url(sender: &mut impl Sender) {
    const EMPLOYEE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
    let profile = json!({"name": "careful", "extends": "entra", "sensitive": ["emails", EMPLOYEE]}).to_string();
    let mut client = Client::open(sender, "careful", &profile);
    let user = json!({"userName": "ann", "emails": [{"type": "work", "value": "ann@example.com"}]});
    assert_eq!(client.post("/Users", &user).status, 201);

    let refused = [
        "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22ann@example.com%22",
        "/Users?filter=emails.value+eq+%22ann@example.com%22",
        "/Users?filter=not+(title+pr)+and+employeeNumber+eq+%227%22",
        "/Users?sortBy=emails.value",
        "/Users?sortBy=emails",
        "/?filter=displayName+pr+or+EMAILS+eq+%22ann@example.com%22",
    ];
    for target in refused {
        let answer = client.get(target);
        assert_eq!(answer.status, 403, "{target}: {answer:?}");
        let json = answer.json();
        assert_eq!(json["scimType"], "sensitive");
        let instead = if target.starts_with("/Users") { " /Users/.search" } else { " /.search" };
        assert!(json["detail"].as_str().unwrap().ends_with(instead), "{json}");
        assert!(!answer.body.contains("ann@example.com"), "{answer:?}");
    }
    for target in ["/Users?filter=userName+eq+%22ann%22", "/Users?attributes=emails", "/Groups?filter=members+pr"] {
        assert_eq!(client.get(target).status, 200, "{target}");
    }
    // By POST, it is in no URL.
    let search = json!({"filter": "emails[type eq \"work\"].value eq \"ann@example.com\"", "sortBy": "emails.value"});
    assert_eq!(client.post("/Users/.search", &search).json()["totalResults"], 1);
    // A mistake in a filter is told as always.
    assert_eq!(client.get("/Users?filter=emails+eq").status, 400);
    assert_eq!(client.get("/Nothing?filter=emails+pr").status, 404);
    // The profiles that are built in call nothing sensitive.
    for profile in ["strict", "entra", "okta"] {
        let mut client = Client::open(sender, profile, profile);
        assert_eq!(client.get(refused[0]).status, 200, "{profile}");
    }
}

/// A profile lowers the limits that are announced, and they are kept.
pub fn a_profile_lowers_the_limits(sender: &mut impl Sender) {
    let limits = json!({"defaultPage": 2, "maxPage": 3, "maxBulkOperations": 1});
    let profile = json!({"name": "small", "limits": limits}).to_string();
    let mut client = Client::open(sender, "small", &profile);
    for number in 0..5 {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("u{number}")});
        assert_eq!(client.post("/Users", &user).status, 201);
    }
    let config = client.get("/ServiceProviderConfig").json();
    assert_eq!(config["filter"]["maxResults"], 3, "{config}");
    assert_eq!(config["bulk"]["maxOperations"], 1);
    assert_eq!(
        (&config["pagination"]["defaultPageSize"], &config["pagination"]["maxPageSize"]),
        (&json!(2), &json!(3))
    );
    for (target, items) in [("/Users", 2), ("/Users?count=5", 3), ("/Users?cursor", 2), ("/Users?cursor&count=5", 3)] {
        let page = client.get(target).json();
        assert_eq!((&page["itemsPerPage"], &page["totalResults"]), (&json!(items), &json!(5)), "{target}");
    }
    let operation = json!({"method": "DELETE", "path": "/Users/1"});
    let bulk =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation, operation]});
    assert_eq!(client.post("/Bulk", &bulk).status, 413);
}
