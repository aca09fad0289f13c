//! What identity providers need beyond the sequences of tests/corpus/idp: many requests at once. Over HTTP, to a server on a
//! loopback port.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/http.rs"]
mod http;

use std::collections::BTreeSet;
use std::sync::Barrier;

use http::{Answer, Client, Served};
use scimdb::engine::{Scope, TenantOptions, TokenOptions};
use serde_json::{Value, json};

/// A tenant of a profile, as its identity provider uses it: with a token that may write.
fn tenant(served: &Served, name: &str, profile: &str) -> Client {
    let options = TenantOptions::of_profile(profile.parse().unwrap());
    let tenant = served.store.create_tenant(name, options).unwrap();
    let options = TokenOptions::of_scope(Scope::Write);
    let token = tenant.create_token("provider", options).unwrap();
    served.client(name).with_token(&token.secret)
}

#[test]
fn parallel_patches_of_one_group_lose_nothing() {
    const WRITERS: usize = 64;
    let served = Served::new(|_| {});
    let client = tenant(&served, "burst", "entra");
    let options = TokenOptions::of_scope(Scope::Write);
    let secret = served.store.tenant("burst").unwrap().create_token("burst", options).unwrap().secret;
    let id = |answer: Answer| answer.json()["id"].as_str().unwrap().to_owned();
    let users: Vec<String> = (0..WRITERS)
        .map(|number| id(client.json("POST", "/Users", &json!({"userName": format!("user-{number}")}))))
        .collect();
    let stays = id(client.json("POST", "/Users", &json!({"userName": "stays"})));
    let leaves = id(client.json("POST", "/Users", &json!({"userName": "leaves"})));
    let group = json!({"displayName": "g", "members": [{"value": stays}, {"value": leaves}]});
    let group = format!("/Groups/{}", id(client.json("POST", "/Groups", &group)));

    let add = |user: &String| {
        json!([
            {"op": "Add", "path": "members", "value": [{"$ref": null, "value": user}]},
            {"op": "Remove", "path": "members", "value": [{"$ref": null, "value": leaves}]}])
    };
    let tags = all_at_once(&served, &secret, &group, users.iter().map(add).collect());

    // Everybody is in it, nobody twice, and who left is not.
    let found = client.get(&group);
    let json = found.json();
    let members: Vec<&str> = json["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> = users.iter().chain([&stays]).map(String::as_str).collect();
    assert_eq!(members.len(), expected.len());
    assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), expected);
    // Each write made a version of its own, and the group has one of them.
    assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), WRITERS);
    assert!(tags.iter().any(|tag| Some(tag.as_str()) == found.header("etag")), "{:?}", found.header("etag"));
    // The other end of every membership says the same.
    let filter = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": format!("groups.value eq \"{}\"", group.trim_start_matches("/Groups/")), "count": 0});
    let answer = client.json("POST", "/Users/.search", &filter);
    assert_eq!(answer.json()["totalResults"], WRITERS + 1, "{answer:?}");

    // And out again, each by another of the two forms.
    let remove = |(number, user): (usize, &String)| match number % 2 {
        0 => json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": user}]}]),
        _ => json!([{"op": "remove", "path": format!("members[value eq \"{user}\"]")}]),
    };
    all_at_once(&served, &secret, &group, users.iter().enumerate().map(remove).collect());
    let left = client.get(&group).json();
    assert_eq!(left["members"].as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(left["members"][0]["value"], stays);
}

/// Sends many PATCHes of one group at once, each through a connection of its own. Gives the versions that they made.
fn all_at_once(served: &Served, secret: &str, group: &str, patches: Vec<Value>) -> Vec<String> {
    let barrier = Barrier::new(patches.len());
    std::thread::scope(|scope| {
        let writers: Vec<_> = patches
            .into_iter()
            .map(|operations| {
                let (client, barrier) = (served.client("burst").with_token(secret), &barrier);
                scope.spawn(move || {
                    // The connection is open before it counts.
                    assert_eq!(client.get("/ServiceProviderConfig").status, 200);
                    barrier.wait();
                    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
                    let answer = client.json("PATCH", group, &json!({"schemas": schemas, "Operations": operations}));
                    assert_eq!(answer.status, 204, "{answer:?}");
                    answer.header("etag").unwrap().to_owned()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}
