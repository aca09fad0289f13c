// Command driver runs the vectors of the project's corpus through this package: it reads a request a line on standard input, and
// answers with a line on standard output. The runner is tests/drive in the project's root.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// request has the members of all operations.
type request struct {
	Op         string                `json:"op"`
	Tenant     string                `json:"tenant"`
	Type       string                `json:"type"`
	ID         string                `json:"id"`
	JSON       string                `json:"json"`
	Request    string                `json:"request"`
	Name       string                `json:"name"`
	Secret     string                `json:"secret"`
	Documents  json.RawMessage       `json:"documents"`
	Options    json.RawMessage       `json:"options"`
	Chunks     []string              `json:"chunks"`
	Since      uint64                `json:"since"`
	Max        int                   `json:"max"`
	WaitMS     int64                 `json:"wait_ms"`
	Method     string                `json:"method"`
	Target     string                `json:"target"`
	Headers    [][2]string           `json:"headers"`
	Body       string                `json:"body"`
	BodyBase64 *string               `json:"body_base64"`
	Context    scimdb.RequestContext `json:"context"`
}

func main() {
	log.SetFlags(0)
	var driver driver
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			answer, failed := json.Marshal(driver.answer(line))
			if failed != nil {
				log.Fatal(failed)
			}
			out.Write(append(answer, '\n'))
			if failed := out.Flush(); failed != nil {
				log.Fatal(failed)
			}
		}
		if err != nil {
			break
		}
	}
	if driver.store != nil {
		if err := driver.store.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// object is a JSON object.
type object map[string]any

// driver is the store that requests are for.
type driver struct{ store *scimdb.Store }

// errUnsupported is the error of an operation that there is not.
var errUnsupported = errors.New("unsupported")

func (d *driver) answer(line []byte) object {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		log.Fatalf("the driver cannot read %.200s: %v", line, err)
	}
	ok, err := d.run(context.Background(), &r)
	var failure *scimdb.Error
	switch {
	case err == nil:
		return object{"ok": ok}
	case errors.Is(err, errUnsupported):
		return object{"unsupported": true}
	case errors.As(err, &failure):
		return object{"error": told(failure)}
	}
	log.Fatalf("%s: %v", r.Op, err)
	return nil
}

// told is what an error carries.
func told(e *scimdb.Error) object {
	told := object{"code": e.Code, "name": e.Name, "status": e.Status, "detail": e.Detail, "retriable": e.Retriable,
		"scimType": nullable(e.ScimType), "attribute": nullable(e.Attribute), "offset": nil}
	if e.Offset >= 0 {
		told["offset"] = e.Offset
	}
	return told
}

// run does a request.
func (d *driver) run(ctx context.Context, r *request) (object, error) {
	switch r.Op {
	case "hello":
		return object{"language": "go", "version": scimdb.Version(), "kind": "binding"}, nil
	case "open":
		return object{}, d.open(r.Options)
	case "tenant_create":
		opts, err := given[scimdb.TenantOptions](r.Options)
		if err != nil {
			return nil, err
		}
		return object{}, d.store.CreateTenant(ctx, r.Name, opts)
	case "tenant_drop":
		return object{}, d.store.DropTenant(ctx, r.Name)
	case "stats":
		return typed(d.store.Stats(ctx))
	case "authenticate":
		identity, err := d.store.Authenticate(ctx, r.Secret)
		if err != nil {
			return nil, err
		}
		told := object{"tenant": identity.Tenant, "name": identity.Name, "scope": identity.Scope,
			"subject": nullable(identity.Subject)}
		if len(identity.Permissions) > 0 {
			told["permissions"] = identity.Permissions
		}
		return typed(&told, nil)
	}
	return run(ctx, d.store.Tenant(r.Tenant), r)
}

// run does a request for a tenant.
func run(ctx context.Context, tenant *scimdb.Tenant, r *request) (object, error) {
	switch r.Op {
	case "get":
		opts, err := given[scimdb.ReadOptions](r.Options)
		if err != nil {
			return nil, err
		}
		return text(tenant.Get(ctx, r.Type, r.ID, opts))
	case "search":
		return text(tenant.Search(ctx, r.Type, r.Request))
	case "explain":
		return text(tenant.Explain(ctx, r.Type, r.Request))
	case "iterate":
		found := []string{}
		for row, err := range tenant.Iterate(ctx, r.Type, r.Request) {
			if err != nil {
				return nil, err
			}
			found = append(found, string(row))
		}
		return object{"json": found}, nil
	case "changes":
		return changes(tenant.Changes(ctx, r.Since, r.Max, time.Duration(r.WaitMS)*time.Millisecond))
	case "schema_put":
		return object{}, tenant.PutSchemas(ctx, r.Documents)
	case "import":
		return imported(tenant, r)
	case "handle":
		return handle(ctx, tenant, r)
	case "token_create":
		return newToken(ctx, tenant, r)
	}
	return write(ctx, tenant, r)
}

// write does a request that writes.
func write(ctx context.Context, tenant *scimdb.Tenant, r *request) (object, error) {
	if r.Op == "bulk" {
		opts, err := given[scimdb.BulkOptions](r.Options)
		if err != nil {
			return nil, err
		}
		return text(tenant.Bulk(ctx, r.Request, opts))
	}
	opts, err := given[scimdb.WriteOptions](r.Options)
	if err != nil {
		return nil, err
	}
	switch r.Op {
	case "create":
		return text(tenant.Create(ctx, r.Type, r.JSON, opts))
	case "replace":
		return text(tenant.Replace(ctx, r.Type, r.ID, r.JSON, opts))
	case "patch":
		return text(tenant.Patch(ctx, r.Type, r.ID, r.JSON, opts))
	case "delete":
		return object{}, tenant.Delete(ctx, r.Type, r.ID, opts)
	}
	return nil, errUnsupported
}

// open opens a new store in memory, in place of an earlier one.
func (d *driver) open(text json.RawMessage) error {
	if d.store != nil {
		if err := d.store.Close(); err != nil {
			return err
		}
	}
	opts, err := given[struct {
		CacheBytes        int64  `json:"cacheBytes"`
		DefaultPage       int    `json:"defaultPage"`
		MaxPage           int    `json:"maxPage"`
		CursorTTLSeconds  int64  `json:"cursorTtlSeconds"`
		MaxBulkOperations *int   `json:"maxBulkOperations"`
		KeepChanges       uint64 `json:"keepChanges"`
		HashMemoryBytes   int64  `json:"hashMemoryBytes"`
		Holder            string `json:"holder"`
		ValueKeysFile     string `json:"valueKeysFile"`
		ValueKeys         []struct {
			ID  string `json:"id"`
			Key []byte `json:"key"`
		} `json:"valueKeys"`
		Index *struct {
			Enabled   *bool  `json:"enabled"`
			From      uint64 `json:"from"`
			MaxOpen   int    `json:"maxOpen"`
			MaxMemory uint64 `json:"maxMemory"`
		} `json:"index"`
	}](text)
	if err != nil {
		return err
	}
	options := &scimdb.Options{}
	if opts != nil {
		*options = scimdb.Options{CacheBytes: opts.CacheBytes, DefaultPage: opts.DefaultPage, MaxPage: opts.MaxPage,
			CursorTTL: time.Duration(opts.CursorTTLSeconds) * time.Second, KeepChanges: opts.KeepChanges,
			HashMemoryBytes: opts.HashMemoryBytes, Holder: opts.Holder, ValueKeysFile: opts.ValueKeysFile}
		for _, key := range opts.ValueKeys {
			options.ValueKeys = append(options.ValueKeys, scimdb.ValueKey{ID: key.ID, Key: key.Key})
		}
		if most := opts.MaxBulkOperations; most != nil {
			options.MaxBulkOperations = *most
			if *most == 0 {
				options.MaxBulkOperations = -1
			}
		}
		if index := opts.Index; index != nil {
			options.Index = &scimdb.IndexOptions{Disabled: index.Enabled != nil && !*index.Enabled, From: index.From,
				MaxOpen: index.MaxOpen, MaxMemoryBytes: index.MaxMemory}
		}
	}
	d.store, err = scimdb.Open(":memory:", options)
	return err
}

// changes is the text that the library gave: an actor that there is not is null in it.
func changes(found *scimdb.Changes, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	told := []object{}
	for _, change := range found.Changes {
		told = append(told, object{"sequence": change.Sequence, "time": change.Time, "actor": nullable(change.Actor),
			"correlationId": nullable(change.CorrelationID), "operation": change.Operation, "resourceType": change.ResourceType, "id": change.ID,
			"attributes": change.Attributes})
	}
	return typed(&object{"changes": told, "last": found.Last}, nil)
}

func imported(tenant *scimdb.Tenant, r *request) (object, error) {
	opts, err := given[scimdb.ImportOptions](r.Options)
	if err != nil {
		return nil, err
	}
	importer, err := tenant.NewImporter(opts)
	if err != nil {
		return nil, err
	}
	defer importer.Close()
	for _, chunk := range r.Chunks {
		if _, err := importer.Write([]byte(chunk)); err != nil {
			return nil, err
		}
	}
	return typed(importer.Finish())
}

func handle(ctx context.Context, tenant *scimdb.Tenant, r *request) (object, error) {
	body := []byte(r.Body)
	if r.BodyBase64 != nil {
		var err error
		if body, err = base64.StdEncoding.DecodeString(*r.BodyBase64); err != nil {
			return nil, err
		}
	}
	response, err := tenant.Handle(ctx, &scimdb.Request{
		Method: r.Method, Target: r.Target, Headers: r.Headers, Body: body, Context: r.Context,
	})
	if err != nil {
		return nil, err
	}
	return object{"status": response.Status, "headers": response.Headers, "body": string(response.Body)}, nil
}

func newToken(ctx context.Context, tenant *scimdb.Tenant, r *request) (object, error) {
	opts, err := given[struct {
		Scope           string   `json:"scope"`
		LifetimeSeconds int64    `json:"lifetimeSeconds"`
		Subject         string   `json:"subject"`
		Permissions     []string `json:"permissions"`
	}](r.Options)
	if err != nil {
		return nil, err
	}
	options := &scimdb.TokenOptions{}
	if opts != nil {
		lifetime := time.Duration(opts.LifetimeSeconds) * time.Second
		*options = scimdb.TokenOptions{Scope: opts.Scope, Lifetime: lifetime, Subject: opts.Subject, Permissions: opts.Permissions}
	}
	return typed(tenant.CreateToken(ctx, r.Name, options))
}

// given is the options of a request; nil if there are none. One that the package does not have is told as the store does.
func given[T any](options json.RawMessage) (*T, error) {
	if len(options) == 0 || bytes.Equal(options, []byte("null")) || bytes.Equal(options, []byte("{}")) {
		return nil, nil
	}
	value := new(T)
	decoder := json.NewDecoder(bytes.NewReader(options))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return nil, fmt.Errorf("these options the package does not have: %s: %w", options, err)
	}
	return value, nil
}

// text is an answer of JSON text.
func text(answer json.RawMessage, err error) (object, error) {
	return object{"json": string(answer)}, err
}

// nullable is null for what is empty.
func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// typed is an answer that the package gives as a struct.
func typed[T any](answer *T, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	return text(json.Marshal(answer))
}
