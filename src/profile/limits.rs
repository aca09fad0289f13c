//! Limits that a profile sets. They only ever lower those of the store.

use crate::message::{Part, SearchRequest};
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
    /// The largest number that a search may have as `startIndex` or `count`, and as far below zero.
    pub max_number: Option<u64>,
}

/// The names in the document.
const NAMES: &[&str] = &["defaultPage", "maxPage", "maxBulkOperations", "maxNumber"];

impl ProfileLimits {
    pub(super) fn read(mut part: Part) -> Result<Self> {
        let limits = ProfileLimits {
            default_page: positive(&mut part, "defaultPage")?,
            max_page: positive(&mut part, "maxPage")?,
            max_bulk_operations: positive(&mut part, "maxBulkOperations")?,
            max_number: positive(&mut part, "maxNumber")?,
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
            max_number: self.max_number.or(other.max_number),
        }
    }

    /// Sees that the numbers of a search are none that systems with smaller numbers could not read.
    ///
    /// # Errors
    /// `InvalidValue`, naming the parameter.
    pub fn check_numbers(self, search: &SearchRequest) -> Result<()> {
        let Some(most) = self.max_number else { return Ok(()) };
        for (name, number) in [("startIndex", search.start_index), ("count", search.count)] {
            // As machines have them: one more below zero.
            let size = |number: i64| number.unsigned_abs().saturating_sub(u64::from(number < 0));
            if number.is_some_and(|number| size(number) > most) {
                let detail = format!("{name} is a number from -{} to {most}", most.saturating_add(1));
                return Err(Error::new(ErrorKind::InvalidValue, detail).on(name));
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_large_as_the_profile_says() {
        let limits = ProfileLimits { max_number: Some(2_147_483_647), ..ProfileLimits::default() };
        let search = |start_index, count| SearchRequest { start_index, count, ..SearchRequest::default() };
        let within = [(None, None), (Some(2_147_483_647), Some(2_147_483_647)), (Some(-2_147_483_648), Some(0))];
        for (start, count) in within {
            limits.check_numbers(&search(start, count)).unwrap();
        }
        for (start, count, name) in [
            (Some(2_147_483_648), None, "startIndex"),
            (Some(1), Some(i64::MAX), "count"),
            (None, Some(-2_147_483_649), "count"),
            (Some(i64::MIN), None, "startIndex"),
        ] {
            let error = limits.check_numbers(&search(start, count)).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some(name)));
            ProfileLimits::default().check_numbers(&search(start, count)).unwrap();
        }
    }
}
