//! A filter never panics, prints back to a filter that says the same, and means the same on a decoded resource and on
//! its stored bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::filter::{MAX_FILTER_BYTES, bind, eval, parse_with};
use scimdb::model::BindOptions;
use scimdb::model::stored;
use scimdb_fuzz::{GROUP, LENIENT, STRICT, USER, model, without_offsets};

fuzz_target!(|text: &str| {
    for options in [STRICT, LENIENT] {
        check(text, options);
    }
});

fn check(text: &str, options: BindOptions) {
    let Ok(filter) = parse_with(text, options) else { return };
    let printed = filter.to_string();
    // Printing may lengthen a filter that was at the limit.
    if printed.len() <= MAX_FILTER_BYTES {
        let again = parse_with(&printed, options).expect("a printed filter parses");
        assert_eq!(without_offsets(again), without_offsets(filter.clone()), "printed: {printed}");
    }
    for (name, resource) in [("User", &*USER), ("Group", &*GROUP)] {
        let model = model(name);
        let Ok(bound) = bind(&filter, model, options) else { continue };
        let bytes = stored::encode(resource);
        let view = stored::view(&bytes, model).expect("what was encoded can be viewed");
        assert_eq!(eval(&bound, &view), eval(&bound, &resource.view(model)), "decoded and stored disagree");
    }
}
