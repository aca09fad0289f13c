package scimdb_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// The profile of ActivID has all that is here: encrypted values, queued imports, erasure, permissions, repositories.
const (
	attributes = "urn:hid:scim:api:idp:2.0:UserAttribute"
	forgetUser = "Forget User"
)

// key is a key of bytes that are all the same.
func key(id string, fill byte) scimdb.ValueKey {
	return scimdb.ValueKey{ID: id, Key: bytes.Repeat([]byte{fill}, 32)}
}

// people makes a tenant with a group.
func people(t *testing.T, store *scimdb.Store) *scimdb.Tenant {
	t.Helper()
	check(t, store.CreateTenant(t.Context(), "people", &scimdb.TenantOptions{Profile: "activid"}))
	tenant := store.Tenant("people")
	group := `{"id": "USG", "displayName": "Full Time Employees"}`
	must[json.RawMessage](t)(tenant.Create(t.Context(), "Group", group, nil))
	return tenant
}

func born(externalID, date string) string {
	return fmt.Sprintf(`{"externalId": %q, "name": {"familyName": "Doe"}, "groups": [{"value": "USG"}],
		%q: {"attributes": [{"name": "DOB", "value": %q}]}}`, externalID, attributes, date)
}

func TestValueKeys(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "store")
	old, current := key("old", 1), key("current", 2)
	if told := fmt.Sprintf("%v %+v %#v", old, &scimdb.Options{ValueKeys: []scimdb.ValueKey{old}}, old); !strings.Contains(told, "ValueKey(old)") || strings.Contains(told, "1 1") {
		t.Errorf("a key is told: %s", told)
	}
	short := scimdb.ValueKey{ID: "short", Key: []byte("too short")}
	_, err := scimdb.Open(path, &scimdb.Options{ValueKeys: []scimdb.ValueKey{short}})
	wants(t, err, scimdb.ErrInvalidArgument)
	_, err = scimdb.Open(path, &scimdb.Options{ValueKeys: []scimdb.ValueKey{old}, ValueKeysFile: path})
	wants(t, err, scimdb.ErrInvalidArgument)

	store := must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{ValueKeys: []scimdb.ValueKey{old}}))
	tenant := people(t, store)
	must[json.RawMessage](t)(tenant.Create(ctx, "User", born("ann", "1815-12-10"), &scimdb.WriteOptions{ID: "1"}))
	check(t, store.Close())

	// The other way to give them, with another key in front.
	file := filepath.Join(t.TempDir(), "keys.json")
	write := func(keys ...scimdb.ValueKey) {
		var list []map[string]string
		for _, key := range keys {
			list = append(list, map[string]string{"id": key.ID, "key": base64.StdEncoding.EncodeToString(key.Key)})
		}
		text := must[[]byte](t)(json.Marshal(map[string]any{"keys": list}))
		check(t, os.WriteFile(file, text, 0o600))
	}
	write(current, old)
	store = must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{ValueKeysFile: file}))
	for _, expected := range []uint64{1, 0} {
		if rewritten := must[uint64](t)(store.RotateValueKeys(ctx)); rewritten != expected {
			t.Errorf("%d resources were encrypted again, not %d", rewritten, expected)
		}
	}
	check(t, store.Close())
	store = must[*scimdb.Store](t)(scimdb.Open(path, &scimdb.Options{ValueKeys: []scimdb.ValueKey{current}}))
	ann := must[json.RawMessage](t)(store.Tenant("people").Get(ctx, "User", "1", nil))
	if !strings.Contains(string(ann), "1815-12-10") {
		t.Errorf("%s", ann)
	}
	check(t, store.Close())
	_, err = memory(t, nil).RotateValueKeys(ctx)
	wants(t, err, scimdb.ErrInvalidArgument)
}

func TestQueuedImportsAndErasure(t *testing.T) {
	ctx, store := t.Context(), memory(t, &scimdb.Options{ValueKeys: []scimdb.ValueKey{key("k", 1)}})
	tenant := people(t, store)
	hr := &scimdb.QueueOptions{ResourceType: "User", Actor: "hr"}
	object := `{"users": [{"externalId": "ann", "name": {"familyName": "Ö"}}, {"externalId": "ann", "name": {"familyName": "O"}},
		{"externalId": "bo", "name": {"familyName": "B"}, "groups": [{"value": "USG"}]}], "group": {"value": "USG"}}`
	queued := must[*scimdb.Job](t)(tenant.QueueImport(ctx, iotest.OneByteReader(strings.NewReader(object)), hr))
	if queued.ImportSize != 3 || queued.Group != "USG" || queued.Actor != "hr" || queued.ResourceType != "User" || queued.Created.IsZero() {
		t.Errorf("%+v", queued)
	}
	job := must[*scimdb.Job](t)(tenant.Job(ctx, queued.CorrelationID, time.Minute))
	if job.Status != "done" || job.Finished == nil || job.Processed != 3 || job.Imported != 1 || job.AlreadyExisted != 1 || job.Failed != 1 ||
		len(job.Failures) != 1 || job.Failures[0].Row != 3 || job.Failures[0].ExternalID != "bo" || job.Failures[0].Detail == "" {
		t.Errorf("%+v", job)
	}

	// What is given up or wrong leaves nothing.
	queuer := must[*scimdb.Queuer](t)(tenant.NewQueuer(nil))
	must[int](t)(queuer.Write([]byte(object[:40])))
	check(t, queuer.Close())
	_, err := queuer.Finish()
	wants(t, err, scimdb.ErrClosed)
	_, err = tenant.QueueImport(ctx, strings.NewReader(`{"users": [}`), nil)
	wants(t, err, scimdb.ErrInvalidSyntax)
	_, err = tenant.QueueImport(ctx, strings.NewReader(object), &scimdb.QueueOptions{ResourceType: "Printer"})
	wants(t, err, scimdb.ErrUnknownType)
	if jobs := must[[]scimdb.Job](t)(tenant.Jobs(ctx)); len(jobs) != 1 || !reflect.DeepEqual(jobs[0], *job) {
		t.Errorf("%+v", jobs)
	}
	_, err = tenant.Job(ctx, "NONE", 0)
	wants(t, err, scimdb.ErrNotFound)
	late, cancel := context.WithCancel(ctx)
	cancel()
	_, err = tenant.Job(late, job.CorrelationID, time.Hour)
	wants(t, err, context.Canceled)

	_, err = tenant.Forget(ctx, "User", "ann", nil)
	wants(t, err, scimdb.ErrInUse)
	page := must[scimdb.ListResponse[user]](t)(scimdb.As[scimdb.ListResponse[user]](
		tenant.Search(ctx, "User", scimdb.SearchRequest{Filter: `externalId eq "ann"`})))
	check(t, tenant.Delete(ctx, "User", page.Resources[0].ID, nil))
	if forgotten := must[uint64](t)(tenant.Forget(ctx, "User", "ann", &scimdb.ForgetOptions{Actor: "hr"})); forgotten != 1 {
		t.Errorf("%d were forgotten", forgotten)
	}
	_, err = tenant.Forget(ctx, "User", "ann", nil)
	wants(t, err, scimdb.ErrNotFound)
}

func TestPermissionsVersionsAndProfiles(t *testing.T) {
	ctx, store := t.Context(), memory(t, &scimdb.Options{ValueKeys: []scimdb.ValueKey{key("k", 1)}})
	tenant := people(t, store)
	limited := []string{forgetUser}
	first := must[*scimdb.NewToken](t)(tenant.CreateToken(ctx, "idp", &scimdb.TokenOptions{Permissions: limited}))
	again := must[*scimdb.NewToken](t)(tenant.RegenerateToken(ctx, "idp"))
	_, err := store.Authenticate(ctx, first.Secret)
	wants(t, err, scimdb.ErrUnauthenticated)
	identity := must[*scimdb.Identity](t)(store.Authenticate(ctx, again.Secret))
	if again.Name != "idp" || identity.Scope != "write" || !reflect.DeepEqual(identity.Permissions, limited) {
		t.Errorf("%+v %+v", again.Name, identity)
	}
	if tokens := must[[]scimdb.Token](t)(tenant.Tokens(ctx)); len(tokens) != 1 || !reflect.DeepEqual(tokens[0].Permissions, limited) {
		t.Errorf("%+v", tokens)
	}
	_, err = tenant.RegenerateToken(ctx, "nobody")
	wants(t, err, scimdb.ErrNotFound)
	for status, permissions := range map[int][]string{403: limited, 200: nil} {
		request := &scimdb.Request{Method: "GET", Target: "/User/AttributeType", Context: scimdb.RequestContext{Permissions: permissions}}
		if response := must[*scimdb.Response](t)(tenant.Handle(ctx, request)); response.Status != status {
			t.Errorf("%q: %d, not %d", permissions, response.Status, status)
		}
	}

	// What a user names is deleted by force alone; what came with a later version is not shown.
	device := `{"externalId": "ann", "name": {"familyName": "Doe"}, "groups": [{"value": "USG"}],
		"urn:hid:scim:api:idp:2.0:UserDevice": {"devices": [{"value": "1", "friendlyName": "phone"}]},
		"` + attributes + `": {"attributes": [{"name": "DOB", "value": "1815-12-10"}]}}`
	latest := &scimdb.WriteOptions{ID: "1", APIVersion: 2, Attributes: []string{"urn:hid:scim:api:idp:2.0:UserDevice:devices"}}
	if made := must[json.RawMessage](t)(tenant.Create(ctx, "User", device, latest)); !strings.Contains(string(made), "phone") {
		t.Errorf("%s", made)
	}
	for version, shown := range map[int]bool{1: false, 2: true} {
		found := must[json.RawMessage](t)(tenant.Get(ctx, "User", "1",
			&scimdb.ReadOptions{APIVersion: version, Attributes: latest.Attributes}))
		if strings.Contains(string(found), "phone") != shown {
			t.Errorf("version %d: %s", version, found)
		}
	}
	bulk := `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
		{"method": "PATCH", "path": "/Users/1", "data": {"Operations": [{"op": "replace", "value": "tablet",
		"path": "urn:hid:scim:api:idp:2.0:UserDevice:devices[value eq \"1\"].friendlyName"}]}}]}`
	for _, of := range []struct {
		version int
		named   string
	}{{1, "phone"}, {2, "tablet"}} {
		must[json.RawMessage](t)(tenant.Bulk(ctx, bulk, &scimdb.BulkOptions{APIVersion: of.version}))
		found := must[json.RawMessage](t)(tenant.Get(ctx, "User", "1",
			&scimdb.ReadOptions{APIVersion: 2, Attributes: latest.Attributes}))
		if !strings.Contains(string(found), of.named) {
			t.Errorf("version %d: %s", of.version, found)
		}
	}
	wants(t, tenant.Delete(ctx, "UserAttributeType", "DOB", nil), scimdb.ErrInUse)
	check(t, tenant.Delete(ctx, "UserAttributeType", "DOB", &scimdb.WriteOptions{Force: true}))

	plain := store.Tenant("default")
	create(t, plain, "ann")
	report := must[*scimdb.ProfileReport](t)(plain.CheckProfile(ctx, nil))
	if report.Profile != "strict" || report.Resources != 1 || report.Refused != 0 || len(report.Findings) != 0 {
		t.Errorf("%+v", report)
	}
	for _, profile := range []any{"absorb", map[string]any{"name": "own", "extends": "absorb"}} {
		report = must[*scimdb.ProfileReport](t)(plain.CheckProfile(ctx, profile))
		if report.Refused != 1 || len(report.Counts) == 0 || report.Counts[0].Rule == "" || report.Counts[0].Count != 1 ||
			len(report.Findings) == 0 || report.Findings[0].ResourceType != "User" || report.Findings[0].Detail == "" {
			t.Errorf("%+v", report)
		}
	}
	_, err = plain.CheckProfile(ctx, "none")
	wants(t, err, scimdb.ErrInvalidArgument)
}

func TestRepositories(t *testing.T) {
	ctx, store := t.Context(), memory(t, &scimdb.Options{ValueKeys: []scimdb.ValueKey{key("k", 1)}})
	tenant := people(t, store)
	must[json.RawMessage](t)(tenant.Create(ctx, "User", born("bound", "1815-12-10"), nil))
	var log safeBuffer
	var mu sync.Mutex
	var asked, kept *scimdb.RepositoryQuery
	answer := func(*scimdb.RepositoryQuery) error { return nil }
	check(t, store.SetRepositories(&scimdb.Repositories{
		ErrorLog: slog.New(slog.NewTextHandler(&log, nil)),
		Search: func(query *scimdb.RepositoryQuery) error {
			mu.Lock()
			defer mu.Unlock()
			seen := *query
			asked, kept = &seen, query
			return answer(query)
		},
	}))
	request := scimdb.SearchRequest{Filter: "groups.value eq USG", Count: scimdb.Ptr(7), SearchRepositories: true}
	search := func() (scimdb.ListResponse[user], error) {
		return scimdb.As[scimdb.ListResponse[user]](tenant.Search(ctx, "User", request))
	}

	answer = func(query *scimdb.RepositoryQuery) error {
		// It is one of those calls that may write.
		if _, err := tenant.Create(ctx, "Group", `{"displayName": "Asked"}`, nil); err != nil {
			return err
		}
		if err := query.Add(strings.Replace(born("elsewhere", "1900-01-01"), "{", `{"id": "0", "userType": "LDAP", "userName": "elsewhere",`, 1)); err != nil {
			return err
		}
		return query.Add(map[string]any{"id": "0", "userName": "of no group"})
	}
	page := must[scimdb.ListResponse[user]](t)(search())
	if page.TotalResults != 2 || len(page.Resources) != 2 || page.Resources[0].UserName != "bound" || page.Resources[1].UserName != "elsewhere" {
		t.Errorf("%+v", page)
	}
	if asked.Tenant != "people" || asked.ResourceType != "User" || asked.Filter != request.Filter || asked.Count != 7 {
		t.Errorf("%+v", asked)
	}
	wants(t, kept.Add(`{}`), scimdb.ErrMisuse)

	for status, failing := range map[int]func(*scimdb.RepositoryQuery) error{
		403: func(*scimdb.RepositoryQuery) error {
			return fmt.Errorf("wrapped: %w", &scimdb.Refusal{Status: 403, Detail: "not for you"})
		},
		400: func(*scimdb.RepositoryQuery) error { return scimdb.Refuse("a filter that LDAP does not have") },
		500: func(*scimdb.RepositoryQuery) error { return errors.New("the directory is on fire") },
		501: func(*scimdb.RepositoryQuery) error { panic("the function is on fire") },
		502: func(query *scimdb.RepositoryQuery) error { return query.Add(`{"active": "maybe"}`) },
	} {
		answer = failing
		_, err := search()
		var failure *scimdb.Error
		if !errors.As(err, &failure) || failure.Status != min(status, 500) || strings.Contains(failure.Detail, "fire") {
			t.Errorf("%d: %v", status, err)
		}
		if status == 403 && !strings.Contains(failure.Detail, "not for you") {
			t.Errorf("%+v", failure)
		}
	}
	for _, cause := range []string{"the directory is on fire", "the function is on fire"} {
		if !strings.Contains(log.String(), cause) {
			t.Errorf("%q is not in the log: %s", cause, log.String())
		}
	}

	check(t, store.SetRepositories(nil))
	if page := must[scimdb.ListResponse[user]](t)(search()); page.TotalResults != 1 {
		t.Errorf("%+v", page)
	}
}
