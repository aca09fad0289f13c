package scimdb

// #include "bridge.h"
import "C"

import "context"

// ForgetOptions are options of Forget.
type ForgetOptions struct {
	// Actor is who erases, for the change log.
	Actor string `json:"actor,omitempty"`
}

// Forget erases the resources of a type that had an externalId and were deleted: every trace of them is purged from the change
// log, from indexes and from the file, which is written anew while everybody else waits. It tells how many they were. After
// an error the same call goes on, after a crash the next [Open] does. Backups that were made before are not touched.
//
// [ErrInUse] while a resource has the externalId, [ErrNotFound] if none that was deleted had it. Like [Store.Check] it waits
// for iterators.
func (t *Tenant) Forget(ctx context.Context, resourceType, externalID string, opts *ForgetOptions) (uint64, error) {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return 0, err
	}
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		typePtr, typeLen := text(resourceType)
		idPtr, idLen := text(externalID)
		optionsPtr, optionsLen := options(encoded)
		return C.scimdb_forget(t.store.db, tenantPtr, tenantLen, typePtr, typeLen, idPtr, idLen, optionsPtr, optionsLen,
			&f.c.out, &f.c.err)
	})
	if err != nil {
		return 0, err
	}
	forgotten, err := decode[struct {
		Resources uint64 `json:"resources"`
	}](text)
	if err != nil {
		return 0, err
	}
	return forgotten.Resources, nil
}
