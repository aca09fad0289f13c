//! The one error table: every kind of error, with its SCIM keyword, HTTP status, gRPC code and C code.
//!
//! Faces translate by this table and by nothing else. It knows no transport's types: codes are numbers.
//!
//! `InvalidVersion`, `Sensitive`, `NotImplemented` and the three of cursors are made by nothing in the core: they stand
//! here for faces that speak HTTP (RFC 7644 section 3.12, RFC 9865 section 2.3), so that their codes are never taken.

/// Whose fault an error is: decides who is told, and whether the log calls it an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The request is wrong; the same request fails again.
    Caller,
    /// The machine or its configuration: a full disk, a lock that is held, a store that is closing.
    Environment,
    /// The store itself: a bug, or damaged data.
    Store,
}

/// One row of the error table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// The kind.
    pub kind: ErrorKind,
    /// The stable name, UPPER_SNAKE_CASE: gRPC's `ErrorInfo.reason`.
    pub name: &'static str,
    /// The `scimType` of RFC 7644 table 9 and RFC 9865 section 2.3, where one exists.
    pub scim_type: Option<&'static str>,
    /// The HTTP status (RFC 7644 section 3.12).
    pub status: u16,
    /// The gRPC status code, by number.
    pub grpc: u8,
    /// The C ABI's code. Numbers are never reused.
    pub code: i32,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether the same request may succeed later.
    pub retriable: bool,
}

macro_rules! table {
    ($($(#[$doc:meta])* $kind:ident $name:literal $scim:expr, $status:literal $grpc:literal $code:literal $fault:ident $retriable:literal;)*) => {
        /// What kind of error it is: the stable part of an [`Error`](crate::Error).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        /// Every row, in the order of the codes.
        pub const ERROR_TABLE: &[ErrorRow] = &[$(ErrorRow {
            kind: ErrorKind::$kind, name: $name, scim_type: $scim, status: $status, grpc: $grpc,
            code: $code, fault: Fault::$fault, retriable: $retriable,
        },)*];

        impl ErrorKind {
            /// The row of this kind.
            pub const fn row(self) -> ErrorRow {
                match self {
                    $(ErrorKind::$kind => ErrorRow {
                        kind: ErrorKind::$kind, name: $name, scim_type: $scim, status: $status, grpc: $grpc,
                        code: $code, fault: Fault::$fault, retriable: $retriable,
                    },)*
                }
            }
        }
    };
}

// kind  name  scimType, HTTP gRPC C fault retriable
table! {
    /// The filter cannot be parsed or bound (RFC 7644 section 3.4.2.2).
    InvalidFilter "INVALID_FILTER" Some("invalidFilter"), 400 3 1 Caller false;
    /// The body is not what the request needs (RFC 7644 table 9).
    InvalidSyntax "INVALID_SYNTAX" Some("invalidSyntax"), 400 3 2 Caller false;
    /// A PATCH or projection path names no attribute.
    InvalidPath "INVALID_PATH" Some("invalidPath"), 400 3 3 Caller false;
    /// A value is missing, of the wrong type, or breaks a rule of the schema.
    InvalidValue "INVALID_VALUE" Some("invalidValue"), 400 3 4 Caller false;
    /// A PATCH path with a filter selects nothing.
    NoTarget "NO_TARGET" Some("noTarget"), 400 3 5 Caller false;
    /// A readOnly or immutable attribute would change.
    Mutability "MUTABILITY" Some("mutability"), 400 3 6 Caller false;
    /// A unique value is taken.
    Uniqueness "UNIQUENESS" Some("uniqueness"), 409 6 7 Caller false;
    /// The answer would be larger than the server is willing to make.
    TooMany "TOO_MANY" Some("tooMany"), 400 3 8 Caller false;
    /// The protocol version is not supported.
    InvalidVersion "INVALID_VERSION" Some("invalidVers"), 400 3 9 Caller false;
    /// The request may not travel in a URL (RFC 7644 section 7.5.2).
    Sensitive "SENSITIVE" Some("sensitive"), 403 3 10 Caller false;
    /// The cursor is not one of ours, or not for this request (RFC 9865).
    InvalidCursor "INVALID_CURSOR" Some("invalidCursor"), 400 3 11 Caller false;
    /// The cursor has expired (RFC 9865).
    ExpiredCursor "EXPIRED_CURSOR" Some("expiredCursor"), 400 3 12 Caller false;
    /// The count does not fit the cursor (RFC 9865).
    InvalidCount "INVALID_COUNT" Some("invalidCount"), 400 3 13 Caller false;
    /// An argument outside the SCIM message is wrong: an option, a name, a setting.
    InvalidArgument "INVALID_ARGUMENT" None, 400 3 14 Caller false;
    /// No such resource.
    NotFound "NOT_FOUND" None, 404 5 20 Caller false;
    /// No such tenant.
    UnknownTenant "UNKNOWN_TENANT" None, 404 5 21 Caller false;
    /// No such resource type or schema.
    UnknownType "UNKNOWN_TYPE" None, 404 5 22 Caller false;
    /// It exists already: a tenant, or a token's name. (An id that is taken is `Uniqueness`.)
    AlreadyExists "ALREADY_EXISTS" Some("uniqueness"), 409 6 23 Caller false;
    /// The resource's version is not the one the caller named (RFC 7644 section 3.14).
    VersionMismatch "VERSION_MISMATCH" None, 412 10 24 Caller false;
    /// The resource still has the version the caller named (RFC 7644 section 3.14).
    NotModified "NOT_MODIFIED" None, 304 9 25 Caller false;
    /// No credentials, or wrong ones.
    Unauthenticated "UNAUTHENTICATED" None, 401 16 26 Caller false;
    /// The credentials do not allow it.
    Forbidden "FORBIDDEN" None, 403 7 27 Caller false;
    /// The request is larger than the limit.
    PayloadTooLarge "PAYLOAD_TOO_LARGE" None, 413 8 28 Caller false;
    /// Data in use stands in the way: a schema change that stored resources contradict.
    InUse "IN_USE" None, 409 9 29 Caller false;
    /// The store does not do this.
    NotImplemented "NOT_IMPLEMENTED" None, 501 12 30 Caller false;
    /// The change log does not reach there: read everything again, and go on from now.
    OutOfRange "OUT_OF_RANGE" None, 400 11 31 Caller false;
    /// The resource does not have this method.
    MethodNotAllowed "METHOD_NOT_ALLOWED" None, 405 12 32 Caller false;
    /// The body is of a media type or in an encoding that the store does not read.
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" None, 415 3 33 Caller false;
    /// The caller sends more requests than it may.
    TooManyRequests "TOO_MANY_REQUESTS" None, 429 8 34 Caller true;
    /// The call itself is wrong: a NULL, a handle that is closed, text that is not UTF-8, a write from inside a before-write
    /// hook.
    Misuse "MISUSE" None, 400 3 35 Caller false;
    /// Another process or handle holds the store.
    Locked "LOCKED" None, 503 14 40 Environment true;
    /// The store is closed, closing, or recovering from an I/O error.
    Unavailable "UNAVAILABLE" None, 503 14 41 Environment true;
    /// Reading or writing failed.
    Io "IO" None, 500 13 42 Environment true;
    /// The disk is full.
    DiskFull "DISK_FULL" None, 507 8 43 Environment true;
    /// The store was written in a format that this version does not know.
    UnknownFormat "UNKNOWN_FORMAT" None, 500 9 44 Environment false;
    /// The caller went away.
    Cancelled "CANCELLED" None, 408 1 45 Environment true;
    /// The deadline that the caller set, or the longest that the server allows, passed before the answer was ready.
    DeadlineExceeded "DEADLINE_EXCEEDED" None, 504 4 46 Environment true;
    /// Stored data is damaged.
    Corrupt "CORRUPT" None, 500 15 60 Store false;
    /// A bug.
    Internal "INTERNAL" None, 500 13 61 Store false;
    /// A call through the C ABI ended in a panic.
    Panic "PANIC" None, 500 13 62 Store false;
    /// An earlier call through the C ABI ended in a panic: the handle answers nothing but being closed.
    Poisoned "POISONED" None, 500 13 63 Store false;
}
