package scimdb_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// mounted serves a tenant's endpoint at /scim/v2.
func mounted(t *testing.T, tenant *scimdb.Tenant, opts *scimdb.HandlerOptions) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", tenant.Handler(opts)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/scim/v2"
}

// answer is a response with its body.
type answer struct {
	*http.Response
	body string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	return must[map[string]any](t)(scimdb.As[map[string]any](json.RawMessage(a.body), nil))
}

// send sends a request with a bearer token, if there is one.
func send(t *testing.T, method, url, token, body string) answer {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body)))
	if body != "" {
		request.Header.Set("Content-Type", "application/scim+json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response := must[*http.Response](t)(http.DefaultClient.Do(request))
	defer response.Body.Close()
	return answer{response, string(must[[]byte](t)(io.ReadAll(response.Body)))}
}

func TestHandlerWithTokensOfTheStore(t *testing.T) {
	ctx, tenant := t.Context(), memory(t, nil).Tenant("default")
	url := mounted(t, tenant, nil)
	reader := must[*scimdb.NewToken](t)(tenant.CreateToken(ctx, "reader", &scimdb.TokenOptions{Scope: "read"})).Secret
	writer := must[*scimdb.NewToken](t)(tenant.CreateToken(ctx, "writer", nil)).Secret
	ann := `{"schemas": ["` + userSchema + `"], "userName": "ann"}`
	for token, status := range map[string]int{"": 401, "nobody's": 401, reader: 403, writer: 201} {
		found := send(t, "POST", url+"/Users", token, ann)
		if found.StatusCode != status || found.Header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%q: %d %v %s", token, found.StatusCode, found.Header, found.body)
		}
		if status == 401 && !strings.HasPrefix(found.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("no challenge: %v", found.Header)
		}
		if status == 201 && !strings.HasPrefix(found.Header.Get("Location"), url+"/Users/") {
			t.Errorf("Location is %s, not below %s", found.Header.Get("Location"), url)
		}
	}
	if changes := must[*scimdb.Changes](t)(tenant.Changes(ctx, 0, 0, 0)); changes.Changes[0].Actor != "writer" {
		t.Errorf("%+v", changes)
	}
	get := send(t, "GET", url+"/Users?filter=userName+eq+%22ann%22", reader, "")
	head := send(t, "HEAD", url+"/Users?filter=userName+eq+%22ann%22", reader, "")
	if get.json(t)["totalResults"] != 1.0 || head.StatusCode != 200 || head.body != "" || head.ContentLength != int64(len(get.body)) {
		t.Errorf("%v %v %d", get.body, head.Header, head.ContentLength)
	}
	other := mounted(t, tenant, &scimdb.HandlerOptions{Actor: func(r *http.Request) string { return "proxy at " + r.Method }})
	if found := send(t, "DELETE", other+"/Users/"+get.json(t)["Resources"].([]any)[0].(map[string]any)["id"].(string), writer, ""); found.StatusCode != 204 {
		t.Errorf("%d %s", found.StatusCode, found.body)
	}
	if changes := must[*scimdb.Changes](t)(tenant.Changes(ctx, 0, 0, 0)); changes.Changes[1].Actor != "proxy at DELETE" {
		t.Errorf("%+v", changes)
	}
	config := send(t, "GET", url+"/ServiceProviderConfig", reader, "").json(t)
	if schemes := config["authenticationSchemes"].([]any); len(schemes) != 1 {
		t.Errorf("%v", schemes)
	}
}

func TestHandlerWithCallersOfTheHost(t *testing.T) {
	store := memory(t, nil)
	tenant := store.Tenant("default")
	ann := must[user](t)(scimdb.As[user](tenant.Create(t.Context(), "User", named("ann"), &scimdb.WriteOptions{ID: "a%b c"})))
	var log safeBuffer
	url := mounted(t, tenant, &scimdb.HandlerOptions{
		BaseURL: "https://example.com/scim", MaxBodyBytes: 100, ErrorLog: slog.New(slog.NewTextHandler(&log, nil)),
		DocumentationURI:      "https://example.com/help",
		AuthenticationSchemes: []scimdb.AuthenticationScheme{{Type: "httpbasic", Name: "Basic", Description: "a password"}},
		Authorize: func(r *http.Request) (scimdb.Caller, error) {
			switch strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") {
			case "ann":
				return scimdb.Caller{Actor: "ann", Subject: ann.ID, Scope: "read"}, nil
			case "host":
				return scimdb.Caller{Actor: "host"}, nil
			case "down":
				return scimdb.Caller{}, errors.New("the directory is down")
			}
			return scimdb.Caller{}, &scimdb.Refusal{Status: 401, Detail: "who are you?"}
		},
	})
	cases := []struct {
		method, path, token, body string
		status                    int
	}{
		{"GET", "/Users/a%25b%20c", "ann", "", 200},
		{"GET", "/Users/a%25b%20c?attributes=id", "host", "", 200},
		{"GET", "/Me", "ann", "", 200},
		{"GET", "/Me", "host", "", 501},
		{"DELETE", "/Users/nobody", "ann", "", 403},
		{"DELETE", "/Users/nobody", "host", "", 404},
		{"GET", "/", "host", "", 200},
		{"GET", "/Users", "", "", 401},
		{"GET", "/Users", "down", "", 500},
		{"POST", "/Users", "host", `{"userName": "` + strings.Repeat("x", 200) + `"}`, 413},
		{"POST", "/Users", "host", `{"schemas": ["` + userSchema + `"], "userName": "b"}`, 201},
		{"BREW", "/Users", "host", "", 405},
	}
	for _, c := range cases {
		found := send(t, c.method, url+c.path, c.token, c.body)
		if found.StatusCode != c.status {
			t.Errorf("%+v: %d %s", c, found.StatusCode, found.body)
		}
		if text := found.json(t); c.status >= 400 && (text["status"] == nil || strings.Contains(found.body, "directory")) {
			t.Errorf("%+v: %s", c, found.body)
		}
		if location := found.Header.Get("Location"); c.status == 201 && !strings.HasPrefix(location, "https://example.com/scim/Users/") {
			t.Error(location)
		}
	}
	if !strings.Contains(log.String(), "the directory is down") {
		t.Error(log.String())
	}
	if config := send(t, "GET", url+"/ServiceProviderConfig", "host", "").json(t); config["documentationUri"] != "https://example.com/help" {
		t.Errorf("%v", config)
	}
	check(t, store.Close())
	if found := send(t, "GET", url+"/Users", "host", ""); found.StatusCode != 503 {
		t.Errorf("%d %s", found.StatusCode, found.body)
	}
}

func TestHandlerWithoutAServer(t *testing.T) {
	handler := memory(t, nil).Tenant("default").Handler(&scimdb.HandlerOptions{
		Authorize: func(*http.Request) (scimdb.Caller, error) { return scimdb.Caller{Actor: "a test"}, nil },
	})
	record := func(request *http.Request) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	broken := httptest.NewRequest("POST", "/Users", iotest.ErrReader(io.ErrUnexpectedEOF))
	if found := record(broken); found.Code != 400 || !strings.Contains(found.Body.String(), `"status":"400"`) {
		t.Errorf("%d %s", found.Code, found.Body)
	}
	// Two conditions are two headers; one that is no text is refused rather than lost.
	odd := httptest.NewRequest("DELETE", "/Users/x", nil)
	odd.Header["If-Match"] = []string{"W/\"\xff\""}
	if found := record(odd); found.Code != 400 {
		t.Errorf("%d %s", found.Code, found.Body)
	}
	// Routers and tests make requests without a body.
	bare := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET", "/Users", nil))
	if found := record(bare); found.Code != 200 {
		t.Errorf("%d %s", found.Code, found.Body)
	}
	tls := httptest.NewRequest("POST", "https://scim.example.com/Users", strings.NewReader(`{"schemas": ["`+userSchema+`"], "userName": "a"}`))
	if found := record(tls); found.Code != 201 || !strings.HasPrefix(found.Header().Get("Location"), "https://scim.example.com/Users/") {
		t.Errorf("%d %v", found.Code, found.Header())
	}
}

// TestHandlerOfAnAbsoluteTarget sends the absolute form of a target, as clients of proxies do.
func TestHandlerOfAnAbsoluteTarget(t *testing.T) {
	tenant := memory(t, nil).Tenant("default")
	ann := create(t, tenant, "ann")
	handler := http.StripPrefix("/scim/v2", tenant.Handler(&scimdb.HandlerOptions{
		Authorize: func(*http.Request) (scimdb.Caller, error) { return scimdb.Caller{Actor: "a test"}, nil },
	}))
	for _, target := range []string{"/scim/v2/Users/" + ann.ID, "http://example.com/scim/v2/Users/" + ann.ID + "?attributes=meta"} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", target, nil)
		request.RequestURI = target
		handler.ServeHTTP(recorder, request)
		if want := "http://example.com/scim/v2/Users/" + ann.ID; !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("%s: no %s in %s", target, want, recorder.Body)
		}
	}
}

func TestServe(t *testing.T) {
	store := memory(t, nil)
	create(t, store.Tenant("default"), "ann")
	server := must[*scimdb.Server](t)(store.Serve(map[string]any{"requireTokens": false}))
	url := must[string](t)(server.URL())
	if found := send(t, "GET", url+"/scim/v2/Users", "", ""); found.json(t)["totalResults"] != 1.0 {
		t.Error(found.body)
	}
	check(t, server.Stop(1e9))
	check(t, server.Close())
	_, err := server.URL()
	wants(t, err, scimdb.ErrClosed)
	_, err = store.Serve(`{"adress": "nowhere"}`)
	wants(t, err, scimdb.ErrInvalidArgument)
}

func TestLogger(t *testing.T) {
	var log safeBuffer
	check(t, scimdb.SetLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: scimdb.LevelTrace}))))
	_, err := memory(t, nil).Tenant("default").Get(t.Context(), "User", "nobody", nil)
	wants(t, err, scimdb.ErrNotFound)
	eventually(t, func() bool { return strings.Contains(log.String(), "NOT_FOUND") })
	check(t, scimdb.SetLogger(nil))
}
