package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
)

// Get reads a resource (RFC 7644 section 3.4.1). [ErrNotFound] if there is none.
func (t *Tenant) Get(ctx context.Context, resourceType, id string, opts *ReadOptions) (json.RawMessage, error) {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.free()
	tenantPtr, tenantLen := optional(t.name)
	typePtr, typeLen := text(resourceType)
	idPtr, idLen := text(id)
	optionsPtr, optionsLen := options(encoded)
	code := C.scimdb_get(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen, optionsPtr, optionsLen,
		&f.c.out, &f.c.err)
	if code != C.SCIMDB_OK {
		return nil, t.store.checked(f.failure(code))
	}
	return f.out(), nil
}

// Create creates a resource (RFC 7644 section 3.3), and gives it as it is now. [ErrUniqueness] if a value is taken that must
// be unique.
func (t *Tenant) Create(ctx context.Context, resourceType string, resource any, opts *WriteOptions) (json.RawMessage, error) {
	encoded, encodedOptions, err := encodeWrite(resource, opts)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		bodyPtr, bodyLen := body(encoded)
		optionsPtr, optionsLen := options(encodedOptions)
		return C.scimdb_create(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, bodyPtr, bodyLen,
			optionsPtr, optionsLen, &f.c.out, &f.c.err)
	})
}

// Replace replaces a resource (RFC 7644 section 3.5.1), and gives it as it is now. What is left out is cleared.
func (t *Tenant) Replace(ctx context.Context, resourceType, id string, resource any, opts *WriteOptions) (json.RawMessage, error) {
	encoded, encodedOptions, err := encodeWrite(resource, opts)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		idPtr, idLen := text(id)
		bodyPtr, bodyLen := body(encoded)
		optionsPtr, optionsLen := options(encodedOptions)
		return C.scimdb_replace(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen, bodyPtr, bodyLen,
			optionsPtr, optionsLen, &f.c.out, &f.c.err)
	})
}

// Patch changes a resource by a PatchOp message (RFC 7644 section 3.5.2), and gives it as it is now. All operations are done,
// or none.
func (t *Tenant) Patch(ctx context.Context, resourceType, id string, request any, opts *WriteOptions) (json.RawMessage, error) {
	encoded, encodedOptions, err := encodeWrite(request, opts)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		idPtr, idLen := text(id)
		bodyPtr, bodyLen := body(encoded)
		optionsPtr, optionsLen := options(encodedOptions)
		return C.scimdb_patch(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen, bodyPtr, bodyLen,
			optionsPtr, optionsLen, &f.c.out, &f.c.err)
	})
}

// Delete deletes a resource (RFC 7644 section 3.6). Groups lose the member with it.
func (t *Tenant) Delete(ctx context.Context, resourceType, id string, opts *WriteOptions) error {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return err
	}
	return t.store.do(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		idPtr, idLen := text(id)
		optionsPtr, optionsLen := options(encoded)
		return C.scimdb_delete(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen, optionsPtr, optionsLen,
			&f.c.err)
	})
}

// VerifyPassword tells whether a password is the resource's. It takes as long as hashing does, also where there is none.
func (t *Tenant) VerifyPassword(ctx context.Context, resourceType, id, password string) (bool, error) {
	matches := false
	err := t.store.do(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		idPtr, idLen := text(id)
		passwordPtr, passwordLen := text(password)
		code := C.scimdb_verify_password(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen,
			passwordPtr, passwordLen, &f.c.number, &f.c.err)
		matches = code == C.SCIMDB_OK && f.c.number != 0
		return code
	})
	return matches, err
}

// Bulk does the operations of a BulkRequest (RFC 7644 section 3.7) in one commit, and gives the BulkResponse. Each operation
// succeeds or fails on its own.
func (t *Tenant) Bulk(ctx context.Context, request any, opts *BulkOptions) (json.RawMessage, error) {
	encoded, encodedOptions, err := encodeWrite(request, opts)
	if err != nil {
		return nil, err
	}
	return t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		bodyPtr, bodyLen := body(encoded)
		optionsPtr, optionsLen := options(encodedOptions)
		return C.scimdb_bulk(t.store.db, tenantPtr, tenantLen, bodyPtr, bodyLen, optionsPtr, optionsLen,
			&f.c.out, &f.c.err)
	})
}

// encodeWrite is the JSON of a body and of its options.
func encodeWrite[T any](value any, opts *T) (encoded, encodedOptions []byte, err error) {
	if encoded, err = encode(value); err != nil {
		return nil, nil, err
	}
	encodedOptions, err = encodeOptions(opts)
	return encoded, encodedOptions, err
}
