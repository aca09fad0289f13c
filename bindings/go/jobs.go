package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// QueueOptions say how an import is queued.
type QueueOptions struct {
	// ResourceType is the resource type of all users. Default "User".
	ResourceType string
	// Actor is who imports, for the change log.
	Actor string
}

// encode is the JSON that scimdb_import_open takes.
func (o *QueueOptions) encode() ([]byte, error) {
	options := ImportOptions{}
	if o != nil {
		options = ImportOptions{ResourceType: o.ResourceType, Actor: o.Actor}
	}
	return json.Marshal(struct {
		ImportOptions
		Queue bool `json:"queue"`
	}{options, true})
}

// A Job is an import that was queued, and how far it has come.
type Job struct {
	// CorrelationID is its name: what [Tenant.Job] is asked with.
	CorrelationID string `json:"correlationId"`
	// Status is "importing", "done" or "failed".
	Status string `json:"status"`
	// ResourceType is the name of the resource type; empty if that was removed since.
	ResourceType string `json:"resourceType"`
	// ImportSize is how many users are in it.
	ImportSize uint64 `json:"importSize"`
	// Processed is how many of them were looked at: imported, there before, or failed.
	Processed uint64 `json:"processed"`
	// Imported is how many were imported.
	Imported uint64 `json:"imported"`
	// AlreadyExisted is how many were there before.
	AlreadyExisted uint64 `json:"alreadyExisted"`
	// Failed is how many could not be imported.
	Failed uint64 `json:"failed"`
	// Group is the id of the group that they become members of.
	Group string `json:"group"`
	// Actor is who queued it, if that was said.
	Actor string `json:"actor,omitempty"`
	// Created is when it was queued.
	Created time.Time `json:"created"`
	// Finished is when it ended; nil: it has not.
	Finished *time.Time `json:"finished,omitempty"`
	// Reason is why it could not go on, or empty.
	Reason string `json:"reason,omitempty"`
	// Failures are the users that failed, the first hundred of them.
	Failures []JobFailure `json:"failures"`
}

// A JobFailure is a user that was not imported.
type JobFailure struct {
	// Row is its place among the users, counted from 1.
	Row uint64 `json:"row"`
	// ExternalID is its externalId, or empty.
	ExternalID string `json:"externalId,omitempty"`
	// Detail tells people why.
	Detail string `json:"detail"`
}

// A Queuer takes an import that is to be queued in parts: one JSON object, cut anywhere. It is an [io.Writer]. One goroutine
// at a time works with it; others wait.
type Queuer struct{ importer *Importer }

// NewQueuer begins an import that is queued: what is written is one JSON object with users (an array of resources), group
// ({"value": the id of a group that they become members of}) and, where the tenant's profile has them, authenticatorPolicy. It
// goes to the disk as it comes. Close gives it up if it was not finished: nothing of it is left then.
func (t *Tenant) NewQueuer(opts *QueueOptions) (*Queuer, error) {
	encoded, err := opts.encode()
	if err != nil {
		return nil, err
	}
	importer, err := t.openImport(encoded)
	if err != nil {
		return nil, err
	}
	return &Queuer{importer: importer}, nil
}

// Write takes the next bytes of the object. What is wrong in it is told by a later Write, or by Finish.
func (q *Queuer) Write(part []byte) (int, error) { return q.importer.Write(part) }

// Finish queues the import, which is durable as a whole then. The library carries imports out in the order in which they came,
// also after a crash or a Close, when the store is opened again; [Tenant.Job] tells how far one is. The queuer is closed
// then, also if that failed.
func (q *Queuer) Finish() (*Job, error) {
	text, err := q.importer.finish()
	if err != nil {
		return nil, err
	}
	return decode[Job](text)
}

// Close gives the import up. After Finish, and a second time, it does nothing.
func (q *Queuer) Close() error { return q.importer.Close() }

// QueueImport reads the object that [Tenant.NewQueuer] describes to its end, and queues it. If the context is done or reading
// fails meanwhile, or anything in it is wrong, nothing of it is left.
func (t *Tenant) QueueImport(ctx context.Context, object io.Reader, opts *QueueOptions) (*Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	queuer, err := t.NewQueuer(opts)
	if err != nil {
		return nil, err
	}
	defer queuer.Close()
	if err := queuer.importer.feed(ctx, object); err != nil {
		return nil, err
	}
	return queuer.Finish()
}

// Job tells how far an import is that was queued. If it has not ended, that is waited for so long: then it is told as it
// stands. The wait ends early when the context is done. [ErrNotFound] if there is no such import.
func (t *Tenant) Job(ctx context.Context, correlationID string, wait time.Duration) (*Job, error) {
	return waited(t.store, wait, "the wait for an import was interrupted", func(part time.Duration) (*Job, bool, error) {
		encoded, err := json.Marshal(map[string]float64{"waitSeconds": part.Seconds()})
		if err != nil {
			return nil, false, err
		}
		text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
			tenantPtr, tenantLen := optional(t.name)
			idPtr, idLen := text(correlationID)
			optionsPtr, optionsLen := options(encoded)
			return C.scimdb_job_get(t.store.db, tenantPtr, tenantLen, idPtr, idLen, optionsPtr, optionsLen,
				&f.c.out, &f.c.err)
		})
		if err != nil {
			return nil, false, err
		}
		job, err := decode[Job](text)
		return job, err == nil && job.Finished != nil, err
	})
}

// Jobs are the imports of the tenant that were queued, in the order in which they came, the last thousand of those that have
// ended.
func (t *Tenant) Jobs(ctx context.Context) ([]Job, error) {
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		return C.scimdb_job_list(t.store.db, tenantPtr, tenantLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	list, err := decode[struct {
		Jobs []Job `json:"jobs"`
	}](text)
	if err != nil {
		return nil, err
	}
	return list.Jobs, nil
}
