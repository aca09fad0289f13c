package scimdb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// sharedStore names, for another process of these tests, the store that it is to open.
const sharedStore = "SCIMDB_TEST_SHARED_STORE"

func TestProcessesShareAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	store := must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{Share: true}))
	defer store.Close()
	tenant := store.Tenant("default")
	must[user](t)(scimdb.As[user](tenant.Create(t.Context(), "User", named("ann"), &scimdb.WriteOptions{ID: "ann"})))

	other := exec.Command(os.Args[0], "-test.run=^TestOfAnotherProcess$", "-test.v")
	other.Env = append(os.Environ(), sharedStore+"="+path)
	if output, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if bo := must[user](t)(scimdb.As[user](tenant.Get(t.Context(), "User", "bo", nil))); bo.UserName != "bo" {
		t.Errorf("%+v", bo)
	}
}

// What the other process does.
func TestOfAnotherProcess(t *testing.T) {
	path := os.Getenv(sharedStore)
	if path == "" {
		t.Skip("this is the first process")
	}
	_, err := scimdb.Open(path, nil)
	wants(t, err, scimdb.ErrLocked)
	store := must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{Share: true}))
	ctx, tenant := t.Context(), store.Tenant("default")
	if ann := must[user](t)(scimdb.As[user](tenant.Get(ctx, "User", "ann", nil))); ann.UserName != "ann" {
		t.Errorf("%+v", ann)
	}
	must[user](t)(scimdb.As[user](tenant.Create(ctx, "User", named("bo"), &scimdb.WriteOptions{ID: "bo"})))
	// Changes are waited for where the store is held.
	last := must[*scimdb.Changes](t)(tenant.Changes(ctx, 0, 0, 0)).Last
	made := make(chan string, 1)
	go func() { made <- create(t, tenant, "cy").ID }()
	for change, err := range tenant.Watch(ctx, last) {
		check(t, err)
		if id := <-made; change.ID != id {
			t.Errorf("%+v is not that of %s", change, id)
		}
		break
	}
	_, err = tenant.Create(ctx, "User", named("bo"), nil)
	if failure := wants(t, err, scimdb.ErrUniqueness); failure.Status != 409 || failure.ScimType != "uniqueness" {
		t.Errorf("%+v", failure)
	}
	response := must[*scimdb.Response](t)(tenant.Handle(ctx, &scimdb.Request{Method: "GET", Target: "/Users/bo"}))
	if response.Status != 200 {
		t.Errorf("%+v", response)
	}
	// What takes several calls is kept where the store is held.
	woken := make(chan uint64, 100)
	subscription := must[*scimdb.Subscription](t)(store.OnChange(func(sequence uint64) { woken <- sequence }))
	row := `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "dee"}`
	report := must[*scimdb.ImportReport](t)(tenant.Import(ctx, strings.NewReader(row), &scimdb.ImportOptions{ResourceType: "User"}))
	if report.Created != 1 {
		t.Errorf("%+v", report)
	}
	<-woken
	subscription.Close()
	var names []string
	for json, err := range tenant.Iterate(ctx, "User", &scimdb.SearchRequest{SortBy: "userName"}) {
		names = append(names, must[user](t)(scimdb.As[user](json, err)).UserName)
	}
	if !slices.Equal(names, []string{"ann", "bo", "cy", "dee"}) {
		t.Errorf("%q", names)
	}
	// Only a server is the holder's alone.
	_, err = store.Serve(nil)
	wants(t, err, scimdb.ErrNotImplemented)
	check(t, store.Close())
}
