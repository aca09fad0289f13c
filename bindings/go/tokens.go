package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"time"
)

// TokenOptions say what a token allows.
type TokenOptions struct {
	// Scope is "read", "write", which is the default, or "admin".
	Scope string
	// Lifetime is how long it is valid; 0: until it is revoked.
	Lifetime time.Duration
	// Subject is the id of the resource that /Me is for its bearer.
	Subject string
	// Permissions are those of the tenant's profile that it is limited to; none: all that its scope allows.
	Permissions []string
}

// encode is the JSON that scimdb_token_create takes.
func (o *TokenOptions) encode() ([]byte, error) {
	if o == nil {
		return nil, nil
	}
	return json.Marshal(struct {
		Scope       string   `json:"scope,omitempty"`
		Lifetime    float64  `json:"lifetimeSeconds,omitempty"`
		Subject     string   `json:"subject,omitempty"`
		Permissions []string `json:"permissions,omitempty"`
	}{o.Scope, o.Lifetime.Seconds(), o.Subject, o.Permissions})
}

// A Token is a bearer token (RFC 6750) as the store keeps it: without its secret.
type Token struct {
	// Name is its name, and the actor of what is written with it.
	Name string `json:"name"`
	// Scope is "read", "write" or "admin".
	Scope string `json:"scope"`
	// Subject is the id of the resource that /Me is for its bearer, or empty.
	Subject string `json:"subject,omitempty"`
	// Permissions are those of the tenant's profile that it is limited to; none: all that its scope allows.
	Permissions []string `json:"permissions,omitempty"`
	// Created is when it was created.
	Created time.Time `json:"created"`
	// Expires is when it becomes invalid; nil: never.
	Expires *time.Time `json:"expires,omitempty"`
}

// A NewToken is a token that was just created, or given a new secret.
type NewToken struct {
	// Name is its name.
	Name string `json:"name"`
	// Secret is what its bearer sends. The store cannot tell it a second time.
	Secret string `json:"secret"`
}

// An Identity is whose a token is.
type Identity struct {
	// Tenant is the tenant that the token is of.
	Tenant string `json:"tenant"`
	// Name is the token's name.
	Name string `json:"name"`
	// Scope is "read", "write" or "admin".
	Scope string `json:"scope"`
	// Subject is the id of the resource that /Me is for its bearer, or empty.
	Subject string `json:"subject,omitempty"`
	// Permissions are those of the tenant's profile that it is limited to; none: all that its scope allows.
	Permissions []string `json:"permissions,omitempty"`
}

// CreateToken creates a bearer token for the tenant. [ErrAlreadyExists] if the name is taken.
func (t *Tenant) CreateToken(ctx context.Context, name string, opts *TokenOptions) (*NewToken, error) {
	encoded, err := opts.encode()
	if err != nil {
		return nil, err
	}
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		namePtr, nameLen := text(name)
		optionsPtr, optionsLen := options(encoded)
		return C.scimdb_token_create(t.store.db, tenantPtr, tenantLen, namePtr, nameLen, optionsPtr, optionsLen,
			&f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	return decode[NewToken](text)
}

// RegenerateToken gives a token a new secret. What it was created with stays, and its old secret is unknown from now on.
func (t *Tenant) RegenerateToken(ctx context.Context, name string) (*NewToken, error) {
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		namePtr, nameLen := text(name)
		return C.scimdb_token_regenerate(t.store.db, tenantPtr, tenantLen, namePtr, nameLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	return decode[NewToken](text)
}

// RevokeToken makes a token invalid, now and for ever.
func (t *Tenant) RevokeToken(ctx context.Context, name string) error {
	return t.store.do(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		namePtr, nameLen := text(name)
		return C.scimdb_token_revoke(t.store.db, tenantPtr, tenantLen, namePtr, nameLen, &f.c.err)
	})
}

// Tokens tells of the tenant's tokens.
func (t *Tenant) Tokens(ctx context.Context) ([]Token, error) {
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		return C.scimdb_token_list(t.store.db, tenantPtr, tenantLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	list, err := decode[struct {
		Tokens []Token `json:"tokens"`
	}](text)
	if err != nil {
		return nil, err
	}
	return list.Tokens, nil
}

// Authenticate tells whose a secret is, of whatever tenant. [ErrUnauthenticated] if it is nobody's, expired or revoked.
func (s *Store) Authenticate(ctx context.Context, secret string) (*Identity, error) {
	text, err := s.call(ctx, func(f *frame) C.scimdb_code {
		secretPtr, secretLen := text(secret)
		return C.scimdb_authenticate(s.db, secretPtr, secretLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	return decode[Identity](text)
}
