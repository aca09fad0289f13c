//! The rules of a profile, bound to the schemas of a tenant: what attributes are derived from others. It must not know any
//! resource; `settle` carries them out.

mod bind;
mod places;
mod rule;

pub(super) use places::{Place, get, put};
pub(super) use rule::{Mirror, Rule, Rules};
