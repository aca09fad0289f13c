package scimdb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

// user is what tests read of a User.
type user struct {
	Schemas     []string `json:"schemas"`
	ID          string   `json:"id,omitempty"`
	UserName    string   `json:"userName"`
	DisplayName string   `json:"displayName,omitempty"`
	UserType    string   `json:"userType,omitempty"`
	Active      bool     `json:"active,omitempty"`
	Meta        struct {
		Version  string `json:"version"`
		Location string `json:"location"`
	} `json:"meta,omitzero"`
}

func named(name string) user { return user{Schemas: []string{userSchema}, UserName: name} }

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants checks the kind of an error.
func wants(t *testing.T, err, kind error) *scimdb.Error {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("%v, and not %v", err, kind)
	}
	var failure *scimdb.Error
	errors.As(err, &failure)
	return failure
}

// eventually waits for what another thread does.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about")
		}
	}
}

// memory opens a store in memory.
func memory(t *testing.T, opts *scimdb.Options) *scimdb.Store {
	t.Helper()
	store := must[*scimdb.Store](t)(scimdb.Open(":memory:", opts))
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func create(t *testing.T, tenant *scimdb.Tenant, name string) user {
	t.Helper()
	return must[user](t)(scimdb.As[user](tenant.Create(t.Context(), "User", named(name), nil)))
}

func TestLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "störe")
	_, err := scimdb.Open(path, &scimdb.Options{MustExist: true})
	wants(t, err, scimdb.ErrNotFound)
	store := must[*scimdb.Store](t)(scimdb.Open(path, nil))
	ann := create(t, store.Tenant(""), "ann")

	_, err = scimdb.Open(path, nil)
	if failure := wants(t, err, scimdb.ErrLocked); !failure.Retriable || failure.Status != 503 {
		t.Errorf("%+v", failure)
	}
	check(t, store.Close())
	check(t, store.Close())
	for _, err := range afterClose(t, store) {
		wants(t, err, scimdb.ErrClosed)
		wants(t, err, scimdb.ErrMisuse)
	}

	store = must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{MustExist: true, Holder: "a test"}))
	found := must[user](t)(scimdb.As[user](store.Tenant("default").Get(t.Context(), "User", ann.ID, nil)))
	if found.UserName != "ann" {
		t.Errorf("%+v", found)
	}
	check(t, store.Close())
}

func afterClose(t *testing.T, store *scimdb.Store) []error {
	ctx, tenant := t.Context(), store.Tenant("default")
	_, get := tenant.Get(ctx, "User", "x", nil)
	_, search := tenant.Search(ctx, "User", "{}")
	_, handle := tenant.Handle(ctx, &scimdb.Request{Method: "GET", Target: "/Users"})
	_, importer := tenant.NewImporter(nil)
	_, subscription := store.OnChange(func(uint64) {})
	_, stats := store.Stats(ctx)
	var iterate error
	for _, iterate = range tenant.Iterate(ctx, "User", "{}") {
	}
	hooks := store.SetHooks(&scimdb.Hooks{AfterCommit: func(*scimdb.Write) {}})
	return []error{get, search, handle, importer, subscription, stats, iterate, hooks, store.Interrupt(),
		tenant.Delete(ctx, "User", "x", nil)}
}

func TestOptions(t *testing.T) {
	store := memory(t, &scimdb.Options{
		CacheBytes: 8 << 20, DefaultPage: 2, MaxPage: 3, CursorTTL: 1500 * time.Millisecond, MaxBulkOperations: -1,
		KeepChanges: 1, HashMemoryBytes: 20 << 20,
		Index: &scimdb.IndexOptions{Disabled: true, From: 10, MaxOpen: 2, MaxMemoryBytes: 1 << 20},
	})
	tenant := store.Tenant("default")
	for _, name := range []string{"a", "b", "c", "d"} {
		create(t, tenant, name)
	}
	page := func(request any) scimdb.ListResponse[user] {
		return must[scimdb.ListResponse[user]](t)(scimdb.As[scimdb.ListResponse[user]](tenant.Search(t.Context(), "User", request)))
	}
	if found := page(nil); found.TotalResults != 4 || len(found.Resources) != 2 {
		t.Errorf("%+v", found)
	}
	if found := page(scimdb.SearchRequest{Count: scimdb.Ptr(0)}); found.TotalResults != 4 || len(found.Resources) != 0 {
		t.Errorf("%+v", found)
	}
	found := page(scimdb.SearchRequest{Count: scimdb.Ptr(9), Cursor: scimdb.Ptr(""), SortBy: "userName", SortOrder: "descending"})
	if len(found.Resources) != 3 || found.Resources[0].UserName != "d" || found.NextCursor == "" {
		t.Errorf("%+v", found)
	}
	_, err := tenant.Changes(t.Context(), 0, 0, 0)
	wants(t, err, scimdb.ErrOutOfRange)
}

func TestErrorsTellEverything(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	_, err := tenant.Search(ctx, "User", scimdb.SearchRequest{Filter: `userName eq "é" and`})
	failure := wants(t, err, scimdb.ErrInvalidFilter)
	if failure.Code != 1 || failure.Name != "INVALID_FILTER" || failure.Status != 400 || failure.ScimType != "invalidFilter" ||
		failure.Offset != 20 || failure.Retriable || failure.Detail == "" {
		t.Errorf("%+v", failure)
	}
	message := must[map[string]any](t)(scimdb.As[map[string]any](failure.JSON, nil))
	if message["status"] != "400" || message["scimType"] != "invalidFilter" {
		t.Errorf("%v", message)
	}
	if text := failure.Error(); !strings.Contains(text, failure.Name) || !strings.Contains(text, failure.Detail) {
		t.Error(text)
	}
	_, err = tenant.Create(ctx, "User", `{"schemas": ["`+userSchema+`"], "userName": "a", "active": "maybe"}`, nil)
	if failure := wants(t, err, scimdb.ErrInvalidValue); failure.Attribute != "active" {
		t.Errorf("%+v", failure)
	}
	_, err = tenant.Get(ctx, "User", "nobody", nil)
	if failure := wants(t, err, scimdb.ErrNotFound); failure.ScimType != "" || failure.Attribute != "" || failure.Offset != -1 {
		t.Errorf("%+v", failure)
	}
	if errors.Is(err, scimdb.ErrClosed) || errors.Is(err, scimdb.ErrUnknownType) {
		t.Error("it is something else, too")
	}
	_, err = tenant.Get(ctx, "User\xff", "nobody", nil)
	wants(t, err, scimdb.ErrMisuse)
	_, err = tenant.Create(ctx, "User", "", nil)
	wants(t, err, scimdb.ErrInvalidSyntax)
	if _, err = tenant.Create(ctx, "User", func() {}, nil); err == nil || errors.As(err, &failure) && failure.Code == 0 {
		t.Errorf("a function became JSON: %v", err)
	}
}

func TestVerbs(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	body := must[[]byte](t)(json.Marshal(named("ann")))
	forms := []any{named("a"), &user{Schemas: []string{userSchema}, UserName: "b"}, map[string]any{"userName": "c", "schemas": []string{userSchema}},
		string(body), strings.NewReplacer("ann", "d").Replace(string(body)), json.RawMessage(strings.ReplaceAll(string(body), "ann", "e"))}
	for _, form := range forms {
		must[json.RawMessage](t)(tenant.Create(ctx, "User", form, nil))
	}
	made := must[user](t)(scimdb.As[user](tenant.Create(ctx, "User", []byte(strings.ReplaceAll(string(body), "ann", "Zoë 木")),
		&scimdb.WriteOptions{ID: "own id", Base: "https://example.com"})))
	if made.ID != "own id" || made.UserName != "Zoë 木" || !strings.HasPrefix(made.Meta.Location, "https://example.com/Users/") {
		t.Errorf("%+v", made)
	}
	stale := &scimdb.WriteOptions{IfMatch: made.Meta.Version}
	made.DisplayName = strings.Repeat("👩‍👩‍👧", 20_000)
	replaced := must[user](t)(scimdb.As[user](tenant.Replace(ctx, "User", made.ID, made, stale)))
	if replaced.DisplayName != made.DisplayName {
		t.Error("a large value is not what it was")
	}
	patch := `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [{"op": "replace", "path": "displayName", "value": "Z"}, {"op": "add", "path": "password", "value": "öpen Sesame"}]}`
	_, err := tenant.Patch(ctx, "User", made.ID, patch, stale)
	wants(t, err, scimdb.ErrVersionMismatch)
	patched := must[json.RawMessage](t)(tenant.Patch(ctx, "User", made.ID, patch, &scimdb.WriteOptions{Attributes: []string{"displayName"}, Actor: "ann"}))
	if text := string(patched); !strings.Contains(text, `"Z"`) || strings.Contains(text, "userName") || strings.Contains(text, "Sesame") {
		t.Error(text)
	}
	for password, is := range map[string]bool{"öpen Sesame": true, "open Sesame": false, "": false} {
		if found := must[bool](t)(tenant.VerifyPassword(ctx, "User", made.ID, password)); found != is {
			t.Errorf("%q: %v", password, found)
		}
	}
	current := must[user](t)(scimdb.As[user](tenant.Get(ctx, "User", made.ID, nil)))
	_, err = tenant.Get(ctx, "User", made.ID, &scimdb.ReadOptions{IfNoneMatch: current.Meta.Version})
	wants(t, err, scimdb.ErrNotModified)
	check(t, tenant.Delete(ctx, "User", made.ID, nil))
	wants(t, tenant.Delete(ctx, "User", made.ID, nil), scimdb.ErrNotFound)

	bulk := `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
		{"method": "POST", "path": "/Users", "bulkId": "1", "data": {"schemas": ["` + userSchema + `"], "userName": "bulk"}},
		{"method": "DELETE", "path": "/Users/nobody"}]}`
	done := must[struct{ Operations []struct{ Status string } }](t)(scimdb.As[struct{ Operations []struct{ Status string } }](
		tenant.Bulk(ctx, bulk, &scimdb.BulkOptions{Actor: "ann"})))
	if len(done.Operations) != 2 || done.Operations[0].Status != "201" || done.Operations[1].Status != "404" {
		t.Errorf("%+v", done)
	}
	explained := must[map[string]any](t)(scimdb.As[map[string]any](tenant.Explain(ctx, "User", scimdb.SearchRequest{Filter: `userName eq "a"`})))
	if len(explained) == 0 {
		t.Error("nothing is explained")
	}
}

func TestContextsThatAreDone(t *testing.T) {
	tenant := memory(t, nil).Tenant("default")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	// It would wait for an hour.
	_, err := tenant.Changes(ctx, 0, 0, time.Hour)
	wants(t, err, context.Canceled)
	for _, err = range tenant.Watch(ctx, 0) {
	}
	wants(t, err, context.Canceled)
	for _, err = range tenant.Iterate(ctx, "User", nil) {
	}
	wants(t, err, context.Canceled)
	_, err = tenant.Create(ctx, "User", named("a"), nil)
	wants(t, err, context.Canceled)
	_, err = tenant.Import(ctx, strings.NewReader(`{"userName": "a"}`), nil)
	wants(t, err, context.Canceled)
	if stats := must[*scimdb.Stats](t)(tenant.Store().Stats(t.Context())); stats.Sequence != 0 {
		t.Error("something was written")
	}
}

// Any number of goroutines read and write while the store is closed: each call is answered, or told that it is.
func TestClosedWhileInUse(t *testing.T) {
	store := must[*scimdb.Store](t)(scimdb.Open(":memory:", nil))
	ctx, tenant := t.Context(), store.Tenant("default")
	ann := create(t, tenant, "ann")
	var workers sync.WaitGroup
	errs := make(chan error, 64)
	for worker := range 16 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := 0; ; n++ {
				var err error
				switch worker % 4 {
				case 0:
					_, err = tenant.Create(ctx, "User", named(fmt.Sprintf("%d-%d", worker, n)), nil)
				case 1:
					_, err = tenant.Get(ctx, "User", ann.ID, nil)
				case 2:
					for _, err = range tenant.Iterate(ctx, "User", nil) {
						if err != nil {
							break
						}
					}
				case 3:
					_, err = tenant.Changes(ctx, uint64(n), 1, time.Second)
					if errors.Is(err, scimdb.ErrOutOfRange) {
						err, n = nil, 0
					}
				}
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	check(t, store.Close())
	workers.Wait()
	close(errs)
	for err := range errs {
		// A wait for changes that was under way tells that the store is closing.
		if !errors.Is(err, scimdb.ErrClosed) && !errors.Is(err, scimdb.ErrUnavailable) {
			t.Error(err)
		}
	}
}
