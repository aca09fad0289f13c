package scimdb

import (
	"encoding/json"
	"time"
)

// Options say how a store is opened. The zero value of a field is the default.
type Options struct {
	// CacheBytes is how many bytes of pages are kept in memory. Default 64 MiB.
	CacheBytes int64
	// MustExist: do not make a store where there is none.
	MustExist bool
	// DefaultPage is how many resources a page has when a search names no count. Default 100.
	DefaultPage int
	// MaxPage is how many resources a page has at most. Default 1,000.
	MaxPage int
	// CursorTTL is how long a page cursor (RFC 9865) is valid. Default 10 minutes.
	CursorTTL time.Duration
	// MaxBulkOperations is how many operations a bulk request has at most. Default 1,000; negative: there is no bulk.
	MaxBulkOperations int
	// KeepChanges is how many entries of the change log are kept for each tenant. Default: all.
	KeepChanges uint64
	// Holder says who holds the store, for the error that a second process gets: an address, say.
	Holder string
	// HashMemoryBytes is how much memory the hashing of passwords may use at one time. Default 76 MiB.
	HashMemoryBytes int64
	// Index says when and how resources are indexed. Nil: the default.
	Index *IndexOptions
	// Share lets several processes open the store, if all of them say so: one holds it, and the others send their calls
	// to that one. Only that one can serve; elsewhere [Store.Serve] is [ErrNotImplemented].
	Share bool
	// ValueKeys are the keys of the values that profiles encrypt at rest. The first is the current one, by which values are
	// encrypted; the others are for values that were encrypted before. Keep them elsewhere than the store and its backups:
	// without its key such a value is lost for ever, and nobody can restore it.
	ValueKeys []ValueKey
	// ValueKeysFile is the path of a JSON file with such keys, in place of ValueKeys: {"keys": [{"id": …, "key": base64}, …]}.
	// [Store.RotateValueKeys] reads it again.
	ValueKeysFile string
}

// A ValueKey is a key of values that are encrypted at rest.
type ValueKey struct {
	// ID is what the store knows it by.
	ID string
	// Key is the key: 32 bytes that nobody can guess, of crypto/rand say. No JSON, and no text, tells it.
	Key []byte `json:"-"`
}

// String is the id alone: a key does not belong in a log.
func (k ValueKey) String() string { return "ValueKey(" + k.ID + ")" }

// GoString is the same.
func (k ValueKey) GoString() string { return k.String() }

// IndexOptions say when and how resources are indexed. What is indexed is decided by the schemas alone. The zero value of a
// field is the default.
type IndexOptions struct {
	// Disabled: what no unique key answers is answered by looking at every resource.
	Disabled bool
	// From is how many resources a type has in a tenant from which on it has an index. Default 2,000.
	From uint64
	// MaxOpen is how many indexes are open at the same time. Default 256.
	MaxOpen int
	// MaxMemoryBytes is how much memory the parts of indexes may take that are not on disk. Default 256 MiB.
	MaxMemoryBytes uint64
}

// encode is the JSON that scimdb_open takes; nil where all is as it is by default.
func (o *Options) encode() ([]byte, error) {
	if o == nil {
		return nil, nil
	}
	fields := map[string]any{}
	set := func(name string, isSet bool, value any) {
		if isSet {
			fields[name] = value
		}
	}
	set("cacheBytes", o.CacheBytes != 0, o.CacheBytes)
	set("create", o.MustExist, false)
	set("defaultPage", o.DefaultPage != 0, o.DefaultPage)
	set("maxPage", o.MaxPage != 0, o.MaxPage)
	set("cursorTtlSeconds", o.CursorTTL != 0, o.CursorTTL.Seconds())
	set("maxBulkOperations", o.MaxBulkOperations != 0, max(o.MaxBulkOperations, 0))
	set("keepChanges", o.KeepChanges != 0, o.KeepChanges)
	set("holder", o.Holder != "", o.Holder)
	set("hashMemoryBytes", o.HashMemoryBytes != 0, o.HashMemoryBytes)
	set("share", o.Share, true)
	set("valueKeys", len(o.ValueKeys) > 0, encodeKeys(o.ValueKeys))
	set("valueKeysFile", o.ValueKeysFile != "", o.ValueKeysFile)
	if index := o.Index; index != nil {
		outer := fields
		fields = map[string]any{}
		set("enabled", index.Disabled, false)
		set("from", index.From != 0, index.From)
		set("maxOpen", index.MaxOpen != 0, index.MaxOpen)
		set("maxMemory", index.MaxMemoryBytes != 0, index.MaxMemoryBytes)
		outer["index"], fields = fields, outer
	}
	return json.Marshal(fields)
}

// encodeKeys is the keys as scimdb_open takes them: encoding/json writes bytes in base64.
func encodeKeys(keys []ValueKey) []map[string]any {
	encoded := make([]map[string]any, 0, len(keys))
	for _, key := range keys {
		encoded = append(encoded, map[string]any{"id": key.ID, "key": append([]byte{}, key.Key...)})
	}
	return encoded
}

// ReadOptions are options of Get.
type ReadOptions struct {
	// Attributes are the attributes to show (RFC 7644 section 3.9); all that are returned by default if empty.
	Attributes []string `json:"attributes,omitempty"`
	// ExcludedAttributes are the attributes not to show.
	ExcludedAttributes []string `json:"excludedAttributes,omitempty"`
	// IfNoneMatch: [ErrNotModified] if the resource still has one of these versions: entity tags as the header
	// If-None-Match lists them, or *.
	IfNoneMatch string `json:"ifNoneMatch,omitempty"`
	// Base stands before meta.location and $ref: a URL without a slash at its end.
	Base string `json:"base,omitempty"`
	// APIVersion is the version of the API that the request is of, where the tenant's profile has versions: what came with a
	// later one is not shown. Default: the profile's.
	APIVersion int `json:"apiVersion,omitempty"`
}

// WriteOptions are options of Create, Replace, Patch and Delete.
type WriteOptions struct {
	// Attributes are the attributes that the answer shows (RFC 7644 section 3.9).
	Attributes []string `json:"attributes,omitempty"`
	// ExcludedAttributes are the attributes that the answer does not show.
	ExcludedAttributes []string `json:"excludedAttributes,omitempty"`
	// IfMatch: [ErrVersionMismatch] unless the resource has one of these versions: entity tags as the header If-Match
	// lists them, or * (RFC 7644 section 3.14).
	IfMatch string `json:"ifMatch,omitempty"`
	// IfNoneMatch: [ErrVersionMismatch] if the resource has one of these versions.
	IfNoneMatch string `json:"ifNoneMatch,omitempty"`
	// Actor is who writes, for the change log.
	Actor string `json:"actor,omitempty"`
	// Base stands before meta.location and $ref in the answer: a URL without a slash at its end.
	Base string `json:"base,omitempty"`
	// ID is the id of a resource to be created, and for Create alone. Default: the store makes one.
	ID string `json:"id,omitempty"`
	// Force deletes a resource that others name, too, where the tenant's profile asks for that; other writes do not look at it.
	Force bool `json:"force,omitempty"`
	// APIVersion is the version of the API that the request is of, where the tenant's profile has versions: what came with a
	// later one is not shown. Default: the profile's.
	APIVersion int `json:"apiVersion,omitempty"`
}

// BulkOptions are options of Bulk.
type BulkOptions struct {
	// Actor is who writes, for the change log.
	Actor string `json:"actor,omitempty"`
	// Base stands before meta.location and $ref in the answer: a URL without a slash at its end.
	Base string `json:"base,omitempty"`
	// APIVersion is the version of the API that all operations are of, where the tenant's profile has versions. Default: the
	// profile's.
	APIVersion int `json:"apiVersion,omitempty"`
}

// A SearchRequest is the message of RFC 7644 section 3.4.3. Searches take any JSON of that form; this is one.
type SearchRequest struct {
	// Attributes are the attributes to show.
	Attributes []string `json:"attributes,omitempty"`
	// ExcludedAttributes are the attributes not to show.
	ExcludedAttributes []string `json:"excludedAttributes,omitempty"`
	// Filter is an expression of RFC 7644 section 3.4.2.2; all resources if empty.
	Filter string `json:"filter,omitempty"`
	// SortBy is the path to sort by; the order of creation if empty.
	SortBy string `json:"sortBy,omitempty"`
	// SortOrder is "ascending", which is the default, or "descending".
	SortOrder string `json:"sortOrder,omitempty"`
	// StartIndex is the first resource of the page, counted from 1.
	StartIndex int `json:"startIndex,omitempty"`
	// Count is how many resources the page has at most; nil: [Options.DefaultPage]. Zero asks for totalResults alone.
	Count *int `json:"count,omitempty"`
	// Cursor asks for pages by cursor (RFC 9865): empty for the first one, then what the page before gave. Nil: by index.
	Cursor *string `json:"cursor,omitempty"`
	// SearchRepositories asks the repositories of the host as well ([Store.SetRepositories]), where the tenant's profile has
	// them. StartIndex is 0 then.
	SearchRepositories bool `json:"searchRepositories,omitempty"`
}

// Ptr is a pointer to a value, for the fields of a [SearchRequest].
func Ptr[T any](value T) *T { return &value }

// A ListResponse is the answer to a search (RFC 7644 section 3.4.2):
//
//	page, err := scimdb.As[scimdb.ListResponse[User]](tenant.Search(ctx, "User", request))
type ListResponse[T any] struct {
	// TotalResults is how many resources there are, exactly.
	TotalResults int `json:"totalResults"`
	// StartIndex is the first resource of the page, counted from 1.
	StartIndex int `json:"startIndex"`
	// ItemsPerPage is how many resources the page has.
	ItemsPerPage int `json:"itemsPerPage"`
	// NextCursor is the cursor of the next page (RFC 9865); empty at the last one.
	NextCursor string `json:"nextCursor"`
	// PreviousCursor is the cursor of the page before; empty at the first one.
	PreviousCursor string `json:"previousCursor"`
	// Resources are the resources of the page.
	Resources []T `json:"Resources"`
}
