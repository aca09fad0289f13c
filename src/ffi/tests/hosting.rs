//! A host that is a server.

use std::ptr::{null, null_mut};

use super::super::code::{SCIMDB_MISUSE, SCIMDB_OK, scimdb_code};
use super::super::serve::{scimdb_serve_stop, scimdb_serve_url, scimdb_server};
use super::super::tokens::scimdb_token_create;
use super::serving::{close, create, open, serve, text, told};
use crate::Store;

fn stop(server: *mut scimdb_server, drain_ms: u32) -> scimdb_code {
    // SAFETY: as above.
    unsafe { scimdb_serve_stop(server, drain_ms, null_mut()) }
}

#[test]
fn a_host_is_a_server_until_it_stops_or_closes_its_store() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path(), r#"{"holder": "a test"}"#).unwrap();
    create(db, "ann", r#"{"id": "a"}"#).unwrap();
    let server = serve(db, "{}").unwrap();
    // SAFETY: as above.
    let url = told(|out, error| unsafe { scimdb_serve_url(server, out, error) }).unwrap();
    let holder = || Store::holder(directory.path()).unwrap();
    assert!(holder().contains(&format!("(a test, serves it at {url})")), "{}", holder());

    let (name, name_n) = text!("idp");
    // SAFETY: as above.
    let token = told(|out, error| unsafe { scimdb_token_create(db, null(), 0, name, name_n, null(), 0, out, error) });
    let token = token.unwrap().split('"').filter(|part| part.len() == 43).collect::<String>();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let user = format!("{url}/scim/v2/Users/a");
    let status = |token: &str| {
        let answer = agent.get(&user).header("authorization", format!("Bearer {token}")).call();
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
    };
    assert_eq!((status(&token), status("wrong")), (Ok(200), Ok(401)));

    let refused = serve(db, r#"{"listen": "127.0.0.1:0"}"#).unwrap_err();
    assert!(refused.1.contains("listen is unknown"), "{refused:?}");
    let open_to_all = serve(db, r#"{"requireTokens": false, "address": "127.0.0.1:0"}"#).unwrap();
    assert!(holder().matches("serves it at").count() == 2, "{}", holder());
    assert_eq!(stop(open_to_all, 0), SCIMDB_OK);
    assert_eq!(stop(open_to_all, 0), SCIMDB_MISUSE);
    assert_eq!(stop(server, 1_000), SCIMDB_OK);
    assert!(holder().ends_with("(a test)"), "{}", holder());
    assert!(status(&token).is_err(), "nobody listens any more");

    let server = serve(db, &format!(r#"{{"address": "{}", "drainSeconds": 1}}"#, url.replace("http://", ""))).unwrap();
    assert_eq!(status(&token), Ok(200));
    close(db);
    assert!(status(&token).is_err(), "who closes the store stops its servers");
    assert_eq!(stop(server, 1_000), SCIMDB_OK, "it is freed");
    assert_eq!(stop(null_mut(), 0), SCIMDB_OK);
}
