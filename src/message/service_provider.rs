//! The ServiceProviderConfig document (RFC 7643 section 5, RFC 9865 section 4), and lists of documents.

use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;

use super::text::to_json;

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What a ServiceProviderConfig says, besides that everything RFC 7644 calls optional is there: PATCH, filters, sorting,
/// entity tags, and changing passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProviderConfig {
    /// Where people find help.
    pub documentation_uri: Option<String>,
    /// `bulk.maxOperations`; 0: bulk is not supported.
    pub max_operations: u64,
    /// `bulk.maxPayloadSize`: bytes.
    pub max_payload_size: u64,
    /// `filter.maxResults`
    pub max_results: u64,
    /// `authenticationSchemes`
    pub authentication_schemes: Vec<Authentication>,
    /// `pagination`
    pub pagination: Pagination,
}

/// One of the `authenticationSchemes`; the first is the primary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// `type`
    pub kind: String,
    /// `name`
    pub name: String,
    /// `description`
    pub description: String,
    /// `specUri`
    pub spec_uri: Option<String>,
}

/// The `pagination` block: pages by index, which is the default, and by cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// `defaultPageSize`
    pub default_page_size: u64,
    /// `maxPageSize`
    pub max_page_size: u64,
    /// `cursorTimeout`: seconds.
    pub cursor_timeout: u64,
}

impl ServiceProviderConfig {
    /// The document. `base` is put before `meta.location`: empty, or a URL without a trailing slash.
    pub fn to_json(&self, base: &str) -> String {
        let Pagination { default_page_size, max_page_size, cursor_timeout } = self.pagination;
        let supported = Supported { supported: true };
        to_json(&ConfigJson {
            schemas: [SCHEMA],
            documentation_uri: self.documentation_uri.as_deref(),
            patch: supported,
            bulk: BulkJson {
                supported: self.max_operations > 0,
                max_operations: self.max_operations,
                max_payload_size: self.max_payload_size,
            },
            filter: FilterJson { supported: true, max_results: self.max_results },
            change_password: supported,
            sort: supported,
            etag: supported,
            pagination: PaginationJson {
                cursor: true,
                index: true,
                default_pagination_method: "index",
                default_page_size,
                max_page_size,
                cursor_timeout,
            },
            authentication_schemes: self
                .authentication_schemes
                .iter()
                .enumerate()
                .map(|(index, Authentication { kind, name, description, spec_uri })| SchemeJson {
                    r#type: kind,
                    name,
                    description,
                    spec_uri: spec_uri.as_deref(),
                    primary: index == 0,
                })
                .collect(),
            meta: Meta { resource_type: "ServiceProviderConfig", location: format!("{base}/ServiceProviderConfig") },
        })
    }
}

/// A ListResponse of documents that are JSON already: the answer that lists Schemas or ResourceTypes.
pub fn documents_json(documents: &[String]) -> String {
    to_json(&ListJson {
        schemas: [LIST_RESPONSE],
        total_results: documents.len(),
        items_per_page: documents.len(),
        start_index: 1,
        resources: documents.iter().map(|json| RawJson(json)).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListJson<'a> {
    schemas: [&'static str; 1],
    total_results: usize,
    items_per_page: usize,
    start_index: usize,
    #[serde(rename = "Resources")]
    resources: Vec<RawJson<'a>>,
}

/// A document that is JSON already.
struct RawJson<'a>(&'a str);

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[derive(Clone, Copy, Serialize)]
struct Supported {
    supported: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigJson<'a> {
    schemas: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation_uri: Option<&'a str>,
    patch: Supported,
    bulk: BulkJson,
    filter: FilterJson,
    change_password: Supported,
    sort: Supported,
    etag: Supported,
    pagination: PaginationJson,
    authentication_schemes: Vec<SchemeJson<'a>>,
    meta: Meta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkJson {
    supported: bool,
    max_operations: u64,
    max_payload_size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilterJson {
    supported: bool,
    max_results: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaginationJson {
    cursor: bool,
    index: bool,
    default_pagination_method: &'static str,
    default_page_size: u64,
    max_page_size: u64,
    cursor_timeout: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SchemeJson<'a> {
    r#type: &'a str,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec_uri: Option<&'a str>,
    primary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    location: String,
}
