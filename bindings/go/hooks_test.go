package scimdb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// safeBuffer takes a log from any goroutine.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestHooksDecide(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	tenant := store.Tenant("default")
	var log safeBuffer
	var committed []scimdb.Write
	var kept *scimdb.Proposal
	check(t, store.SetHooks(&scimdb.Hooks{
		ErrorLog: slog.New(slog.NewTextHandler(&log, nil)),
		BeforeWrite: func(p *scimdb.Proposal) error {
			kept = p
			if p.After == nil {
				return nil
			}
			after, err := scimdb.As[user](p.After, nil)
			if err != nil {
				return err
			}
			switch after.UserName {
			case "refused":
				return fmt.Errorf("wrapped: %w", scimdb.Refuse("%s is not taken", "this name"))
			case "teapot":
				return &scimdb.Refusal{Status: 403, Detail: "no teapots"}
			case "failed":
				return errors.New("the table is on fire")
			case "panic":
				panic("the hook is on fire")
			case "wrong":
				return p.Set(`[]`)
			case "unset":
				return p.Set(map[string]any{"displayName": nil})
			}
			if after.UserType == "" {
				return p.Set(map[string]any{"userType": "Employee"})
			}
			return nil
		},
		AfterCommit: func(w *scimdb.Write) {
			committed = append(committed, *w)
			if strings.Contains(string(w.After), "after-panic") {
				panic("too late")
			}
		},
	}))
	write := func(name string) (user, error) {
		body := named(name)
		body.DisplayName = "D"
		return scimdb.As[user](tenant.Create(ctx, "User", body, &scimdb.WriteOptions{Actor: "a test"}))
	}

	ann := must[user](t)(write("ann"))
	if ann.UserType != "Employee" || ann.DisplayName != "D" {
		t.Errorf("%+v", ann)
	}
	if bare := must[user](t)(write("unset")); bare.DisplayName != "" {
		t.Errorf("%+v", bare)
	}
	for name, status := range map[string]int{"refused": 400, "teapot": 403, "failed": 500, "panic": 500, "wrong": 500} {
		_, err := write(name)
		var failure *scimdb.Error
		if !errors.As(err, &failure) || failure.Status != status || strings.Contains(failure.Detail, "fire") {
			t.Errorf("%s: %v, %+v", name, err, failure)
		}
		if name == "refused" && (failure.ScimType != "invalidValue" || !strings.Contains(failure.Detail, "this name is not taken")) {
			t.Errorf("%+v", failure)
		}
	}
	for _, cause := range []string{"the table is on fire", "the hook is on fire", "no JSON object"} {
		if !strings.Contains(log.String(), cause) {
			t.Errorf("%q is not in the log: %s", cause, log.String())
		}
	}
	// Who keeps a proposal decides no more.
	wants(t, kept.Set(`{}`), scimdb.ErrMisuse)

	check(t, tenant.Delete(ctx, "User", ann.ID, nil))
	last := committed[len(committed)-1]
	if len(committed) != 3 || committed[0].Operation != "create" || committed[0].Tenant != "default" ||
		committed[0].ResourceType != "User" || committed[0].ID != ann.ID || committed[0].Actor != "a test" ||
		committed[0].Before != nil || committed[0].Sequence == 0 || committed[0].Version == "" {
		t.Errorf("%+v", committed)
	}
	if last.Operation != "delete" || last.After != nil || last.Before == nil || last.Sequence <= committed[0].Sequence {
		t.Errorf("%+v", last)
	}
	must[user](t)(write("after-panic"))
	if !strings.Contains(log.String(), "too late") {
		t.Error(log.String())
	}
	check(t, store.SetHooks(nil))
	if free := must[user](t)(write("refused")); free.UserType != "" {
		t.Errorf("%+v", free)
	}
}

func TestHooksSeeEveryWayOfWriting(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	tenant := store.Tenant("default")
	var before, after atomic.Int64
	check(t, store.SetHooks(&scimdb.Hooks{
		BeforeWrite: func(p *scimdb.Proposal) error {
			before.Add(1)
			if strings.Contains(string(p.After), "refused") {
				return scimdb.Refuse("not this one")
			}
			return nil
		},
		AfterCommit: func(*scimdb.Write) { after.Add(1) },
	}))
	saw := func(what string, b, a int64) {
		t.Helper()
		if gotB, gotA := before.Swap(0), after.Swap(0); gotB != b || gotA != a {
			t.Errorf("%s: before %d, after %d; not %d, %d", what, gotB, gotA, b, a)
		}
	}
	ann := create(t, tenant, "ann")
	saw("create", 1, 1)
	ann.DisplayName = "Ann"
	must[json.RawMessage](t)(tenant.Replace(ctx, "User", ann.ID, ann, nil))
	saw("replace", 1, 1)
	report := must[*scimdb.ImportReport](t)(tenant.Import(ctx,
		strings.NewReader("{\"userName\": \"i1\"}\n{\"userName\": \"refused\"}\n{\"userName\": \"i2\"}"), &scimdb.ImportOptions{ResourceType: "User"}))
	if report.Created != 2 || report.Rejected != 1 || report.Rejects[0].Row != 2 {
		t.Errorf("%+v", report)
	}
	saw("import", 3, 2)
	bulk := `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
		{"method": "POST", "path": "/Users", "bulkId": "1", "data": {"schemas": ["` + userSchema + `"], "userName": "b1"}},
		{"method": "POST", "path": "/Users", "bulkId": "2", "data": {"schemas": ["` + userSchema + `"], "userName": "refused"}}]}`
	must[json.RawMessage](t)(tenant.Bulk(ctx, bulk, nil))
	saw("bulk", 2, 1)
	response := must[*scimdb.Response](t)(tenant.Handle(ctx, &scimdb.Request{Method: "DELETE", Target: "/Users/" + ann.ID}))
	if response.Status != 204 {
		t.Errorf("%+v", response)
	}
	saw("handle", 1, 1)
}

// A hook is on the goroutine of the write: it may read, and what it writes is refused rather than waited for for ever.
func TestHooksReadAndDoNotWrite(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	tenant := store.Tenant("default")
	ann := create(t, tenant, "ann")
	var read, write, closed error
	check(t, store.SetHooks(&scimdb.Hooks{
		BeforeWrite: func(*scimdb.Proposal) error {
			_, read = tenant.Get(ctx, "User", ann.ID, nil)
			write = tenant.Delete(ctx, "User", ann.ID, nil)
			closed = store.Close()
			return nil
		},
		AfterCommit: func(w *scimdb.Write) {
			if w.Operation == "create" {
				write = errors.Join(write, tenant.Delete(context.WithoutCancel(ctx), "User", w.ID, nil))
			}
		},
	}))
	bo := create(t, tenant, "bo")
	check(t, read)
	wants(t, write, scimdb.ErrMisuse)
	wants(t, closed, scimdb.ErrMisuse)
	_, err := tenant.Get(ctx, "User", bo.ID, nil)
	wants(t, err, scimdb.ErrNotFound)
}

func TestHooksOnManyGoroutines(t *testing.T) {
	ctx, store := t.Context(), memory(t, nil)
	tenant := store.Tenant("default")
	var seen atomic.Int64
	hooks := &scimdb.Hooks{AfterCommit: func(*scimdb.Write) { seen.Add(1) }}
	check(t, store.SetHooks(hooks))
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range 25 {
				if _, err := tenant.Create(ctx, "User", named(fmt.Sprintf("%d-%d", worker, n)), nil); err != nil {
					t.Error(err)
					return
				}
				// They may be set anew at any time.
				if n == 12 {
					if err := store.SetHooks(hooks); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	workers.Wait()
	if seen.Load() != 200 {
		t.Errorf("%d of 200 writes were seen", seen.Load())
	}
}

func TestOnChange(t *testing.T) {
	store := memory(t, nil)
	var told safeBuffer
	log.SetOutput(&told)
	defer log.SetOutput(os.Stderr)
	woken := make(chan uint64, 100)
	subscription := must[*scimdb.Subscription](t)(store.OnChange(func(sequence uint64) {
		woken <- sequence
		if sequence == 1 {
			panic("the callback is on fire")
		}
	}))
	create(t, store.Tenant("default"), "a")
	create(t, store.Tenant("default"), "b")
	for sequence := range woken {
		if sequence == 2 {
			break
		}
	}
	check(t, subscription.Close())
	check(t, subscription.Close())
	if !strings.Contains(told.String(), "the callback is on fire") {
		t.Error(told.String())
	}
	create(t, store.Tenant("default"), "c")
	select {
	case sequence := <-woken:
		t.Errorf("woken with %d after the end", sequence)
	default:
	}
}
