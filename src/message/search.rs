//! The SearchRequest and ListResponse messages.
use super::Representation;
use crate::Result;

/// `sortOrder` (RFC 7644 section 3.4.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Missing values last.
    #[default]
    Ascending,
    /// Missing values first.
    Descending,
}

/// What to search for (RFC 7644 section 3.4.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchRequest {
    /// The filter; all resources without one.
    pub filter: Option<String>,
    /// The attribute to sort by; creation order without one.
    pub sort_by: Option<String>,
    /// The order.
    pub sort_order: SortOrder,
    /// The 1-based index of the first result; less than 1 is 1.
    pub start_index: Option<i64>,
    /// The size of the page; negative is 0, none is the store's default.
    pub count: Option<i64>,
    /// The attributes to show.
    pub attributes: Vec<String>,
    /// The attributes not to show.
    pub excluded_attributes: Vec<String>,
}

impl SearchRequest {
    /// Reads a SearchRequest message.
    ///
    /// # Errors
    /// `InvalidSyntax`, `InvalidValue`.
    pub fn from_json(_json: &[u8]) -> Result<Self> {
        todo!()
    }
}

/// A page of results, and the exact number of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// `totalResults`: exact, from the snapshot that the page is from.
    pub total_results: u64,
    /// `startIndex` of the first resource.
    pub start_index: u64,
    /// The page; its length is `itemsPerPage`.
    pub resources: Vec<Representation>,
}

impl SearchPage {
    /// The ListResponse message (RFC 7644 section 3.4.2).
    pub fn to_json(&self) -> String {
        todo!()
    }
}
