//go:build readme

// Package readme runs the README's example of hooks: test.sh puts it into a function setHooks beside this file.
package readme

import (
	"context"
	"errors"
	"testing"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

type User struct {
	ID, UserName, UserType string
}

// memory stands for what the README's product has in memory.
type memory map[string]bool

func (m memory) Forget(id string) { m[id] = true }

func TestHooks(t *testing.T) {
	ctx := context.Background()
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cache := memory{}
	if err := setHooks(store, cache); err != nil {
		t.Fatal(err)
	}
	tenant := store.Tenant("default")

	user := `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "`
	_, err = tenant.Create(ctx, "User", user+`eve@example.net"}`, nil)
	if !errors.Is(err, scimdb.ErrInvalidValue) {
		t.Errorf("a user of another domain: %v", err)
	}
	ann, err := scimdb.As[User](tenant.Create(ctx, "User", user+`ann@example.com"}`, nil))
	if err != nil || ann.UserType != "Employee" {
		t.Fatalf("a user: %+v, %v", ann, err)
	}
	// The hook lets everything else be: groups, changes, deletions.
	group := `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "staff"}`
	staff, err := scimdb.As[User](tenant.Create(ctx, "Group", group, nil))
	if err != nil {
		t.Fatal(err)
	}
	for kind, id := range map[string]string{"User": ann.ID, "Group": staff.ID} {
		change := `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
			"Operations": [{"op": "replace", "path": "displayName", "value": "other"}]}`
		if _, err := tenant.Patch(ctx, kind, id, change, nil); err != nil {
			t.Error(err)
		}
		if err := tenant.Delete(ctx, kind, id, nil); err != nil {
			t.Error(err)
		}
		if !cache[id] {
			t.Errorf("AfterCommit was not called for the %s", kind)
		}
	}
}
