package scimdb

import "fmt"

// A Code is the kind of an [Error]. The constants are what [errors.Is] is asked with. Numbers are never reused.
type Code int32

// The kinds of errors, by the status that each has in SCIM (RFC 7644 section 3.12).
const (
	ErrInvalidFilter        Code = 1  // 400 invalidFilter: the filter cannot be parsed or bound (RFC 7644 section 3.4.2.2)
	ErrInvalidSyntax        Code = 2  // 400 invalidSyntax: the body is not what the request needs
	ErrInvalidPath          Code = 3  // 400 invalidPath: a PATCH or projection path names no attribute
	ErrInvalidValue         Code = 4  // 400 invalidValue: a value is missing, of the wrong type, or breaks a rule of the schema
	ErrNoTarget             Code = 5  // 400 noTarget: a PATCH path with a filter selects nothing
	ErrMutability           Code = 6  // 400 mutability: a readOnly or immutable attribute would change
	ErrUniqueness           Code = 7  // 409 uniqueness: a unique value is taken
	ErrTooMany              Code = 8  // 400 tooMany: the answer would be larger than the store is willing to make
	ErrInvalidVersion       Code = 9  // 400 invalidVers: the protocol version is not supported
	ErrSensitive            Code = 10 // 403 sensitive: the request may not travel in a URL (RFC 7644 section 7.5.2)
	ErrInvalidCursor        Code = 11 // 400 invalidCursor: the cursor is not one of ours, or not for this request (RFC 9865)
	ErrExpiredCursor        Code = 12 // 400 expiredCursor: the cursor has expired (RFC 9865)
	ErrInvalidCount         Code = 13 // 400 invalidCount: the count does not fit the cursor (RFC 9865)
	ErrInvalidArgument      Code = 14 // 400: an argument outside the SCIM message is wrong: an option, a name, a setting
	ErrNotFound             Code = 20 // 404: no such resource
	ErrUnknownTenant        Code = 21 // 404: no such tenant
	ErrUnknownType          Code = 22 // 404: no such resource type or schema
	ErrAlreadyExists        Code = 23 // 409 uniqueness: it exists already: a tenant, or a token's name
	ErrVersionMismatch      Code = 24 // 412: the version is not the one the caller named (RFC 7644 section 3.14)
	ErrNotModified          Code = 25 // 304: the resource still has the version the caller named (RFC 7644 section 3.14)
	ErrUnauthenticated      Code = 26 // 401: no credentials, or wrong ones
	ErrForbidden            Code = 27 // 403: the credentials do not allow it
	ErrPayloadTooLarge      Code = 28 // 413: the request is larger than the limit
	ErrInUse                Code = 29 // 409: data in use stands in the way
	ErrNotImplemented       Code = 30 // 501: the store does not do this
	ErrOutOfRange           Code = 31 // 400: the change log does not reach there: read everything again, and go on from now
	ErrMethodNotAllowed     Code = 32 // 405: the resource does not have this method
	ErrUnsupportedMediaType Code = 33 // 415: the body is of a media type or in an encoding that the store does not read
	ErrTooManyRequests      Code = 34 // 429: the caller sends more requests than it may
	ErrMisuse               Code = 35 // 400: the call itself is wrong: a closed store, a name that is not UTF-8, a write in a hook
	ErrLocked               Code = 40 // 503: another process or handle holds the store
	ErrUnavailable          Code = 41 // 503: the store is closing, or recovering from an I/O error
	ErrIO                   Code = 42 // 500: reading or writing failed
	ErrDiskFull             Code = 43 // 507: the disk is full
	ErrUnknownFormat        Code = 44 // 500: the store was written in a format that this version does not know
	ErrCancelled            Code = 45 // 408: interrupted
	ErrDeadlineExceeded     Code = 46 // 504: the longest time that is allowed passed before the answer was ready
	ErrCorrupt              Code = 60 // 500: stored data is damaged
	ErrInternal             Code = 61 // 500: a bug
	ErrPanic                Code = 62 // 500: a bug, and this call ran into it
	ErrPoisoned             Code = 63 // 500: an earlier call ran into a bug: close the store and open it again
)

var codeNames = map[Code]string{
	ErrInvalidFilter: "INVALID_FILTER", ErrInvalidSyntax: "INVALID_SYNTAX", ErrInvalidPath: "INVALID_PATH",
	ErrInvalidValue: "INVALID_VALUE", ErrNoTarget: "NO_TARGET", ErrMutability: "MUTABILITY", ErrUniqueness: "UNIQUENESS",
	ErrTooMany: "TOO_MANY", ErrInvalidVersion: "INVALID_VERSION", ErrSensitive: "SENSITIVE",
	ErrInvalidCursor: "INVALID_CURSOR", ErrExpiredCursor: "EXPIRED_CURSOR", ErrInvalidCount: "INVALID_COUNT",
	ErrInvalidArgument: "INVALID_ARGUMENT", ErrNotFound: "NOT_FOUND", ErrUnknownTenant: "UNKNOWN_TENANT",
	ErrUnknownType: "UNKNOWN_TYPE", ErrAlreadyExists: "ALREADY_EXISTS", ErrVersionMismatch: "VERSION_MISMATCH",
	ErrNotModified: "NOT_MODIFIED", ErrUnauthenticated: "UNAUTHENTICATED", ErrForbidden: "FORBIDDEN",
	ErrPayloadTooLarge: "PAYLOAD_TOO_LARGE", ErrInUse: "IN_USE", ErrNotImplemented: "NOT_IMPLEMENTED",
	ErrOutOfRange: "OUT_OF_RANGE", ErrMethodNotAllowed: "METHOD_NOT_ALLOWED",
	ErrUnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE", ErrTooManyRequests: "TOO_MANY_REQUESTS", ErrMisuse: "MISUSE",
	ErrLocked: "LOCKED", ErrUnavailable: "UNAVAILABLE", ErrIO: "IO", ErrDiskFull: "DISK_FULL",
	ErrUnknownFormat: "UNKNOWN_FORMAT", ErrCancelled: "CANCELLED", ErrDeadlineExceeded: "DEADLINE_EXCEEDED",
	ErrCorrupt: "CORRUPT", ErrInternal: "INTERNAL", ErrPanic: "PANIC", ErrPoisoned: "POISONED",
}

// String is the code's name in the C ABI, without its prefix: NOT_FOUND.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("CODE_%d", int32(c))
}

// Error makes a Code an error, so that [errors.Is] takes one.
func (c Code) Error() string { return "scimdb: " + c.String() }
