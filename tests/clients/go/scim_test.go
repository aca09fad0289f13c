package clients_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	clients "github.com/scimdb/scimdb/tests/clients/go"
	scimdb "github.com/scimdb/scimdb/tests/clients/go/scimdbv1"
)

func TestErrorsTellTheirDetails(t *testing.T) {
	ctx, scim, tenant := client(t)
	request := &scimdb.ListRequest{Tenant: tenant, ResourceType: "User", Filter: `userName xx "a"`}
	_, err := scim.Resources.List(ctx, request)
	refusal, problem := clients.AsRefusal(err)
	if problem != nil {
		t.Fatal(problem)
	}
	if refusal.Code != codes.InvalidArgument || refusal.Reason != "INVALID_FILTER" || refusal.HTTPStatus != 400 {
		t.Errorf("%+v", refusal)
	}
	if refusal.ScimType == nil || *refusal.ScimType != "invalidFilter" || refusal.Offset == nil || *refusal.Offset != 9 {
		t.Errorf("%+v", refusal)
	}
	if refusal.RequestID == "" {
		t.Error("no request id")
	}
}

func TestADeadlineEndsACall(t *testing.T) {
	ctx, scim, tenant := client(t)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	// A watch goes on until the client ends it.
	stream, err := scim.Resources.Watch(short, &scimdb.WatchRequest{Tenant: tenant})
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
	// The connection is as good as before.
	create(ctx, t, scim, tenant, "after")
}

func TestAStreamHasEverything(t *testing.T) {
	ctx, scim, tenant := client(t)
	const users = 300
	for number := range users {
		create(ctx, t, scim, tenant, fmt.Sprintf("user-%03d", number))
	}
	request := &scimdb.StreamListRequest{
		Tenant: tenant, ResourceType: "User", SortBy: "userName", Attributes: []string{"userName"},
	}
	stream, err := scim.Resources.StreamList(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found += len(batch.Resources)
	}
	if found != users {
		t.Errorf("%d of %d", found, users)
	}
}

func TestAWatchTellsChanges(t *testing.T) {
	ctx, scim, tenant := client(t)
	since := uint64(0)
	stream, err := scim.Resources.Watch(ctx, &scimdb.WatchRequest{Tenant: tenant, Since: &since})
	if err != nil {
		t.Fatal(err)
	}
	// The first message says that the watch has begun.
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	id := create(ctx, t, scim, tenant, "watched")
	operations := `[{"op": "add", "path": "title", "value": "t"}]`
	body := fmt.Sprintf(`{"schemas": [%q], "Operations": %s}`, clients.PatchSchema, operations)
	patch := &scimdb.PatchRequest{Tenant: tenant, ResourceType: "User", Id: id, Json: body}
	if _, err := scim.Resources.Patch(ctx, patch); err != nil {
		t.Fatal(err)
	}
	var told []*scimdb.Change
	for len(told) < 2 {
		message, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, message.Changes...)
	}
	if told[0].Operation != scimdb.ChangeOperation_CHANGE_OPERATION_CREATE || told[0].Id != id {
		t.Errorf("%v", told[0])
	}
	if len(told[1].Attributes) != 1 || told[1].Attributes[0] != "title" || told[1].Sequence <= told[0].Sequence {
		t.Errorf("%v", told[1])
	}
}
