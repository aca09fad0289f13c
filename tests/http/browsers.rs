//! What a web page cannot do to a server on the machine of whoever looks at it.

use scimdb::engine::Scope;
use scimdb::grpc::proto::ListRequest;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::harness::{Answer, Served, bearer, served, user};

/// Sends a request that calls the server by a name.
fn called(served: &Served, host: &str, method: &str, path: &str, headers: &str) -> Answer {
    let mut wire = served.connect();
    wire.write(format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n"));
    wire.answer_to(method).unwrap()
}

const PATHS: [&str; 8] = [
    "/scim/v2/Users",
    "/scim/v2/ServiceProviderConfig",
    "/",
    "/explorer/stats",
    "/explorer/explain/scim/v2/Users",
    "/metrics",
    "/healthz",
    "/nowhere",
];

#[test]
fn a_name_that_anybody_may_own_is_refused_without_tokens() {
    let served = served(|options| options.development = true);
    let port = served.address.port();
    for path in PATHS {
        for host in ["evil.example".to_owned(), format!("localhost.evil.example:{port}"), "192.0.2.1".to_owned()] {
            let answer = called(&served, &host, "GET", path, "");
            answer.is_error(403);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("--public-url") && detail.contains("--require-tokens"), "{detail}");
            // No token would help.
            assert_eq!(answer.header("www-authenticate"), None);
        }
        for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), "[::1]".into(), "a.localhost".into()] {
            assert_ne!(called(&served, &host, "GET", path, "").status, 403, "{path} of {host}");
        }
    }
    // The target may name it as well.
    called(&served, "localhost", "GET", "http://evil.example/scim/v2/Users", "").is_error(403);
}

#[test]
fn what_the_operator_calls_the_server_is_its_name() {
    let public = served(|options| options.public_url = Some("https://id.example.com".into()));
    assert_eq!(called(&public, "id.example.com", "GET", "/scim/v2/Users", "").status, 200);
    called(&public, "example.com", "GET", "/scim/v2/Users", "").is_error(403);
    let with_tokens = served(|options| options.require_tokens = true);
    let token = bearer(&with_tokens.token("default", "a", Scope::Admin)) + "\r\n";
    assert_eq!(called(&with_tokens, "id.example.com", "GET", "/scim/v2/Users", &token).status, 200);
    // What this machine may read without a token is not for who only calls it so.
    called(&with_tokens, "evil.example", "GET", "/metrics", "").is_error(401);
    assert_eq!(called(&with_tokens, "evil.example", "GET", "/metrics", &token).status, 200);
}

#[test]
fn pages_of_other_servers_neither_read_nor_write() {
    let served = served(|options| options.development = true);
    let own = format!("origin: http://{}\r\n", served.address);
    let host = served.address.to_string();
    let body = user("eve");
    let others = [
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
        "origin: http://127.0.0.1:1\r\n",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
    ];
    for other in others {
        let mut wire = served.connect();
        // What browsers send without asking first: a body without a type.
        wire.write(format!(
            "POST /scim/v2/Users HTTP/1.1\r\nhost: {host}\r\n{other}content-length: {}\r\n\r\n{body}",
            body.len()
        ));
        wire.answer().unwrap().is_error(403);
        for path in PATHS {
            if path == "/" {
                // A link may lead to the page, which holds no data.
                assert_eq!(called(&served, &host, "GET", path, other).status, 200, "{other}");
                continue;
            }
            called(&served, &host, "GET", path, other).is_error(403);
            called(&served, &host, "OPTIONS", path, other).is_error(403);
        }
    }
    assert_eq!(served.get("/scim/v2/Users", &[]).json()["totalResults"], 0);
    // The server's own page goes on.
    for headers in [own.clone() + "sec-fetch-site: same-origin\r\n", "sec-fetch-site: none\r\n".to_owned()] {
        assert_eq!(called(&served, &host, "GET", "/scim/v2/Users", &headers).status, 200);
    }
    // A browser does not send a token for another page, unless the server says that it may.
    let token = bearer(&served.token("default", "r", Scope::Read));
    let answer = called(&served, &host, "GET", "/scim/v2/Users", &format!("{token}\r\n{}", others[0]));
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));
}

#[test]
fn grpc_is_called_by_the_same_names() {
    let served = served(|_| {});
    let code = |origin: &'static str| {
        let endpoint = Endpoint::from_shared(format!("http://{}", served.address)).unwrap();
        served.runtime.block_on(async {
            let channel = endpoint.origin(origin.parse().unwrap()).connect().await.unwrap();
            let message = ListRequest { resource_type: "User".into(), ..ListRequest::default() };
            ResourceServiceClient::new(channel).list(message).await.map_or_else(|status| status.code(), |_| Code::Ok)
        })
    };
    assert_eq!(code("http://localhost:1"), Code::Ok);
    assert_eq!(code("http://evil.example"), Code::PermissionDenied);
}
