//! Entity tags and preconditions (RFC 7644 section 3.14).

use std::fmt;

use crate::{Error, ErrorKind, Result};

/// The weak entity tag of a representation: the commit sequence of the resource's last change, and a digest of what is
/// derived in the representation, if anything is.
///
/// ```
/// use scimdb::model::EntityTag;
/// let tag = EntityTag { version: 42, derived: None };
/// assert_eq!(tag.to_string(), "W/\"42\"");
/// assert_eq!("W/\"42\"".parse::<EntityTag>().unwrap(), tag);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityTag {
    /// The commit sequence.
    pub version: u64,
    /// The digest of derived `groups`, or of `members` with their display, where the representation shows some.
    pub derived: Option<u32>,
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.derived {
            None => write!(f, "W/\"{}\"", self.version),
            Some(derived) => write!(f, "W/\"{}.{derived:08x}\"", self.version),
        }
    }
}

impl std::str::FromStr for EntityTag {
    type Err = Error;

    /// Reads `W/"…"`, `"…"` or the bare text.
    fn from_str(text: &str) -> Result<Self> {
        let bare = text.trim().trim_start_matches("W/").trim_matches('"');
        let (version, derived) = match bare.split_once('.') {
            Some((version, derived)) => (version.parse().ok(), u32::from_str_radix(derived, 16).ok().map(Some)),
            None => (bare.parse().ok(), Some(None)),
        };
        match (version, derived) {
            (Some(version), Some(derived)) => Ok(EntityTag { version, derived }),
            _ => {
                Err(Error::new(ErrorKind::InvalidArgument, format!("\"{text}\" is no version of this store: W/\"…\"")))
            }
        }
    }
}

/// Which versions a caller accepts: the value of an `If-Match` or `If-None-Match` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionMatch {
    /// `*`: any that exists.
    Any,
    /// One of these. Tags that this store never made match nothing.
    OneOf(Vec<EntityTag>),
}

impl VersionMatch {
    /// Reads a header's value: `*`, or tags separated by commas.
    pub fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return VersionMatch::Any;
        }
        VersionMatch::OneOf(text.split(',').filter_map(|tag| tag.parse().ok()).collect())
    }

    /// Whether it names this representation. A tag without a digest names every representation of its version, since
    /// derived attributes are not what a writer can overwrite.
    pub fn matches(&self, current: EntityTag) -> bool {
        match self {
            VersionMatch::Any => true,
            VersionMatch::OneOf(tags) => tags
                .iter()
                .any(|tag| tag.version == current.version && (tag.derived.is_none() || tag.derived == current.derived)),
        }
    }

    /// Whether it names some representation of a version.
    pub fn names_version(&self, version: u64) -> bool {
        match self {
            VersionMatch::Any => true,
            VersionMatch::OneOf(tags) => tags.iter().any(|tag| tag.version == version),
        }
    }

    /// Whether it names exactly this representation: what `If-None-Match` asks.
    pub fn matches_exactly(&self, current: EntityTag) -> bool {
        match self {
            VersionMatch::Any => true,
            VersionMatch::OneOf(tags) => tags.contains(&current),
        }
    }
}
