//! What a profile derives: attributes that follow from others, values that are there unless a client says otherwise, and
//! what the resources are called that a value names. It runs on every write, before the resource is checked and stored.

mod apply;
mod known;
mod later;
#[cfg(test)]
mod tests;

pub(super) use apply::{Occasion, settle};
pub(super) use known::{check_known, check_not_in_use};
pub(super) use later::leave_later;
