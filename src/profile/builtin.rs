//! The profiles that every store has: documents like any other, read when they are first asked for.

use std::sync::LazyLock;

use super::Profile;

/// The documents, the default first.
const DOCUMENTS: &[&str] =
    &[include_str!("builtin/strict.json"), include_str!("builtin/entra.json"), include_str!("builtin/okta.json")];

// Constants that take a parser to make; nothing ever changes them.
static PROFILES: LazyLock<Vec<Profile>> =
    LazyLock::new(|| DOCUMENTS.iter().filter_map(|document| Profile::from_json(document.as_bytes()).ok()).collect());

impl Profile {
    /// Every profile that is built in, the default first.
    pub fn builtins() -> &'static [Profile] {
        &PROFILES
    }

    /// The profile of a name that is built in; letter case does not matter.
    pub fn builtin(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().find(|profile| profile.name().eq_ignore_ascii_case(name))
    }
}
