//! The profiles that every store has: documents like any other, read when they are first asked for.

use std::sync::LazyLock;

use super::Profile;

/// The documents, the default first.
const DOCUMENTS: &[&str] = &[
    include_str!("builtin/strict.json"),
    include_str!("builtin/entra.json"),
    include_str!("builtin/okta.json"),
    include_str!("builtin/activid.json"),
    include_str!("builtin/absorb.json"),
    include_str!("builtin/activtrak.json"),
];

// Constants that take a parser to make; nothing ever changes them.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let mut profiles = Vec::new();
    for document in DOCUMENTS {
        // Each may extend those before it.
        profiles.extend(Profile::from_json_over(document.as_bytes(), &profiles));
    }
    profiles
});

impl Profile {
    /// Every profile that is built in, the default first.
    pub fn builtins() -> &'static [Profile] {
        &PROFILES
    }

    /// The JSON Schema (draft 2020-12) of the document, for editors and other tools. What only the tenant's schemas can tell,
    /// such as whether there is an attribute of a name, it does not know.
    pub fn json_schema() -> &'static str {
        include_str!("profile.schema.json")
    }

    /// The profile of a name that is built in; letter case does not matter.
    pub fn builtin(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().find(|profile| profile.name().eq_ignore_ascii_case(name))
    }
}
