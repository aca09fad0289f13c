package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"iter"
	"math"
	"runtime/cgo"
	"sync"
	"time"
)

// A Change is an entry of the change log: who did what when, and which attributes changed; no values.
type Change struct {
	// Sequence is the number of the commit: larger for later ones.
	Sequence uint64 `json:"sequence"`
	// Time is when.
	Time time.Time `json:"time"`
	// Actor is who, if the writer said so.
	Actor string `json:"actor,omitempty"`
	// CorrelationID is that of the queued import that it is a part of; empty for other changes.
	CorrelationID string `json:"correlationId,omitempty"`
	// Operation is "create", "modify" or "delete".
	Operation string `json:"operation"`
	// ResourceType is the resource type's name.
	ResourceType string `json:"resourceType"`
	// ID is the resource's id.
	ID string `json:"id"`
	// Attributes are the paths of the attributes that changed; none for a delete.
	Attributes []string `json:"attributes"`
}

// Changes are entries of the change log, oldest first.
type Changes struct {
	// Changes are the entries.
	Changes []Change `json:"changes"`
	// Last is the sequence to go on from.
	Last uint64 `json:"last"`
}

// slice is how long one wait, for changes or for the end of an import, is at most: contexts are looked at in between.
const slice = 100 * time.Millisecond

// forever is a wait that does not end by itself.
const forever time.Duration = math.MaxInt64

// watchPage is how many changes Watch reads at a time: a log may be longer than what fits into memory.
const watchPage = 1000

// Changes gives the changes after a sequence number, at most limit of them (0: as many as the store likes). If there are none,
// it waits so long for the first; the wait ends early when the context is done.
//
// [ErrOutOfRange] if the log does not reach back so far: read all resources, and go on from now.
func (t *Tenant) Changes(ctx context.Context, since uint64, limit int, wait time.Duration) (*Changes, error) {
	return waited(t.store, wait, "the wait for changes was interrupted", func(part time.Duration) (*Changes, bool, error) {
		text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
			tenantPtr, tenantLen := optional(t.name)
			return C.scimdb_changes(t.store.db, tenantPtr, tenantLen, C.uint64_t(since), count32(limit),
				C.uint32_t(part.Milliseconds()), &f.c.out, &f.c.err)
		})
		if err != nil {
			return nil, false, err
		}
		changes, err := decode[Changes](text)
		return changes, err == nil && len(changes.Changes) > 0, err
	})
}

// waited asks again and again, with a part of the wait each time, until there is what is waited for, or the wait is over.
func waited[T any](s *Store, wait time.Duration, interrupted string, ask func(part time.Duration) (*T, bool, error)) (*T, error) {
	interrupts := s.interrupts.Load()
	deadline := time.Now().Add(wait)
	for {
		answer, came, err := ask(min(max(time.Until(deadline), 0), slice))
		if err != nil {
			return nil, err
		}
		if came || !time.Now().Before(deadline) {
			return answer, nil
		}
		if s.interrupts.Load() != interrupts {
			return nil, errorOf(ErrCancelled, interrupted)
		}
	}
}

// Watch gives changes after a sequence number as they come, for ever: until the loop is left, or the context is done,
// whose error is then the last thing that it gives.
func (t *Tenant) Watch(ctx context.Context, since uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			changes, err := t.Changes(ctx, since, watchPage, forever)
			if err != nil {
				yield(Change{}, err)
				return
			}
			for _, change := range changes.Changes {
				if !yield(change, nil) {
					return
				}
				since = change.Sequence
			}
		}
	}
}

// A Subscription is a function that is told of changes, until it is closed.
type Subscription struct {
	once sync.Once
	c    *C.scimdb_subscription
}

// OnChange has a function called after commits, in any tenant, with the sequence of the newest one; several commits may be
// one call. It runs on a thread of the library, must not call the store ([ErrMisuse]), and should do no more than to wake
// somebody who does: send to a channel, say. A panic in it is logged by slog's default logger.
func (s *Store) OnChange(wake func(sequence uint64)) (*Subscription, error) {
	f := newFrame()
	defer f.free()
	code := C.scimdb_go_on_change(s.db, C.uintptr_t(cgo.NewHandle(wake)), &f.c.subscription, &f.c.err)
	if code != C.SCIMDB_OK {
		return nil, s.checked(f.failure(code))
	}
	return &Subscription{c: f.c.subscription}, nil
}

// Close ends the subscription. After it, the function runs no more. A second Close does nothing.
func (s *Subscription) Close() error {
	s.once.Do(func() { C.scimdb_subscription_free(s.c) })
	return nil
}

// count32 is a number of things as C has it; all that there are for 0.
func count32(n int) C.uint32_t {
	if n <= 0 || n > math.MaxUint32 {
		return math.MaxUint32
	}
	return C.uint32_t(n)
}
