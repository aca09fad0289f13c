//! Damaged bytes in the store are an error or are read as far as they go, never a panic; what decodes encodes back to
//! the same bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scimdb::filter::{BoundFilter, bind, eval, parse};
use scimdb::model::stored;
use scimdb_fuzz::{STRICT, model};

/// Filters that look into every kind of value.
static FILTERS: LazyLock<Vec<BoundFilter>> = LazyLock::new(|| {
    let texts = [
        r#"userName co "x" or name.givenName sw "y" or title pr"#,
        r#"emails[type eq "work" and value ew ".com"] or not (emails.primary eq true)"#,
        r#"active ne true and meta.lastModified gt "2020-01-01T00:00:00Z""#,
        r#"x509Certificates.value eq "AAAA" or id eq "1" or schemas co "enterprise""#,
    ];
    texts.iter().map(|text| bind(&parse(text).unwrap(), model("User"), STRICT).unwrap()).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let model = model("User");
    if let Ok(view) = stored::view(bytes, model) {
        for filter in FILTERS.iter() {
            eval(filter, &view);
        }
        let _ = view.attributes.to_complex();
    }
    if let Ok(resource) = stored::decode(bytes, model) {
        assert_eq!(stored::encode(&resource), bytes);
    }
});
