package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	clients "github.com/scimdb/scimdb/tests/clients/go"
	scimdb "github.com/scimdb/scimdb/tests/clients/go/scimdbv1"
)

// operation carries out one kind of request, and gives what is under "ok" in its answer.
type operation func(context.Context, *clients.Scim, *asked) (any, error)

var operations = map[string]operation{
	"hello": func(context.Context, *clients.Scim, *asked) (any, error) {
		return map[string]string{"language": "Go", "version": "0.1.0", "kind": "grpc"}, nil
	},
	"open":          func(context.Context, *clients.Scim, *asked) (any, error) { return nothing{}, nil },
	"tenant_create": tenantCreate,
	"tenant_drop": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return done(scim.Admin.DropTenant(ctx, &scimdb.DropTenantRequest{Tenant: asked.Name}))
	},
	"schema_put": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		request := &scimdb.PutSchemasRequest{Tenant: asked.Tenant, Json: string(asked.Documents)}
		return done(scim.Schemas.PutSchemas(ctx, request))
	},
	"create": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return shown(scim.Resources.Create(ctx, &scimdb.CreateRequest{
			Tenant: asked.Tenant, ResourceType: asked.Type, Json: asked.JSON, Id: asked.Options.ID,
			Attributes: asked.Options.Attributes, ExcludedAttributes: asked.Options.ExcludedAttributes,
		}))
	},
	"get": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return shown(scim.Resources.Get(ctx, &scimdb.GetRequest{
			Tenant: asked.Tenant, ResourceType: asked.Type, Id: asked.ID, IfNoneMatch: asked.Options.IfNoneMatch,
			Attributes: asked.Options.Attributes, ExcludedAttributes: asked.Options.ExcludedAttributes,
		}))
	},
	"replace": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return shown(scim.Resources.Replace(ctx, &scimdb.ReplaceRequest{
			Tenant: asked.Tenant, ResourceType: asked.Type, Id: asked.ID, Json: asked.JSON,
			IfMatch: asked.Options.IfMatch, IfNoneMatch: asked.Options.IfNoneMatch,
			Attributes: asked.Options.Attributes, ExcludedAttributes: asked.Options.ExcludedAttributes,
		}))
	},
	"patch": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return shown(scim.Resources.Patch(ctx, &scimdb.PatchRequest{
			Tenant: asked.Tenant, ResourceType: asked.Type, Id: asked.ID, Json: asked.JSON,
			IfMatch: asked.Options.IfMatch, IfNoneMatch: asked.Options.IfNoneMatch,
			Attributes: asked.Options.Attributes, ExcludedAttributes: asked.Options.ExcludedAttributes,
		}))
	},
	"delete": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		return done(scim.Resources.Delete(ctx, &scimdb.DeleteRequest{
			Tenant: asked.Tenant, ResourceType: asked.Type, Id: asked.ID,
			IfMatch: asked.Options.IfMatch, IfNoneMatch: asked.Options.IfNoneMatch,
		}))
	},
	"search":  search,
	"iterate": iterate,
	"explain": explain,
	"bulk": func(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
		answer, err := scim.Resources.Bulk(ctx, &scimdb.BulkRequest{Tenant: asked.Tenant, Json: asked.Request})
		return text(answer.GetJson(), err)
	},
	"import":       importRows,
	"changes":      changes,
	"token_create": tokenCreate,
	"stats":        stats,
}

// nothing is what a request answers that has nothing to say.
type nothing struct{}

// done is the answer of a call whose response says nothing.
func done[Response any](_ Response, err error) (any, error) { return nothing{}, err }

// text is an answer that is JSON text.
func text(json string, err error) (any, error) { return map[string]string{"json": json}, err }

// encoded is the same of a value.
func encoded(value any) (any, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text(strings.TrimSpace(out.String()), err)
}

// shown is the answer of a call that shows a resource.
func shown(response interface{ GetResource() *scimdb.Resource }, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return text(response.GetResource().GetJson(), nil)
}

func tenantCreate(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	// The name of a profile is text, a document is not.
	profile := string(asked.Options.Profile)
	if strings.HasPrefix(profile, `"`) {
		if err := json.Unmarshal(asked.Options.Profile, &profile); err != nil {
			return nil, err
		}
	}
	settings := &scimdb.TenantSettings{Profile: profile}
	return done(scim.Admin.CreateTenant(ctx, &scimdb.CreateTenantRequest{Tenant: asked.Name, Settings: settings}))
}

// listRequest is a SearchRequest message as gRPC takes it.
func listRequest(asked *asked) (*scimdb.ListRequest, error) {
	var search struct {
		Filter             string   `json:"filter"`
		SortBy             string   `json:"sortBy"`
		SortOrder          string   `json:"sortOrder"`
		StartIndex         int64    `json:"startIndex"`
		Count              *int64   `json:"count"`
		Cursor             *string  `json:"cursor"`
		Attributes         []string `json:"attributes"`
		ExcludedAttributes []string `json:"excludedAttributes"`
	}
	if err := json.Unmarshal([]byte(asked.Request), &search); err != nil {
		return nil, err
	}
	order := scimdb.SortOrder_SORT_ORDER_ASCENDING
	if search.SortOrder == "descending" {
		order = scimdb.SortOrder_SORT_ORDER_DESCENDING
	}
	return &scimdb.ListRequest{
		Tenant: asked.Tenant, ResourceType: asked.Type, Filter: search.Filter, SortBy: search.SortBy, SortOrder: order,
		StartIndex: search.StartIndex, Count: search.Count, Cursor: search.Cursor,
		Attributes: search.Attributes, ExcludedAttributes: search.ExcludedAttributes,
	}, nil
}

func search(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	request, err := listRequest(asked)
	if err != nil {
		return nil, err
	}
	page, err := scim.Resources.List(ctx, request)
	if err != nil {
		return nil, err
	}
	list := struct {
		Schemas        []string          `json:"schemas"`
		TotalResults   uint64            `json:"totalResults"`
		ItemsPerPage   int               `json:"itemsPerPage"`
		StartIndex     uint64            `json:"startIndex,omitempty"`
		PreviousCursor string            `json:"previousCursor,omitempty"`
		NextCursor     string            `json:"nextCursor,omitempty"`
		Resources      []json.RawMessage `json:"Resources"`
	}{
		Schemas:        []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		TotalResults:   page.TotalResults,
		ItemsPerPage:   len(page.Resources),
		StartIndex:     page.StartIndex,
		PreviousCursor: page.PreviousCursor,
		NextCursor:     page.NextCursor,
		Resources:      []json.RawMessage{},
	}
	for _, resource := range page.Resources {
		list.Resources = append(list.Resources, json.RawMessage(resource.Json))
	}
	return encoded(list)
}

func iterate(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	search, err := listRequest(asked)
	if err != nil {
		return nil, err
	}
	stream, err := scim.Resources.StreamList(ctx, &scimdb.StreamListRequest{
		Tenant: search.Tenant, ResourceType: search.ResourceType, Filter: search.Filter, SortBy: search.SortBy,
		SortOrder: search.SortOrder, Attributes: search.Attributes, ExcludedAttributes: search.ExcludedAttributes,
	})
	if err != nil {
		return nil, err
	}
	found := []string{}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return map[string][]string{"json": found}, nil
		}
		if err != nil {
			return nil, err
		}
		for _, resource := range batch.Resources {
			found = append(found, resource.Json)
		}
	}
}

func explain(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	search, err := listRequest(asked)
	if err != nil {
		return nil, err
	}
	told, err := scim.Resources.Explain(ctx, &scimdb.ExplainRequest{Search: search})
	if err != nil {
		return nil, err
	}
	steps := []map[string]any{}
	for _, step := range told.Steps {
		steps = append(steps, map[string]any{
			"depth": step.Depth, "text": step.Text, "method": step.Method, "estimated": step.Estimated,
			"actual": step.Actual, "micros": step.Micros,
		})
	}
	return encoded(map[string]any{"steps": steps, "total": told.TotalResults, "micros": told.Micros})
}

func importRows(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	stream, err := scim.Resources.Import(ctx)
	if err != nil {
		return nil, err
	}
	conflict := scimdb.OnConflict_value["ON_CONFLICT_"+strings.ToUpper(asked.Options.OnConflict)]
	settings := &scimdb.ImportSettings{
		Tenant: asked.Tenant, ResourceType: asked.Options.ResourceType, OnConflict: scimdb.OnConflict(conflict),
		Restore: asked.Options.Restore,
	}
	// Read while writing: a client that writes everything first may stop both sides.
	sent := make(chan error, 1)
	go func() { sent <- send(stream, settings, asked.Chunks) }()
	rejects := []map[string]any{}
	var report *scimdb.ImportReport
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if row := event.GetRowError(); row != nil {
			problem := row.Problem
			rejects = append(rejects, map[string]any{"row": row.Row, "error": map[string]any{
				"scimType": problem.ScimType, "detail": problem.Detail, "status": problem.Status,
			}})
		}
		report = event.GetReport()
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	return encoded(map[string]any{
		"read": report.GetRead(), "created": report.GetCreated(), "replaced": report.GetReplaced(),
		"skipped": report.GetSkipped(), "rejected": report.GetRejected(), "rejects": rejects,
	})
}

func send(stream scimdb.ResourceService_ImportClient, settings *scimdb.ImportSettings, chunks []string) error {
	first := &scimdb.ImportRequest{Part: &scimdb.ImportRequest_Settings{Settings: settings}}
	if err := stream.Send(first); err != nil {
		return err
	}
	for _, chunk := range chunks {
		part := &scimdb.ImportRequest{Part: &scimdb.ImportRequest_Chunk{Chunk: []byte(chunk)}}
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return stream.CloseSend()
}

func changes(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	// The first message comes at once, with what there is; then the watch is given up.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := scim.Resources.Watch(ctx, &scimdb.WatchRequest{
		Tenant: asked.Tenant, Since: &asked.Since, Heartbeat: durationpb.New(time.Second),
	})
	if err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	told, last := []map[string]any{}, first.Sequence
	for _, change := range first.Changes[:min(asked.Max, len(first.Changes))] {
		operation := strings.ToLower(strings.TrimPrefix(change.Operation.String(), "CHANGE_OPERATION_"))
		attributes := append([]string{}, change.Attributes...)
		told = append(told, map[string]any{
			"sequence": change.Sequence, "time": change.Time.AsTime().Format(time.RFC3339Nano), "actor": change.Actor,
			"correlationId": change.CorrelationId, "operation": operation, "resourceType": change.ResourceType, "id": change.Id, "attributes": attributes,
		})
		last = change.Sequence
	}
	return encoded(map[string]any{"changes": told, "last": last})
}

func tokenCreate(ctx context.Context, scim *clients.Scim, asked *asked) (any, error) {
	scope := cmp.Or(asked.Options.Scope, "write")
	request := &scimdb.CreateTokenRequest{
		Tenant: asked.Tenant, Name: asked.Name, Subject: asked.Options.Subject,
		Scope: scimdb.Scope(scimdb.Scope_value["SCOPE_"+strings.ToUpper(scope)]),
	}
	if seconds := asked.Options.LifetimeSeconds; seconds > 0 {
		request.Lifetime = durationpb.New(time.Duration(seconds) * time.Second)
	}
	made, err := scim.Admin.CreateToken(ctx, request)
	if err != nil {
		return nil, err
	}
	return encoded(map[string]string{"name": asked.Name, "secret": made.Secret})
}

func stats(ctx context.Context, scim *clients.Scim, _ *asked) (any, error) {
	told, err := scim.Admin.Stats(ctx, &scimdb.StatsRequest{})
	if err != nil {
		return nil, err
	}
	tenants := []map[string]string{}
	for _, tenant := range told.Tenants {
		tenants = append(tenants, map[string]string{"name": tenant.Name})
	}
	return encoded(map[string]any{"tenants": tenants})
}
