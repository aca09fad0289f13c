package scimdb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// names gives users of many names, one after the other.
func names(count int) iter.Seq[user] {
	return func(yield func(user) bool) {
		for n := range count {
			if !yield(named(fmt.Sprintf("user-%03d", n))) {
				return
			}
		}
	}
}

func TestImport(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	users := &scimdb.ImportOptions{ResourceType: "User", Actor: "a test"}
	rows := "{\"userName\": \"Zoë 木\"}\n\n{\"userName\": \n{\"userName\": \"last\"}"
	report := must[*scimdb.ImportReport](t)(tenant.Import(ctx, iotest.OneByteReader(strings.NewReader(rows)), users))
	if report.Read != 3 || report.Created != 2 || report.Rejected != 1 || report.Rejects[0].Row != 3 || report.Rejects[0].Input != `{"userName": ` {
		t.Errorf("%+v", report)
	}
	if reason := string(report.Rejects[0].Error); !strings.Contains(reason, "invalidSyntax") {
		t.Error(reason)
	}
	report = must[*scimdb.ImportReport](t)(scimdb.ImportSeq(ctx, tenant, names(3000), users))
	if report.Created != 3000 {
		t.Errorf("%+v", report)
	}
	texts := slices.Values([]string{"{\n  \"userName\": \"text\"\n}", "no\nJSON", `{"userName": "user-001", "displayName": "new"}`})
	report = must[*scimdb.ImportReport](t)(scimdb.ImportSeq(ctx, tenant, texts, &scimdb.ImportOptions{ResourceType: "User", OnConflict: "replace"}))
	if report.Read != 3 || report.Created != 1 || report.Replaced != 1 || report.Rejected != 1 {
		t.Errorf("%+v", report)
	}
	_, err := tenant.Import(ctx, strings.NewReader(""), &scimdb.ImportOptions{OnConflict: "shrug"})
	wants(t, err, scimdb.ErrInvalidArgument)
	_, err = tenant.Import(ctx, iotest.ErrReader(io.ErrNoProgress), users)
	wants(t, err, io.ErrNoProgress)

	importer := must[*scimdb.Importer](t)(tenant.NewImporter(users))
	must[int64](t)(io.Copy(importer, strings.NewReader(`{"userName": "copied"}`)))
	if report := must[*scimdb.ImportReport](t)(importer.Finish()); report.Created != 1 {
		t.Errorf("%+v", report)
	}
	_, err = importer.Finish()
	wants(t, err, scimdb.ErrClosed)
	_, err = importer.Write([]byte("{}"))
	wants(t, err, scimdb.ErrClosed)
	check(t, importer.Close())

	// What is given up is gone.
	importer = must[*scimdb.Importer](t)(tenant.NewImporter(users))
	must[int](t)(importer.Write([]byte("{\"userName\": \"given-up\"}\n")))
	check(t, importer.Close())
	for row, err := range tenant.Iterate(ctx, "User", scimdb.SearchRequest{Filter: `userName eq "given-up"`}) {
		t.Errorf("%s, %v", row, err)
	}
}

func TestIterate(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	tenant := store.Tenant("default")
	must[*scimdb.ImportReport](t)(scimdb.ImportSeq(ctx, tenant, names(250), &scimdb.ImportOptions{ResourceType: "User"}))
	// Texts are the caller's: they outlive the loop.
	found := map[string]json.RawMessage{}
	for row, err := range tenant.Iterate(ctx, "", scimdb.SearchRequest{SortBy: "userName"}) {
		check(t, err)
		found[must[user](t)(scimdb.As[user](row, err)).UserName] = row
	}
	if len(found) != 250 {
		t.Errorf("%d of 250", len(found))
	}
	for _, name := range slices.Sorted(maps.Keys(found))[:3] {
		if !strings.Contains(string(found[name]), name) {
			t.Errorf("%s is %s", name, found[name])
		}
	}
	// Loops that are left early, in two ways, hold nothing: the store closes at the end of the test.
	all := tenant.Iterate(ctx, "User", nil)
	for range 100 {
		for range all {
			break
		}
	}
	func() {
		defer func() { _ = recover() }()
		for range all {
			panic("a body that fails")
		}
	}()
	// Writes in the loop are not seen by it.
	count := 0
	for range all {
		create(t, tenant, fmt.Sprintf("new-%d", count))
		count++
	}
	if count != 250 {
		t.Errorf("%d of 250", count)
	}
	var last error
	for _, last = range tenant.Iterate(ctx, "User", scimdb.SearchRequest{Filter: "userName eq"}) {
	}
	wants(t, last, scimdb.ErrInvalidFilter)
}

func TestChanges(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	ann := must[user](t)(scimdb.As[user](tenant.Create(ctx, "User", named("ann"), &scimdb.WriteOptions{Actor: "a test"})))
	check(t, tenant.Delete(ctx, "User", ann.ID, nil))
	changes := must[*scimdb.Changes](t)(tenant.Changes(ctx, 0, 1, 0))
	change := changes.Changes[0]
	if len(changes.Changes) != 1 || change.Operation != "create" || change.ResourceType != "User" || change.ID != ann.ID ||
		change.Actor != "a test" || change.Time.IsZero() || !slices.Contains(change.Attributes, "userName") {
		t.Errorf("%+v", changes)
	}
	rest := must[*scimdb.Changes](t)(tenant.Changes(ctx, changes.Last, 0, 0))
	if len(rest.Changes) != 1 || rest.Changes[0].Operation != "delete" {
		t.Errorf("%+v", rest)
	}
	_, err := tenant.Changes(ctx, rest.Last+1, 0, 0)
	wants(t, err, scimdb.ErrOutOfRange)

	seen := make(chan scimdb.Change)
	go func() {
		defer close(seen)
		for change, err := range tenant.Watch(ctx, rest.Last) {
			if err != nil {
				t.Error(err)
				return
			}
			seen <- change
			if change.Operation == "delete" {
				return
			}
		}
	}()
	for n := range 3 {
		made := create(t, tenant, fmt.Sprintf("bo-%d", n))
		if change := <-seen; change.ID != made.ID {
			t.Errorf("%+v", change)
		}
		if n == 2 {
			check(t, tenant.Delete(ctx, "User", made.ID, nil))
		}
	}
	if change := <-seen; change.Operation != "delete" {
		t.Errorf("%+v", change)
	}
}

// TestWatchOfALongLog reads more changes than Watch takes at a time.
func TestWatchOfALongLog(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	must[*scimdb.ImportReport](t)(scimdb.ImportSeq(ctx, tenant, names(2500), &scimdb.ImportOptions{ResourceType: "User"}))
	seen := map[string]bool{}
	for change, err := range tenant.Watch(ctx, 0) {
		check(t, err)
		seen[change.ID] = true
		if len(seen) == 2500 {
			break
		}
	}
}

func TestTenantsTokensAndSchemas(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	check(t, store.CreateTenant(ctx, "acme", &scimdb.TenantOptions{Profile: "okta"}))
	wants(t, store.CreateTenant(ctx, "acme", nil), scimdb.ErrAlreadyExists)
	check(t, store.ConfigureTenant(ctx, "acme", &scimdb.TenantOptions{Profile: "entra"}))
	tenants := must[[]scimdb.TenantInfo](t)(store.Tenants(ctx))
	if !slices.Contains(tenants, scimdb.TenantInfo{Name: "acme", Profile: "entra"}) {
		t.Errorf("%+v", tenants)
	}
	acme := store.Tenant("acme")
	if acme.Name() != "acme" || acme.Store() != store {
		t.Error("it is another one")
	}
	ann := create(t, acme, "ann")
	token := must[*scimdb.NewToken](t)(acme.CreateToken(ctx, "okta", &scimdb.TokenOptions{Scope: "read", Lifetime: 1e15, Subject: ann.ID}))
	identity := must[*scimdb.Identity](t)(store.Authenticate(ctx, token.Secret))
	if !reflect.DeepEqual(*identity, scimdb.Identity{Tenant: "acme", Name: "okta", Scope: "read", Subject: ann.ID}) {
		t.Errorf("%+v", identity)
	}
	tokens := must[[]scimdb.Token](t)(acme.Tokens(ctx))
	if len(tokens) != 1 || tokens[0].Name != "okta" || tokens[0].Expires == nil || !tokens[0].Expires.After(tokens[0].Created) {
		t.Errorf("%+v", tokens)
	}
	check(t, acme.RevokeToken(ctx, "okta"))
	_, err := store.Authenticate(ctx, token.Secret)
	wants(t, err, scimdb.ErrUnauthenticated)

	device := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": "urn:example:Device", "name": "Device",
		"attributes": []any{map[string]any{"name": "kind", "type": "string"}}}
	devices := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "Device", "name": "Device",
		"endpoint": "/Devices", "schema": "urn:example:Device"}
	check(t, acme.PutSchemas(ctx, []any{device, devices}))
	must[json.RawMessage](t)(acme.Create(ctx, "Device", `{"schemas": ["urn:example:Device"], "kind": "laptop"}`, nil))
	schemas := must[*scimdb.Schemas](t)(acme.Schemas(ctx))
	if !slices.ContainsFunc(schemas.Schemas, func(text json.RawMessage) bool { return strings.Contains(string(text), "urn:example:Device") }) ||
		len(schemas.ResourceTypes) != 3 {
		t.Errorf("%s", schemas.ResourceTypes)
	}
	wants(t, acme.RemoveSchema(ctx, "Device"), scimdb.ErrInUse)
	check(t, store.DropTenant(ctx, "acme"))
	_, err = acme.Get(ctx, "User", ann.ID, nil)
	wants(t, err, scimdb.ErrUnknownTenant)
}

// looked is a context that tells when it is looked at, which a wait for changes does again and again, between its calls.
type looked struct {
	context.Context
	at func()
}

func (l looked) Err() error {
	l.at()
	return l.Context.Err()
}

func TestInterrupt(t *testing.T) {
	store := memory(t, nil)
	tenant := store.Tenant("default")
	for _, nth := range []int{1, 2, 5} {
		// While no call of the library runs.
		looks := 0
		ctx := looked{t.Context(), func() {
			if looks++; looks == nth {
				check(t, store.Interrupt())
			}
		}}
		_, err := tenant.Changes(ctx, 0, 0, time.Hour)
		wants(t, err, scimdb.ErrCancelled)
	}
	// From another goroutine, and what comes later is not touched.
	began, ended := make(chan struct{}), make(chan error)
	go func() {
		for _, err := range tenant.Watch(looked{t.Context(), sync.OnceFunc(func() { close(began) })}, 0) {
			ended <- err
		}
	}()
	<-began
	check(t, store.Interrupt())
	wants(t, <-ended, scimdb.ErrCancelled)
	must[*scimdb.Changes](t)(tenant.Changes(t.Context(), 0, 0, time.Millisecond))
}

func TestOperator(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	store := must[*scimdb.Store](t)(scimdb.Open(filepath.Join(folder, "store"), nil))
	defer store.Close()
	ann := create(t, store.Tenant("default"), "ann")
	stats := must[*scimdb.Stats](t)(store.Stats(ctx))
	if stats.FileBytes == 0 || stats.Tenants[0].Resources["User"] != 1 || stats.Tenants[0].Indexes["User"].State == "" {
		t.Errorf("%+v", stats)
	}
	check(t, store.Compact(ctx))
	if report := must[*scimdb.CheckReport](t)(store.Check(ctx)); len(report.Problems) != 0 || report.Resources != 1 {
		t.Errorf("%+v", report)
	}
	path := filepath.Join(folder, "backup")
	check(t, store.Backup(ctx, path))
	if store.Backup(ctx, path) == nil {
		t.Error("a backup went over another one")
	}
	copied := must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{MustExist: true}))
	must[json.RawMessage](t)(copied.Tenant("default").Get(ctx, "User", ann.ID, nil))
	check(t, copied.Close())
	if scimdb.Version() == "" || scimdb.ABIVersion() != 1 {
		t.Error(scimdb.Version(), scimdb.ABIVersion())
	}
	if errors.Is(scimdb.ErrNotFound, scimdb.ErrClosed) {
		t.Error("kinds are mixed up")
	}
}
