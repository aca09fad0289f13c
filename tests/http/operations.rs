//! What operators ask: health, readiness, metrics.

use std::time::Duration;

use scimdb::engine::{Scope, TenantOptions};
use scimdb::grpc::proto::ListRequest;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;

use crate::harness::{bearer, served, user};

#[test]
fn who_asks_whether_it_lives_needs_no_token() {
    let served = served(|options| options.require_tokens = true);
    for (path, word) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = served.get(path, &[]);
        assert_eq!((answer.status, answer.body.as_slice()), (200, word.as_bytes()), "{path}");
        assert_eq!(served.send("HEAD", path, &[], "").status, 200);
        let refused = served.send("POST", path, &[], "{}");
        refused.is_error(405);
        assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
        let asked = served.send("OPTIONS", path, &[], "");
        assert_eq!((asked.status, asked.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    }
}

#[test]
fn a_store_that_is_closed_is_not_ready() {
    let served = served(|_| {});
    served.store.close().unwrap();
    assert_eq!(served.get("/readyz", &[]).status, 503);
    assert_eq!(served.get("/healthz", &[]).status, 200);
    let answer = served.get("/scim/v2/Users", &[]);
    answer.is_error(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn a_server_that_stops_says_so_first() {
    let mut served = served(|options| options.stop_delay = Duration::from_secs(5));
    assert_eq!(served.get("/readyz", &[]).status, 200);
    served.stop();
    // It still lets everybody in.
    let not_ready = (0..1_000).map(|_| served.get("/readyz", &[])).find(|answer| answer.status == 503);
    assert_eq!(not_ready.expect("it says that it stops").body, b"not ready\n");
    served.is_well();
    served.ended();
}

#[test]
fn metrics_are_for_this_machine_and_for_operators() {
    let served = served(|options| options.require_tokens = true);
    let [write, admin] =
        [("w", Scope::Write), ("a", Scope::Admin)].map(|(name, scope)| bearer(&served.token("default", name, scope)));
    assert_eq!(served.get("/metrics", &[]).status, 200);
    // What a proxy passes on is not from here.
    for header in ["x-forwarded-for: 192.0.2.1", "forwarded: for=192.0.2.1", "via: 1.1 proxy"] {
        served.get("/metrics", &[header]).is_error(401);
        assert_eq!(served.get("/metrics", &[header, &admin]).status, 200);
    }
    served.get("/metrics", &[&write]).is_error(403);
}

#[test]
fn both_faces_are_counted() {
    let served = served(|_| {});
    served.store.create_tenant("acme-secret", TenantOptions::default()).unwrap();
    served.send("POST", "/scim/acme-secret/v2/Users", &[], &user("canary-name"));
    served.get("/scim/v2/Users/canary-id", &[]).is_error(404);
    served.get("/scim/v2/Users?filter=canary", &[]).is_error(400);
    served.runtime.block_on(async {
        let mut client = ResourceServiceClient::connect(format!("http://{}", served.address)).await.unwrap();
        let message = ListRequest { resource_type: "User".into(), ..ListRequest::default() };
        client.list(message).await.unwrap();
    });
    let answer = served.get("/metrics", &[]);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "scimdb_requests_total{face=\"http\",method=\"POST\",status=\"201\"} 1",
        "scimdb_requests_total{face=\"http\",method=\"GET\",status=\"404\"} 1",
        "scimdb_requests_total{face=\"http\",method=\"GET\",status=\"400\"} 1",
        "scimdb_requests_total{face=\"grpc\",method=\"ResourceService/List\",status=\"OK\"} 1",
        "scimdb_request_seconds_count{face=\"http\",method=\"POST\"} 1",
        "scimdb_requests_in_flight{face=\"http\"} 0",
        "scimdb_resources{resource_type=\"User\"} 1",
        "scimdb_tenants 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for secret in ["canary", "acme-secret"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn tenants_are_named_when_asked() {
    let served = served(|options| options.metrics_by_tenant = true);
    served.send("POST", "/scim/v2/Users", &[], &user("ann"));
    let text = String::from_utf8(served.get("/metrics", &[]).body).unwrap();
    assert!(text.contains("scimdb_resources{resource_type=\"User\",tenant=\"default\"} 1"), "{text}");
}
