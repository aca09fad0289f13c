//! What the endpoint `.import` answers: that an import was queued, and how far it has come.

use serde::Serialize;

use super::text::to_json;

const SCHEMA: &str = "urn:hid:scim:api:idp:2.0:user:ImportResponse";

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportStatus<'a> {
    /// Its name.
    pub correlation_id: &'a str,
    /// `importing`, `done` or `failed`.
    pub status: &'a str,
    /// Whether it has ended.
    pub is_finished: bool,
    /// The users in it.
    pub import_size: u64,
    /// The users that were looked at.
    pub processed: u64,
    /// The users that could not be imported.
    pub failed: u64,
    /// The users that were there before.
    pub already_existed: u64,
    /// The users that were imported.
    pub imported: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted<'a> {
    schemas: [&'static str; 1],
    meta: Meta<'a>,
    correlation_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    resource_type: String,
    location: &'a str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    schemas: [&'static str; 1],
    correlation_id: &'a str,
    status: &'a str,
    import_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nb_processed: Option<u64>,
    nb_failed: u64,
    nb_already_existed: u64,
    nb_imported: u64,
}

/// That an import of a resource type was queued, and where it can be looked at.
///
/// ```
/// assert_eq!(
///     scimdb::message::import_accepted_json("User", "/Users/.import/1P5FOESDK44J6Q0QAHK2", "1P5FOESDK44J6Q0QAHK2"),
///     r#"{"schemas":["urn:hid:scim:api:idp:2.0:user:ImportResponse"],"meta":{"resourceType":"UserImportResponse","#.to_owned()
///         + r#""location":"/Users/.import/1P5FOESDK44J6Q0QAHK2","version":"1"},"correlationId":"1P5FOESDK44J6Q0QAHK2"}"#
/// );
/// ```
pub fn import_accepted_json(resource_type: &str, location: &str, correlation_id: &str) -> String {
    let resource_type = format!("{resource_type}ImportResponse");
    to_json(&Accepted { schemas: [SCHEMA], meta: Meta { resource_type, location, version: "1" }, correlation_id })
}

/// How far an import has come. What was processed is told until it has ended: from there on it is all.
pub fn import_status_json(status: &ImportStatus<'_>) -> String {
    let ImportStatus { correlation_id, status, is_finished, import_size, processed, failed, already_existed, imported } =
        *status;
    to_json(&Status {
        schemas: [SCHEMA],
        correlation_id,
        status,
        import_size,
        nb_processed: (!is_finished).then_some(processed),
        nb_failed: failed,
        nb_already_existed: already_existed,
        nb_imported: imported,
    })
}
