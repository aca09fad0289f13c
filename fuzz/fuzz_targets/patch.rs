//! No PATCH panics, in any dialect, on a user or a group; what one makes can be stored and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::message::parse_patch;
use scimdb::model::stored;
use scimdb::patch::{Dialect, apply};
use scimdb_fuzz::{GROUP, USER, model, resource};

const HEAD: &[u8] = br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":["#;

fuzz_target!(|json: &[u8]| {
    // Bytes are a whole message, or else its operations.
    let Ok(request) = parse_patch(json).or_else(|_| parse_patch(&[HEAD, json, b"]}"].concat())) else { return };
    for dialect in ["strict", "entra", "okta"] {
        let dialect = Dialect::from_name(dialect).expect("a known dialect");
        for (name, target) in [("User", &*USER), ("Group", &*GROUP)] {
            let model = model(name);
            let Ok(patched) = apply(model, &target.id, &target.attributes, &request, dialect) else { continue };
            let after = resource(patched.attributes);
            let decoded = stored::decode(&stored::encode(&after), model).expect("what was encoded can be decoded");
            assert_eq!(decoded, after);
        }
    }
});
