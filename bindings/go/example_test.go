package scimdb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

func Example() {
	ctx := context.Background()
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	tenant := store.Tenant("default")

	type User struct {
		Schemas  []string `json:"schemas"`
		ID       string   `json:"id,omitempty"`
		UserName string   `json:"userName"`
	}
	ann := User{Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, UserName: "ann@example.com"}
	ann, err = scimdb.As[User](tenant.Create(ctx, "User", ann, nil))
	if err != nil {
		log.Fatal(err)
	}
	page, err := scimdb.As[scimdb.ListResponse[User]](tenant.Search(ctx, "User", scimdb.SearchRequest{
		Filter: `userName ew "@example.com"`,
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.TotalResults, page.Resources[0].ID == ann.ID)
	// Output: 1 true
}

func ExampleError() {
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	_, err = store.Tenant("default").Search(context.Background(), "User", scimdb.SearchRequest{Filter: "userName xx 7"})
	var failure *scimdb.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Status, failure.ScimType, failure.Offset)
	}
	fmt.Println(errors.Is(err, scimdb.ErrInvalidFilter))
	// Output:
	// 400 invalidFilter 9
	// true
}

func ExampleTenant_Handler() {
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	mux := http.NewServeMux()
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", store.Tenant("default").Handler(nil)))

	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest("GET", "/scim/v2/Users", nil))
	fmt.Println(recorder.Code) // There is no token in the request.
	// Output: 401
}

func ExampleStore_SetHooks() {
	ctx := context.Background()
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	type User struct {
		UserName, UserType string
	}
	err = store.SetHooks(&scimdb.Hooks{BeforeWrite: func(p *scimdb.Proposal) error {
		if p.ResourceType != "User" || p.After == nil {
			return nil
		}
		user, err := scimdb.As[User](p.After, nil)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(user.UserName, "@example.com") {
			return scimdb.Refuse("userName must end in @example.com")
		}
		return p.Set(map[string]string{"userType": "Employee"})
	}})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"ann@example.com", "eve@example.net"} {
		body := fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": %q}`, name)
		user, err := scimdb.As[User](store.Tenant("default").Create(ctx, "User", body, nil))
		fmt.Println(user.UserType, err)
	}
	// Output:
	// Employee <nil>
	//  scimdb: INVALID_VALUE: userName must end in @example.com
}

func ExampleStore_SetRepositories() {
	ctx := context.Background()
	key := make([]byte, 32)
	rand.Read(key)
	store, err := scimdb.Open(":memory:", &scimdb.Options{ValueKeys: []scimdb.ValueKey{{ID: "2026", Key: key}}})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.CreateTenant(ctx, "acme", &scimdb.TenantOptions{Profile: "activid"}); err != nil {
		log.Fatal(err)
	}
	err = store.SetRepositories(&scimdb.Repositories{
		Search: func(query *scimdb.RepositoryQuery) error {
			return query.Add(map[string]string{"externalId": "ann", "userName": "ann", "userType": "LDAP"})
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	request := scimdb.SearchRequest{Filter: "userType eq LDAP", SearchRepositories: true}
	page, err := scimdb.As[scimdb.ListResponse[struct{ ExternalID string }]](store.Tenant("acme").Search(ctx, "User", request))
	fmt.Println(page.Resources, err)
	// Output: [{ann}] <nil>
}

func ExampleTenant_QueueImport() {
	ctx := context.Background()
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	tenant := store.Tenant("default")
	group, err := scimdb.As[struct{ ID string }](tenant.Create(ctx, "Group",
		`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "staff"}`, nil))
	if err != nil {
		log.Fatal(err)
	}
	object := strings.NewReader(`{"users": [{"userName": "ann"}, {"userName": "bo"}], "group": {"value": "` + group.ID + `"}}`)
	job, err := tenant.QueueImport(ctx, object, &scimdb.QueueOptions{Actor: "HR"})
	if err != nil {
		log.Fatal(err)
	}
	job, err = tenant.Job(ctx, job.CorrelationID, time.Minute)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.Status, job.Imported)
	// Output: done 2
}

func ExampleTenant_Iterate() {
	ctx := context.Background()
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	tenant := store.Tenant("default")
	rows := strings.NewReader("{\"userName\": \"ann\"}\n{\"userName\": \"bo\"}\n")
	if _, err := tenant.Import(ctx, rows, &scimdb.ImportOptions{ResourceType: "User"}); err != nil {
		log.Fatal(err)
	}
	for row, err := range tenant.Iterate(ctx, "User", scimdb.SearchRequest{SortBy: "userName", SortOrder: "descending"}) {
		user, err := scimdb.As[struct{ UserName string }](row, err)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.UserName)
	}
	// Output:
	// bo
	// ann
}
