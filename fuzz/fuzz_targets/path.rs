//! No PATCH path panics, in the parser, in the search for the attribute, or in the binding of its filter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::filter::{bind_element, parse_path_with};
use scimdb::model::PathTarget;
use scimdb_fuzz::{LENIENT, STRICT, model};

fuzz_target!(|text: &str| {
    for options in [STRICT, LENIENT] {
        let Ok(path) = parse_path_with(text, options) else { continue };
        for model in [model("User"), model("Group")] {
            let Ok(PathTarget::Attribute(target)) = model.resolve_as(&path.attr.text, options) else { continue };
            if let Some(sub) = &path.sub {
                let _ = model.resolve_sub(target.attribute, sub);
            }
            if let Some(filter) = &path.filter {
                let _ = bind_element(filter, model, target.attribute, options);
            }
        }
    }
});
