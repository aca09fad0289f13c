package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"iter"
)

// Search finds resources, and gives the ListResponse (RFC 7644 section 3.4.2). The request is a [SearchRequest], or any JSON
// of that form; nil asks for everything, and an empty resource type means all of them. It sees every write that was answered before.
//
// [ErrInvalidFilter] tells in [Error.Offset] the byte that is to blame.
func (t *Tenant) Search(ctx context.Context, resourceType string, request any) (json.RawMessage, error) {
	encoded, err := encodeRequest(request)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := optional(resourceType)
		requestPtr, requestLen := options(encoded)
		return C.scimdb_search(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, requestPtr, requestLen,
			&f.c.out, &f.c.err)
	})
}

// Explain tells how a search would be answered, and what it would cost.
func (t *Tenant) Explain(ctx context.Context, resourceType string, request any) (json.RawMessage, error) {
	encoded, err := encodeRequest(request)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := optional(resourceType)
		requestPtr, requestLen := options(encoded)
		return C.scimdb_explain(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, requestPtr, requestLen,
			&f.c.out, &f.c.err)
	})
}

// Iterate gives all resources that a search finds, one after the other, from one snapshot and without pages (startIndex and
// count hold where they are given, beyond the limit of a page, too; a cursor is ignored):
//
//	for user, err := range tenant.Iterate(ctx, "User", scimdb.SearchRequest{Filter: "active eq true"}) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// An error is the last thing that it gives; so is that of the context, when it is done. Each text is the caller's to keep.
// The snapshot is held until the loop ends, in whatever way. A loop runs the search anew each time.
func (t *Tenant) Iterate(ctx context.Context, resourceType string, request any) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		encoded, err := encodeRequest(request)
		if err != nil {
			yield(nil, err)
			return
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		f := newFrame()
		defer f.free()
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := optional(resourceType)
		requestPtr, requestLen := options(encoded)
		code := C.scimdb_iter_open(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, requestPtr, requestLen,
			&f.c.iter, &f.c.err)
		if code != C.SCIMDB_OK {
			yield(nil, t.store.checked(f.failure(code)))
			return
		}
		iterator := f.c.iter
		defer C.scimdb_iter_free(iterator)
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			switch code := C.scimdb_iter_next(iterator, &f.c.row, &f.c.row_n, &f.c.err); code {
			case C.SCIMDB_OK:
				if !yield(copied((*C.char)(f.c.row), f.c.row_n), nil) {
					return
				}
			case C.SCIMDB_DONE:
				return
			default:
				yield(nil, t.store.checked(f.failure(code)))
				return
			}
		}
	}
}

// encodeRequest is the JSON of a search request; nil where there is none.
func encodeRequest(request any) ([]byte, error) {
	encoded, err := encode(request)
	if string(encoded) == "null" {
		return nil, err
	}
	return encoded, err
}
