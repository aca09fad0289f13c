package scimdb

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// HandlerOptions say how a [Tenant.Handler] answers. The zero value is safe: the store asks for bearer tokens.
type HandlerOptions struct {
	// BaseURL is the URL of the endpoint as clients know it, without a slash at its end: https://example.com/scim/v2.
	// Default: what the request says, by its Host, whether it came over TLS, and what [http.StripPrefix] took away.
	// Behind a proxy it must be set.
	BaseURL string
	// Authorize tells who sends a request, in place of the store's tokens. A [Refusal] refuses it; any other error is a
	// failure of the host, and answered with 500.
	Authorize func(*http.Request) (Caller, error)
	// Actor tells who acts, for the change log, where the store checks tokens. Default: the name of the token.
	Actor func(*http.Request) string
	// MaxBodyBytes is how large a body may be. Default 1 MiB.
	MaxBodyBytes int64
	// AuthenticationSchemes are those that /ServiceProviderConfig tells. Default: bearer tokens, without Authorize.
	AuthenticationSchemes []AuthenticationScheme
	// DocumentationURI is the help that /ServiceProviderConfig points to.
	DocumentationURI string
	// ErrorLog is told of failures of the host and of the store. Nil: slog's default.
	ErrorLog *slog.Logger
}

// A Caller is who sends a request.
type Caller struct {
	// Actor is its name, for the change log.
	Actor string
	// Subject is the id of the resource that it is, which /Me shows.
	Subject string
	// Scope is what it may do: "read", "write", which is the default, or "admin".
	Scope string
	// Permissions are those of the tenant's profile that it is limited to; none: all that the scope allows.
	Permissions []string
}

const (
	defaultMaxBody = 1 << 20
	mediaType      = "application/scim+json"
)

// Handler is the tenant's whole SCIM endpoint (RFC 7644). It answers paths from the base of the endpoint on, so that it is
// mounted behind [http.StripPrefix]:
//
//	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", tenant.Handler(nil)))
//
// Paths are taken as they were sent, so that an id may have an encoded slash in it.
func (t *Tenant) Handler(opts *HandlerOptions) http.Handler {
	handler := &handler{tenant: t}
	if opts != nil {
		handler.options = *opts
	}
	if handler.options.MaxBodyBytes <= 0 {
		handler.options.MaxBodyBytes = defaultMaxBody
	}
	if handler.options.ErrorLog == nil {
		handler.options.ErrorLog = slog.Default()
	}
	return handler
}

type handler struct {
	tenant  *Tenant
	options HandlerOptions
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	request := Request{Method: r.Method, Target: path, Headers: headersOf(r), Context: RequestContext{
		Base:                  h.options.BaseURL,
		Authenticate:          h.options.Authorize == nil,
		MaxBodyBytes:          h.options.MaxBodyBytes,
		AuthenticationSchemes: h.options.AuthenticationSchemes,
		DocumentationURI:      h.options.DocumentationURI,
	}}
	if r.URL.RawQuery != "" {
		request.Target += "?" + r.URL.RawQuery
	}
	if request.Context.Base == "" {
		request.Context.Base = baseOf(r, path)
	}
	if h.options.Authorize == nil && h.options.Actor != nil {
		request.Context.Actor = h.options.Actor(r)
	}
	if h.options.Authorize != nil {
		caller, err := h.options.Authorize(r)
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		request.Context.Actor, request.Context.Subject, request.Context.Scope = caller.Actor, caller.Subject, caller.Scope
		request.Context.Permissions = caller.Permissions
	}
	// A server's requests always have a body; those that a test or a router makes may have none.
	if r.Body != nil {
		var err error
		// One byte more than is allowed, and the store answers 413.
		if request.Body, err = io.ReadAll(io.LimitReader(r.Body, h.options.MaxBodyBytes+1)); err != nil {
			h.refuse(w, r, &Refusal{Status: http.StatusBadRequest, Detail: "the body did not come to its end"})
			return
		}
	}
	response, err := h.tenant.Handle(r.Context(), &request)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(response.Status)
	// An error means that the client is gone.
	_, _ = w.Write(response.Body)
}

// refuse answers what the store did not.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *Refusal
	var failure *Error
	switch {
	case errors.As(err, &refusal):
	case r.Context().Err() != nil:
		// The client is gone.
		refusal = &Refusal{Status: http.StatusServiceUnavailable, Detail: "the request was given up"}
	case errors.Is(err, ErrClosed):
		refusal = &Refusal{Status: http.StatusServiceUnavailable, Detail: "the store is closed"}
	case errors.As(err, &failure) && failure.Status == http.StatusServiceUnavailable:
		refusal = &Refusal{Status: failure.Status, Detail: failure.Detail}
	default:
		h.options.ErrorLog.ErrorContext(r.Context(), "scimdb: a request failed", "method", r.Method, "error", err)
		refusal = &Refusal{Status: http.StatusInternalServerError, Detail: "the server failed to answer this request"}
	}
	complete := refusal.complete()
	w.Header().Set("Content-Type", mediaType)
	if complete.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(complete.Status)
	_, _ = w.Write(complete.json())
}

// headersOf is the headers of a request, each with one of its values.
func headersOf(r *http.Request) [][2]string {
	headers := make([][2]string, 0, len(r.Header))
	for name, values := range r.Header {
		for _, value := range values {
			headers = append(headers, [2]string{name, value})
		}
	}
	return headers
}

// baseOf is the URL of the endpoint as a request tells it. The path that was sent ends with the path that is left of it.
func baseOf(r *http.Request, path string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	sent, _, _ := strings.Cut(r.RequestURI, "?")
	// The absolute form (RFC 9112 section 3.2.2): what stands behind the authority is the path.
	if _, behind, absolute := strings.Cut(sent, "://"); absolute && !strings.HasPrefix(sent, "/") {
		_, sent, _ = strings.Cut(behind, "/")
		sent = "/" + sent
	}
	prefix, found := strings.CutSuffix(sent, path)
	if !found || !strings.HasPrefix(prefix, "/") {
		prefix = ""
	}
	return fmt.Sprintf("%s://%s%s", scheme, r.Host, strings.TrimSuffix(prefix, "/"))
}
