//! Profiles: what a tenant is told to be, as one JSON document of declarations. Which deviations of identity providers it
//! tolerates, which attributes may not travel in a URL, how large its answers are.
//!
//! A profile knows schemas and filters, and no store: the engine keeps it and obeys it.
//!
//! ```
//! use scimdb::profile::Profile;
//!
//! let profile: Profile = r#"{"name": "acme", "extends": "entra", "sensitive": ["emails"]}"#.parse()?;
//! assert_eq!((profile.name(), profile.dialect().name), ("acme", "entra"));
//! let entra: Profile = "entra".parse()?;
//! assert_eq!(entra, *Profile::builtin("Entra").unwrap());
//! # Ok::<(), scimdb::Error>(())
//! ```

mod builtin;
mod choices;
mod document;
mod encryption;
mod endpoints;
mod fit;
mod limits;
mod named;
mod overlay;
mod paths;
mod permissions;
mod rules;
mod sensitive;
mod shape;

pub use choices::Ids;
pub use document::Profile;
pub use encryption::{EncryptedBy, EncryptedTarget, Encryption};
pub use limits::ProfileLimits;
use named::known_type;
pub use paths::MountPath;
pub use permissions::{Operation, Permission};
pub(crate) use rules::RuleKind;
