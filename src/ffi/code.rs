//! The codes that functions return: those of the error table, and two that are no errors.
#![allow(dead_code, reason = "they stand here for the header; tests/header.rs compares them with the error table")]

/// What a function returns: SCIMDB_OK, SCIMDB_DONE, or the code of an error. Numbers keep their meaning for ever.
pub type scimdb_code = i32;

/// It worked.
pub const SCIMDB_OK: scimdb_code = 0;
/// An iterator has no more.
pub const SCIMDB_DONE: scimdb_code = 100;
/// The filter cannot be parsed or bound (RFC 7644 section 3.4.2.2).
pub const SCIMDB_INVALID_FILTER: scimdb_code = 1;
/// The body is not what the request needs (RFC 7644 table 9).
pub const SCIMDB_INVALID_SYNTAX: scimdb_code = 2;
/// A PATCH or projection path names no attribute.
pub const SCIMDB_INVALID_PATH: scimdb_code = 3;
/// A value is missing, of the wrong type, or breaks a rule of the schema.
pub const SCIMDB_INVALID_VALUE: scimdb_code = 4;
/// A PATCH path with a filter selects nothing.
pub const SCIMDB_NO_TARGET: scimdb_code = 5;
/// A readOnly or immutable attribute would change.
pub const SCIMDB_MUTABILITY: scimdb_code = 6;
/// A unique value is taken.
pub const SCIMDB_UNIQUENESS: scimdb_code = 7;
/// The answer would be larger than the server is willing to make.
pub const SCIMDB_TOO_MANY: scimdb_code = 8;
/// The protocol version is not supported.
pub const SCIMDB_INVALID_VERSION: scimdb_code = 9;
/// The request may not travel in a URL (RFC 7644 section 7.5.2).
pub const SCIMDB_SENSITIVE: scimdb_code = 10;
/// The cursor is not one of ours, or not for this request (RFC 9865).
pub const SCIMDB_INVALID_CURSOR: scimdb_code = 11;
/// The cursor has expired (RFC 9865).
pub const SCIMDB_EXPIRED_CURSOR: scimdb_code = 12;
/// The count does not fit the cursor (RFC 9865).
pub const SCIMDB_INVALID_COUNT: scimdb_code = 13;
/// An argument outside the SCIM message is wrong: an option, a name, a setting.
pub const SCIMDB_INVALID_ARGUMENT: scimdb_code = 14;
/// No such resource.
pub const SCIMDB_NOT_FOUND: scimdb_code = 20;
/// No such tenant.
pub const SCIMDB_UNKNOWN_TENANT: scimdb_code = 21;
/// No such resource type or schema.
pub const SCIMDB_UNKNOWN_TYPE: scimdb_code = 22;
/// It exists already: a tenant, or a token's name. (An id that is taken is `Uniqueness`.)
pub const SCIMDB_ALREADY_EXISTS: scimdb_code = 23;
/// The resource's version is not the one the caller named (RFC 7644 section 3.14).
pub const SCIMDB_VERSION_MISMATCH: scimdb_code = 24;
/// The resource still has the version the caller named (RFC 7644 section 3.14).
pub const SCIMDB_NOT_MODIFIED: scimdb_code = 25;
/// No credentials, or wrong ones.
pub const SCIMDB_UNAUTHENTICATED: scimdb_code = 26;
/// The credentials do not allow it.
pub const SCIMDB_FORBIDDEN: scimdb_code = 27;
/// The request is larger than the limit.
pub const SCIMDB_PAYLOAD_TOO_LARGE: scimdb_code = 28;
/// Data in use stands in the way: a schema change that stored resources contradict.
pub const SCIMDB_IN_USE: scimdb_code = 29;
/// The store does not do this.
pub const SCIMDB_NOT_IMPLEMENTED: scimdb_code = 30;
/// The change log does not reach there: read everything again, and go on from now.
pub const SCIMDB_OUT_OF_RANGE: scimdb_code = 31;
/// The resource does not have this method.
pub const SCIMDB_METHOD_NOT_ALLOWED: scimdb_code = 32;
/// The body is of a media type or in an encoding that the store does not read.
pub const SCIMDB_UNSUPPORTED_MEDIA_TYPE: scimdb_code = 33;
/// The caller sends more requests than it may.
pub const SCIMDB_TOO_MANY_REQUESTS: scimdb_code = 34;
/// The call itself is wrong: a NULL, a handle that is closed, text that is not UTF-8.
pub const SCIMDB_MISUSE: scimdb_code = 35;
/// Another process or handle holds the store.
pub const SCIMDB_LOCKED: scimdb_code = 40;
/// The store is closed, closing, or recovering from an I/O error.
pub const SCIMDB_UNAVAILABLE: scimdb_code = 41;
/// Reading or writing failed.
pub const SCIMDB_IO: scimdb_code = 42;
/// The disk is full.
pub const SCIMDB_DISK_FULL: scimdb_code = 43;
/// The store was written in a format that this version does not know.
pub const SCIMDB_UNKNOWN_FORMAT: scimdb_code = 44;
/// The caller went away.
pub const SCIMDB_CANCELLED: scimdb_code = 45;
/// The deadline that the caller set, or the longest that the server allows, passed before the answer was ready.
pub const SCIMDB_DEADLINE_EXCEEDED: scimdb_code = 46;
/// Stored data is damaged.
pub const SCIMDB_CORRUPT: scimdb_code = 60;
/// A bug.
pub const SCIMDB_INTERNAL: scimdb_code = 61;
/// The call ended in a panic, which is a bug of the library.
pub const SCIMDB_PANIC: scimdb_code = 62;
/// An earlier call ended in a panic: the store answers nothing until it was closed and opened again.
pub const SCIMDB_POISONED: scimdb_code = 63;
