package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
)

// A Store is an open store. Any number of goroutines may use it at once.
type Store struct {
	// A token, not an address: the type is incomplete in C, so that Go never takes it for one.
	db     *C.scimdb_store
	closed atomic.Bool
	// Counts the calls of Interrupt: the library ends what runs, and a wait for changes is many calls.
	interrupts atomic.Uint64
}

// A Tenant is a tenant of a store, by its name. It costs nothing, need not be closed, and is good for any number of
// goroutines. Whether the tenant exists, its calls tell.
type Tenant struct {
	store *Store
	name  string
}

// Version is the version of the library: 0.1.0.
func Version() string { return C.GoString(C.scimdb_version()) }

// ABIVersion is the version of the C ABI that the library has. [Open] refuses another one than this package was built with.
func ABIVersion() uint32 { return uint32(C.scimdb_abi_version()) }

// Open opens the store in a directory, and makes one there if there is none. The path ":memory:" is a new store in memory.
// With nil, options are the default ones.
//
// It fails with [ErrLocked] while another process has the store open, and has not said [Options.Share]; with
// [ErrNotFound] if there is none and [Options.MustExist]; and with [ErrUnknownFormat] if a later version wrote it.
func Open(path string, opts *Options) (*Store, error) {
	if built, found := uint32(C.SCIMDB_ABI_VERSION), ABIVersion(); built != found {
		detail := fmt.Sprintf("built for version %d of the C ABI, and run with a library of version %d", built, found)
		return nil, errorOf(ErrMisuse, detail)
	}
	encoded, err := opts.encode()
	if err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.free()
	pathPtr, pathLen := text(path)
	optionsPtr, optionsLen := options(encoded)
	if code := C.scimdb_open(pathPtr, pathLen, optionsPtr, optionsLen, &f.c.db, &f.c.err); code != C.SCIMDB_OK {
		return nil, f.failure(code)
	}
	return &Store{db: f.c.db}, nil
}

// Close closes the store. Calls that are under way are waited for ([Store.Interrupt] hurries reads); later ones fail with
// [ErrClosed]. A second Close does nothing. In a hook it fails with [ErrMisuse].
func (s *Store) Close() error {
	// From now on, what is answered with MISUSE came too late.
	if s.closed.Swap(true) {
		return nil
	}
	if code := C.scimdb_close(s.db); code != C.SCIMDB_OK {
		if code != C.SCIMDB_MISUSE {
			return errorOf(Code(code), "the store was not closed as it should be")
		}
		s.closed.Store(false)
		return errorOf(ErrMisuse, "a store cannot be closed in a hook of its own")
	}
	return nil
}

// Interrupt ends the reads of the whole store that are running: searches, iterators, explanations, checks, and waits for
// changes and for imports fail with [ErrCancelled]. Writes go on, and so do calls that begin later.
func (s *Store) Interrupt() error {
	// First, so that a wait sees it that begins its next call after the library was told.
	s.interrupts.Add(1)
	if code := C.scimdb_interrupt(s.db); code != C.SCIMDB_OK {
		return s.checked(errorOf(Code(code), "the store was not interrupted"))
	}
	return nil
}

// Tenant is the tenant of a name. A new store has one, "default", which an empty name stands for, too.
func (s *Store) Tenant(name string) *Tenant { return &Tenant{store: s, name: name} }

// Name is the tenant's name.
func (t *Tenant) Name() string { return t.name }

// Store is the store that the tenant is in.
func (t *Tenant) Store() *Store { return t.store }

// checked marks an error as that of a store that was closed.
func (s *Store) checked(failure *Error) *Error {
	failure.closed = failure.Code == ErrMisuse && s.closed.Load()
	return failure
}

// call makes a call that gives text, unless the context is done.
func (s *Store) call(ctx context.Context, call func(f *frame) C.scimdb_code) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.free()
	if code := call(f); code != C.SCIMDB_OK {
		return nil, s.checked(f.failure(code))
	}
	return f.out(), nil
}

// do makes a call that gives nothing, unless the context is done.
func (s *Store) do(ctx context.Context, call func(f *frame) C.scimdb_code) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f := newFrame()
	defer f.free()
	if code := call(f); code != C.SCIMDB_OK {
		return s.checked(f.failure(code))
	}
	return nil
}
