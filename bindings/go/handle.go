package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
)

// A Request is a request to the SCIM endpoint, for hosts that have no net/http. [Tenant.Handler] is for those that do.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Target is the path behind the base of the endpoint, as it was sent, with the query: /Users?filter=…
	Target string
	// Headers are the headers, each with its name and value.
	Headers [][2]string
	// Body is the body.
	Body []byte
	// Context is what the host knows about the request.
	Context RequestContext
}

// A RequestContext is what a host knows about a request that does not stand in it.
type RequestContext struct {
	// Base is the URL of the endpoint, without a slash at its end: https://example.com/scim/v2.
	Base string `json:"base,omitempty"`
	// Actor is who sends it, for the change log.
	Actor string `json:"actor,omitempty"`
	// Subject is the id of the resource that the caller is, which /Me shows.
	Subject string `json:"subject,omitempty"`
	// Scope is what the caller may do: "read", "write", which is the default, or "admin".
	Scope string `json:"scope,omitempty"`
	// Permissions are those of the tenant's profile that the caller is limited to; none: all that the scope allows.
	Permissions []string `json:"permissions,omitempty"`
	// Authenticate: the store looks at the bearer token in the headers, which decides subject, scope, permissions, and,
	// without one here, actor. Neither Subject nor Scope nor Permissions may be set then.
	Authenticate bool `json:"authenticate,omitempty"`
	// MaxBodyBytes is how large a body may be. Default 1 MiB.
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`
	// AuthenticationSchemes are those that /ServiceProviderConfig tells. Default: bearer tokens, with Authenticate.
	AuthenticationSchemes []AuthenticationScheme `json:"authenticationSchemes,omitempty"`
	// DocumentationURI is the help that /ServiceProviderConfig points to.
	DocumentationURI string `json:"documentationUri,omitempty"`
}

// An AuthenticationScheme is a way that clients may authenticate in (RFC 7643 section 5).
type AuthenticationScheme struct {
	// Type is "oauthbearertoken", "oauth2", "httpbasic" and so on.
	Type string `json:"type"`
	// Name is the name that people know it by.
	Name string `json:"name"`
	// Description tells people about it.
	Description string `json:"description"`
	// SpecURI is where its specification is.
	SpecURI string `json:"specUri,omitempty"`
}

// A Response is the answer of the SCIM endpoint.
type Response struct {
	// Status is the HTTP status.
	Status int
	// Headers are the headers, with names in lower case.
	Headers map[string]string
	// Body is the body; of an answer to HEAD there is none.
	Body []byte
}

// Handle answers a request as the whole SCIM endpoint (RFC 7644). Whatever is wrong with the request is told by the answer; an
// error means that there is none: the store was closed, or the context of the request is wrong.
func (t *Tenant) Handle(ctx context.Context, request *Request) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	headers, err := json.Marshal(append([][2]string{}, request.Headers...))
	if err != nil {
		return nil, err
	}
	about, err := encode(request.Context)
	if err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.free()
	tenantPtr, tenantLen := optional(t.name)
	methodPtr, methodLen := text(request.Method)
	targetPtr, targetLen := text(request.Target)
	headersPtr, headersLen := body(headers)
	bodyPtr, bodyLen := body(request.Body)
	aboutPtr, aboutLen := body(about)
	code := C.scimdb_handle(t.store.db, tenantPtr, tenantLen, methodPtr, methodLen, targetPtr, targetLen,
		headersPtr, headersLen, bodyPtr, bodyLen, aboutPtr, aboutLen, &f.c.number, &f.c.headers, &f.c.out, &f.c.err)
	if code != C.SCIMDB_OK {
		return nil, t.store.checked(f.failure(code))
	}
	answered, err := decode[map[string]string](copied(f.c.headers.data, f.c.headers.len))
	if err != nil {
		return nil, err
	}
	return &Response{Status: int(f.c.number), Headers: *answered, Body: f.out()}, nil
}
