package scimdb

// #include "bridge.h"
import "C"

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"
)

// ImportOptions say how rows are imported.
type ImportOptions struct {
	// ResourceType is the resource type of rows that do not tell theirs by meta.resourceType or schemas.
	ResourceType string `json:"resourceType,omitempty"`
	// OnConflict is what becomes of a row whose id or unique value is there already: "fail", which is the default,
	// rejects it, "skip" leaves what is there, "replace" replaces that.
	OnConflict string `json:"onConflict,omitempty"`
	// Restore keeps meta and readOnly attributes as well: for what an export wrote.
	Restore bool `json:"restore,omitempty"`
	// Actor is who imports, for the change log.
	Actor string `json:"actor,omitempty"`
}

// An ImportReport tells what became of the rows.
type ImportReport struct {
	// Read is how many rows there were.
	Read uint64 `json:"read"`
	// Created is how many were created.
	Created uint64 `json:"created"`
	// Replaced is how many replaced what was there.
	Replaced uint64 `json:"replaced"`
	// Skipped is how many were left out because what they hold was there.
	Skipped uint64 `json:"skipped"`
	// Rejected is how many were refused.
	Rejected uint64 `json:"rejected"`
	// Rejects tell which, and why.
	Rejects []Reject `json:"rejects"`
}

// A Reject is a row that was not imported.
type Reject struct {
	// Row is its line, counted from 1.
	Row uint64 `json:"row"`
	// Error tells why: the Error message of RFC 7644 section 3.12.
	Error json.RawMessage `json:"error"`
	// Input is the row as it was given.
	Input string `json:"input"`
}

// An Importer takes rows in chunks: resources as lines of JSON, cut anywhere. It is an [io.Writer]. One goroutine at a time
// works with it; others wait.
type Importer struct {
	store *Store
	mu    sync.Mutex
	c     *C.scimdb_import
}

// NewImporter begins an import. Close gives it up if it was not finished: rows that are not yet committed are gone then.
// Rows are committed in batches, in the background.
func (t *Tenant) NewImporter(opts *ImportOptions) (*Importer, error) {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return nil, err
	}
	return t.openImport(encoded)
}

// openImport begins an import with the options that scimdb_import_open takes.
func (t *Tenant) openImport(encoded []byte) (*Importer, error) {
	f := newFrame()
	defer f.free()
	tenantPtr, tenantLen := optional(t.name)
	optionsPtr, optionsLen := options(encoded)
	code := C.scimdb_import_open(t.store.db, tenantPtr, tenantLen, optionsPtr, optionsLen, &f.c.importer, &f.c.err)
	if code != C.SCIMDB_OK {
		return nil, t.store.checked(f.failure(code))
	}
	return &Importer{store: t.store, c: f.c.importer}, nil
}

// Write takes the next bytes of the rows.
func (i *Importer) Write(chunk []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.c == nil {
		return 0, closedError("importer")
	}
	f := newFrame()
	defer f.free()
	chunkPtr, chunkLen := body(chunk)
	if code := C.scimdb_import_feed(i.c, chunkPtr, chunkLen, &f.c.err); code != C.SCIMDB_OK {
		return 0, i.store.checked(f.failure(code))
	}
	return len(chunk), nil
}

// Finish commits what is left and tells what became of the rows. The importer is closed then, also if that failed.
func (i *Importer) Finish() (*ImportReport, error) {
	text, err := i.finish()
	if err != nil {
		return nil, err
	}
	return decode[ImportReport](text)
}

// finish ends the import, and gives the library's answer.
func (i *Importer) finish() ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.c == nil {
		return nil, closedError("importer")
	}
	f := newFrame()
	defer f.free()
	code := C.scimdb_import_finish(i.c, &f.c.out, &f.c.err)
	i.c = nil
	if code != C.SCIMDB_OK {
		return nil, i.store.checked(f.failure(code))
	}
	return f.out(), nil
}

// Close gives the import up. After Finish, and a second time, it does nothing.
func (i *Importer) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	C.scimdb_import_free(i.c)
	i.c = nil
	return nil
}

// chunk is how many bytes are fed at a time.
const chunk = 256 << 10

// Import reads rows to their end: resources as lines of JSON. If the context is done or reading fails meanwhile, the import
// is given up; batches that were committed by then stay.
func (t *Tenant) Import(ctx context.Context, rows io.Reader, opts *ImportOptions) (*ImportReport, error) {
	return t.imported(ctx, opts, func(importer *Importer) error { return importer.feed(ctx, rows) })
}

// feed reads to the end, unless the context is done.
func (i *Importer) feed(ctx context.Context, rows io.Reader) error {
	buffer := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := rows.Read(buffer)
		if n > 0 {
			if _, err := i.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("scimdb: what is to be imported cannot be read: %w", err)
		}
	}
}

// ImportSeq imports what a sequence gives: JSON text, or what encoding/json makes JSON of.
func ImportSeq[T any](ctx context.Context, t *Tenant, rows iter.Seq[T], opts *ImportOptions) (*ImportReport, error) {
	return t.imported(ctx, opts, func(importer *Importer) error {
		var buffer bytes.Buffer
		flush := func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err := importer.Write(buffer.Bytes())
			buffer.Reset()
			return err
		}
		for row := range rows {
			encoded, err := encode(row)
			if err != nil {
				return err
			}
			// A row is a line. What is no JSON is left to the store to reject.
			if err := json.Compact(&buffer, encoded); err != nil {
				buffer.Write(bytes.ReplaceAll(encoded, []byte("\n"), []byte(" ")))
			}
			buffer.WriteByte('\n')
			if buffer.Len() >= chunk {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	})
}

// imported runs a whole import.
func (t *Tenant) imported(ctx context.Context, opts *ImportOptions, feed func(*Importer) error) (*ImportReport, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	importer, err := t.NewImporter(opts)
	if err != nil {
		return nil, err
	}
	defer importer.Close()
	if err := feed(importer); err != nil {
		return nil, err
	}
	return importer.Finish()
}
