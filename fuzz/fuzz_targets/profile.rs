//! No document panics that somebody calls a profile. One that is read is written as a document that is read as the same
//! profile; a tenant can be given it, or is refused it for a reason that whoever wrote it can mend; and then the tenant
//! answers, and has nothing that its own profile would refuse.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scimdb::engine::{TenantOptions, ValueKey, ValueKeySource};
use scimdb::message::SearchRequest;
use scimdb::profile::Profile;
use scimdb::{Error, Store, StoreOptions};

/// What `Store::try_profile` opens for every profile; to open it takes most of the time of an input.
static STORE: LazyLock<Store> = LazyLock::new(|| {
    let mut options = StoreOptions::default();
    options.value_keys = Some(ValueKeySource::Keys(vec![ValueKey { id: "fuzz".to_owned(), key: [7; 32] }]));
    Store::open_in_memory(options).expect("a store in memory")
});

fuzz_target!(|json: &[u8]| {
    let profile = match Profile::from_json(json) {
        Ok(profile) => profile,
        Err(error) => return mendable(&error),
    };
    for text in [profile.document(), profile.text()] {
        let again: Profile = text.parse().unwrap_or_else(|error| panic!("{error:?}: {text}"));
        assert_eq!(again, profile, "{text}");
    }
    let tenant = match STORE.create_tenant("fuzzed", TenantOptions::of_profile(profile)) {
        Ok(tenant) => tenant,
        Err(error) => return mendable(&error),
    };
    let report = tenant.check_profile(None).expect("a tenant can be compared with its profile");
    assert_eq!(report.findings, Vec::new());
    for model in tenant.registry().expect("its schemas").types() {
        if let Err(error) = tenant.search(Some(model.name()), &SearchRequest::default()) {
            mendable(&error);
        }
    }
    STORE.drop_tenant("fuzzed").expect("a tenant that is there");
});

/// Whoever is told must be able to do something about it.
fn mendable(error: &Error) {
    assert!((400..500).contains(&error.status()), "{error:?}");
    assert!(!error.detail().is_empty());
}
