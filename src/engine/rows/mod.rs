//! What rows tell: where resources are, who has a unique value, who is a member of whom, and what is derived from that.
//! Reads only: the hooks write what is read here.

pub(super) mod derive;
mod edges;
mod ids;
mod unique;

pub(super) use edges::{each_group, each_member};
pub(super) use ids::{external_id, find};
pub(super) use unique::{Holder, holder_of, unique_key, unique_keys};
