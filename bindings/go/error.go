package scimdb

// #include "bridge.h"
import "C"

import (
	"encoding/json"
	"errors"
)

// ErrClosed is the error of a call with something that was closed before: a store, an importer, a server.
// Such an error is an [ErrMisuse] too.
var ErrClosed = errors.New("scimdb: closed")

// An Error is what the store answers instead of a result. All of its fields are those of the error table of scimdb, so that
// every face and binding tells the same.
type Error struct {
	// Code is the kind.
	Code Code
	// Name is the kind's name: NOT_FOUND.
	Name string
	// Status is the HTTP status that the error has in SCIM (RFC 7644 section 3.12).
	Status int
	// ScimType is the detail error keyword of RFC 7644 table 9, or empty.
	ScimType string
	// Detail tells people what is wrong, and what to do about it. It repeats no attribute's value.
	Detail string
	// Attribute is the path of the attribute that is to blame, or empty.
	Attribute string
	// Offset is the byte of the filter, the path or the JSON that is to blame, counted from 0; -1 where there is none.
	Offset int
	// Retriable tells whether the same call may succeed later.
	Retriable bool
	// JSON is the error as SCIM's Error message (RFC 7644 section 3.12).
	JSON json.RawMessage

	closed bool
}

// Error is the name and the detail.
func (e *Error) Error() string { return "scimdb: " + e.Name + ": " + e.Detail }

// Is tells whether the target is the error's [Code], or [ErrClosed] where that is the reason.
func (e *Error) Is(target error) bool {
	if code, ok := target.(Code); ok {
		return code == e.Code
	}
	return e.closed && target == ErrClosed
}

// As decodes what a call of this package gave, or passes its error on:
//
//	user, err := scimdb.As[User](tenant.Get(ctx, "User", id, nil))
func As[T any](text json.RawMessage, err error) (T, error) {
	var value T
	if err != nil {
		return value, err
	}
	err = json.Unmarshal(text, &value)
	return value, err
}

// failure takes the error out of a frame. The code alone is told where there is none.
func (f *frame) failure(code C.scimdb_code) *Error {
	given := f.c.err
	f.c.err = nil
	if given == nil {
		return errorOf(Code(code), "the library told no more")
	}
	defer C.scimdb_error_free(given)
	var read C.scimdb_go_error
	C.scimdb_go_error_read(given, &read)
	return &Error{
		Code:      Code(code),
		Name:      C.GoString(read.name),
		Status:    int(read.status),
		ScimType:  C.GoString(read.scim_type),
		Detail:    C.GoString(read.detail),
		Attribute: C.GoString(read.attribute),
		Offset:    int(read.offset),
		Retriable: read.retriable != 0,
		JSON:      json.RawMessage(C.GoString(read.json)),
	}
}

// errorOf is an error that this side of the library makes.
func errorOf(code Code, detail string) *Error {
	status := 500
	if code < ErrLocked {
		status = 400
	}
	refusal := Refusal{Status: status, Detail: detail}
	return &Error{Code: code, Name: code.String(), Status: status, Detail: detail, Offset: -1, JSON: refusal.json()}
}

// closedError is the error of a call with something that was closed.
func closedError(what string) *Error {
	failure := errorOf(ErrMisuse, "the "+what+" was closed")
	failure.closed = true
	return failure
}
