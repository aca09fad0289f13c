//! The SearchRequest and ListResponse messages (RFC 7644 sections 3.4.2 and 3.4.3; RFC 9865 section 2 for cursors).
//!
//! A filter stays text here: what it means, the module `filter` decides.

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Representation;
use super::part::Part;
use super::text::to_json;
use crate::{ErrorKind, Result};

const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// `sortOrder` (RFC 7644 section 3.4.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Missing values last.
    #[default]
    Ascending,
    /// Missing values first.
    Descending,
}

impl SortOrder {
    /// Reads `ascending` or `descending`; letter case does not matter.
    pub fn from_keyword(word: &str) -> Option<Self> {
        match word {
            _ if word.eq_ignore_ascii_case("ascending") => Some(SortOrder::Ascending),
            _ if word.eq_ignore_ascii_case("descending") => Some(SortOrder::Descending),
            _ => None,
        }
    }
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
    /// Pages by cursor (RFC 9865 section 2): empty for the first page, then a cursor that an earlier page of the same
    /// request told. None: pages by `start_index`.
    pub cursor: Option<String>,
    /// What to put before `meta.location` and `$ref`s: a URL without a trailing slash, or nothing. No part of the
    /// message: the network face knows it.
    pub base: String,
    /// The API version that the request is of, where the tenant's profile knows versions; no part of the message either.
    /// None: the profile's default.
    pub api_version: Option<u32>,
    /// `searchRepositories`: whether the repositories of the host are searched as well, where the profile has them.
    pub search_repositories: bool,
}

/// What a SearchRequest message has (RFC 7644 section 3.4.3, RFC 9865 section 2).
const NAMES: [&str; 9] =
    ["schemas", "filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes", "cursor"];

/// What profiles add to it.
const SEARCH_REPOSITORIES: &str = "searchRepositories";

impl SearchRequest {
    /// Reads a SearchRequest message. A name that it does not define is an error: a filter that is misspelt must not find
    /// everything.
    ///
    /// ```
    /// use scimdb::message::SearchRequest;
    /// let request = SearchRequest::from_json(br#"{"filter": "userName sw \"b\"", "count": 10}"#).unwrap();
    /// assert_eq!(request.count, Some(10));
    /// ```
    ///
    /// # Errors
    /// `InvalidSyntax` for a value of the wrong type or an unknown name, `InvalidValue` for an unknown `sortOrder`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut part = Part::from_json(json, "a SearchRequest")?;
        if part.has("schemas") {
            part.need_schema(SEARCH_REQUEST)?;
        }
        let sort_order = match part.take_string("sortOrder")? {
            None => SortOrder::default(),
            Some(word) => SortOrder::from_keyword(&word).ok_or_else(|| {
                part.error(ErrorKind::InvalidValue, "sortOrder", "is \"ascending\" or \"descending\"")
            })?,
        };
        let request = SearchRequest {
            filter: part.take_string("filter")?,
            sort_by: part.take_string("sortBy")?,
            sort_order,
            start_index: part.take_integer("startIndex")?,
            count: part.take_integer("count")?,
            attributes: take_names(&mut part, "attributes")?,
            excluded_attributes: take_names(&mut part, "excludedAttributes")?,
            cursor: part.take_string("cursor")?,
            base: String::new(),
            api_version: None,
            search_repositories: part.take_boolean(SEARCH_REPOSITORIES)?.unwrap_or(false),
        };
        part.finish(&NAMES)?;
        Ok(request)
    }
}

/// Attribute names: an array, or one string as a URL would have it.
fn take_names(part: &mut Part, name: &str) -> Result<Vec<String>> {
    if !part.is_string(name) {
        return part.take_strings(name);
    }
    let text = part.take_string(name)?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// A page of results, and the exact number of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// `totalResults`: exact, from the snapshot that the page is from.
    pub total_results: u64,
    /// `startIndex` of the first resource; none on a page by cursor, which does not know it.
    pub start_index: Option<u64>,
    /// `nextCursor`, on a page by cursor: what gets the next page. None: this is the last one.
    pub next_cursor: Option<String>,
    /// `previousCursor`, on a page by cursor: what gets the page before. None: this is the first one.
    pub previous_cursor: Option<String>,
    /// The page; its length is `itemsPerPage`.
    pub resources: Vec<Representation>,
}

impl SearchPage {
    /// The ListResponse message (RFC 7644 section 3.4.2).
    pub fn to_json(&self) -> String {
        to_json(&ListJson {
            schemas: [LIST_RESPONSE],
            total_results: self.total_results,
            items_per_page: self.resources.len(),
            start_index: self.start_index,
            previous_cursor: self.previous_cursor.as_deref(),
            next_cursor: self.next_cursor.as_deref(),
            resources: self.resources.iter().map(RawJson).collect(),
        })
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ListJson<'a> {
    schemas: [&'static str; 1],
    total_results: u64,
    items_per_page: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(rename = "Resources")]
    resources: Vec<RawJson<'a>>,
}

/// A resource that is JSON already.
struct RawJson<'a>(&'a Representation);

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0.json).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::message::builtin;
    use crate::model::{EntityTag, Instant};

    #[test]
    fn requests() {
        let json = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes": ["displayName", "userName"], "FILTER": "displayName sw \"smith\"",
            "sortBy": "userName", "sortOrder": "Descending", "startIndex": 1, "count": null, "cursor": ""}"#;
        let expected = SearchRequest {
            filter: Some("displayName sw \"smith\"".into()),
            sort_by: Some("userName".into()),
            sort_order: SortOrder::Descending,
            start_index: Some(1),
            attributes: vec!["displayName".into(), "userName".into()],
            cursor: Some(String::new()),
            ..SearchRequest::default()
        };
        assert_eq!(SearchRequest::from_json(json).unwrap(), expected);
        let excluded = SearchRequest::from_json(br#"{"excludedAttributes": "a, b.c,"}"#).unwrap();
        assert_eq!(excluded.excluded_attributes, ["a", "b.c"]);
    }

    #[test]
    fn wrong_requests_name_the_attribute() {
        let cases = [
            (r#"{"sortOrder": "up"}"#, ErrorKind::InvalidValue, "sortOrder"),
            (r#"{"count": "10"}"#, ErrorKind::InvalidSyntax, "count"),
            (r#"{"count": 1.5}"#, ErrorKind::InvalidSyntax, "count"),
            (r#"{"cursor": 7}"#, ErrorKind::InvalidSyntax, "cursor"),
            (r#"{"attributes": ["a", 1]}"#, ErrorKind::InvalidSyntax, "attributes[1]"),
            (r#"{"schemas": ["urn:x"]}"#, ErrorKind::InvalidSyntax, "schemas"),
            (r#"{"filtr": "userName pr"}"#, ErrorKind::InvalidSyntax, "filtr"),
        ];
        for (json, kind, attribute) in cases {
            let error = SearchRequest::from_json(json.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, Some(attribute)), "{error}");
        }
        assert_eq!(SearchRequest::from_json(b"[]").unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }

    #[test]
    fn a_page_embeds_its_resources() {
        let time = Instant::parse("2010-01-23T04:56:22Z").unwrap();
        let user = Arc::clone(builtin::registry().unwrap().resource_type("User").unwrap().resource_type());
        let resource = |id: &str| Representation {
            id: id.into(),
            resource_type: Arc::clone(&user),
            external_id: None,
            tag: EntityTag { version: 1, derived: None },
            created: Some(time),
            last_modified: Some(time),
            json: format!("{{\"id\":\"{id}\"}}"),
        };
        let page = SearchPage {
            total_results: 9,
            start_index: Some(3),
            resources: vec![resource("a"), resource("b")],
            ..SearchPage::default()
        };
        let list = |counts: &str, resources: &str| {
            format!("{{\"schemas\":[\"{LIST_RESPONSE}\"],{counts},\"Resources\":[{resources}]}}")
        };
        let counts = "\"totalResults\":9,\"itemsPerPage\":2,\"startIndex\":3";
        assert_eq!(page.to_json(), list(counts, r#"{"id":"a"},{"id":"b"}"#));
        let counts = "\"totalResults\":0,\"itemsPerPage\":0,\"startIndex\":1";
        assert_eq!(SearchPage { start_index: Some(1), ..SearchPage::default() }.to_json(), list(counts, ""));
        let counts = "\"totalResults\":2,\"itemsPerPage\":0,\"previousCursor\":\"p\",\"nextCursor\":\"n\"";
        let page = SearchPage {
            total_results: 2,
            next_cursor: Some("n".into()),
            previous_cursor: Some("p".into()),
            ..SearchPage::default()
        };
        assert_eq!(page.to_json(), list(counts, ""));
    }
}
