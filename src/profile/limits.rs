//! Limits that a profile sets. They only ever lower those of the store.

use crate::message::Part;
use crate::{Error, ErrorKind, Result};

/// What a tenant is held to beyond what the store allows. What is not set is as the store has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProfileLimits {
    /// Resources of a page when a search names no count.
    pub default_page: Option<u64>,
    /// Resources of a page at most.
    pub max_page: Option<u64>,
    /// Operations of a bulk request at most.
    pub max_bulk_operations: Option<u64>,
}

/// The names in the document.
const NAMES: &[&str] = &["defaultPage", "maxPage", "maxBulkOperations"];

impl ProfileLimits {
    pub(super) fn read(mut part: Part) -> Result<Self> {
        let limits = ProfileLimits {
            default_page: positive(&mut part, "defaultPage")?,
            max_page: positive(&mut part, "maxPage")?,
            max_bulk_operations: positive(&mut part, "maxBulkOperations")?,
        };
        if let (Some(default), Some(most)) = (limits.default_page, limits.max_page)
            && default > most
        {
            return Err(wrong(&part, "defaultPage", "is more than maxPage"));
        }
        part.finish(NAMES)?;
        Ok(limits)
    }

    /// These, and those of `other` where these say nothing.
    pub(super) fn or(self, other: ProfileLimits) -> Self {
        ProfileLimits {
            default_page: self.default_page.or(other.default_page),
            max_page: self.max_page.or(other.max_page),
            max_bulk_operations: self.max_bulk_operations.or(other.max_bulk_operations),
        }
    }
}

fn positive(part: &mut Part, name: &str) -> Result<Option<u64>> {
    let Some(number) = part.take_integer(name)? else { return Ok(None) };
    match u64::try_from(number) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(wrong(part, name, "is a whole number from 1 on")),
    }
}

fn wrong(part: &Part, name: &str, detail: &str) -> Error {
    part.error(ErrorKind::InvalidValue, name, detail)
}
