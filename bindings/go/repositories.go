package scimdb

// #include "bridge.h"
import "C"

import (
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/cgo"
)

// Repositories are those of the host: resources that it knows and the store does not have, the users of a directory say. A
// search with [SearchRequest.SearchRepositories] finds them as well, by whatever way it comes, in tenants whose profile has
// repositories.
type Repositories struct {
	// Search adds what a search may find to the query. It may add more: the filter is evaluated again. It runs on the
	// goroutine that searches, or on a thread of the library, and on several at once; it may read and write the store, and
	// must not end its goroutine ([runtime.Goexit]).
	//
	// An error fails the search. Of a [Refusal] the client is told Status and Detail; any other error, and a panic, is a
	// failure of the host: the client is answered with 500 and not told what it was, and ErrorLog is.
	Search func(*RepositoryQuery) error
	// ErrorLog is told of failures and panics in Search. Nil: slog's default.
	ErrorLog *slog.Logger
}

// A RepositoryQuery is what a search asks the repositories of the host. It is good during that call only.
type RepositoryQuery struct {
	// Tenant is the tenant's name.
	Tenant string `json:"tenant"`
	// ResourceType is the resource type's name.
	ResourceType string `json:"resourceType"`
	// Filter is the filter as it was sent, or empty.
	Filter string `json:"filter"`
	// Count is how many resources the page has room for, those of the store among them.
	Count uint64 `json:"count"`
	found *C.scimdb_found
}

// Add adds a resource to what was found: a JSON object, or what encoding/json makes one of. What is no resource of the type
// that was asked for fails the search with [ErrInternal]: it is the host's failure.
func (q *RepositoryQuery) Add(resource any) error {
	encoded, err := encode(resource)
	if err != nil {
		return err
	}
	pointer, n := body(encoded)
	if code := C.scimdb_found_add(q.found, pointer, n); code != C.SCIMDB_OK {
		return errorOf(Code(code), "this resource cannot be added: it is no text, or the search has ended")
	}
	return nil
}

// SetRepositories sets the repositories of the store in place of those that were set before; nil: none. Searches that are
// under way may still ask the former ones. The store keeps a copy of the struct. Where processes share a store
// ([Options.Share]), each sets the same repositories, right after Open: they run in the process that holds it.
func (s *Store) SetRepositories(repositories *Repositories) error {
	f := newFrame()
	defer f.free()
	handle := cgo.Handle(0)
	if repositories != nil && repositories.Search != nil {
		kept := *repositories
		handle = cgo.NewHandle(&kept)
	}
	if code := C.scimdb_go_set_repositories(s.db, C.uintptr_t(handle), &f.c.err); code != C.SCIMDB_OK {
		return s.checked(f.failure(code))
	}
	return nil
}

// search asks the host, and tells how that failed.
func (r *Repositories) search(text []byte, found *C.scimdb_found) C.scimdb_code {
	query := RepositoryQuery{found: found}
	err := json.Unmarshal(text, &query)
	if err == nil {
		err = r.Search(&query)
	}
	// Whoever kept it has nothing to add any more.
	query.found = nil
	if err == nil {
		return C.SCIMDB_OK
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		report(r.ErrorLog, "a search of repositories failed", "error", err)
		refusal = repositoriesFailed()
	}
	refusal.fail(found)
	return C.SCIMDB_UNAVAILABLE
}

// fail says that a search fails with a refusal.
func (r *Refusal) fail(found *C.scimdb_found) {
	complete := r.complete()
	detailPtr, detailLen := text(complete.Detail)
	C.scimdb_found_fail(found, C.int32_t(complete.Status), detailPtr, detailLen)
}

// repositoriesFailed is what clients are told of a failure that is none of their business.
func repositoriesFailed() *Refusal {
	return &Refusal{Status: 500, Detail: "the host of the store failed to search its repositories"}
}
