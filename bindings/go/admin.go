package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"time"
)

// PutSchemas registers schemas and resource types: documents of RFC 7643 sections 6 and 7, one, or an array of them, that
// take the place of those of the same name. [ErrInUse] if stored resources contradict them.
func (t *Tenant) PutSchemas(ctx context.Context, documents any) error {
	encoded, err := encode(documents)
	if err != nil {
		return err
	}
	return t.store.do(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		bodyPtr, bodyLen := body(encoded)
		return C.scimdb_schema_put(t.store.db, tenantPtr, tenantLen, bodyPtr, bodyLen, &f.c.err)
	})
}

// RemoveSchema removes a schema by its URN, or a resource type by its name. [ErrInUse] while there are resources of it.
func (t *Tenant) RemoveSchema(ctx context.Context, urnOrName string) error {
	return t.store.do(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		namePtr, nameLen := text(urnOrName)
		return C.scimdb_schema_remove(t.store.db, tenantPtr, tenantLen, namePtr, nameLen, &f.c.err)
	})
}

// Schemas are documents of RFC 7643 sections 6 and 7.
type Schemas struct {
	// Schemas are the schemas.
	Schemas []json.RawMessage `json:"schemas"`
	// ResourceTypes are the resource types.
	ResourceTypes []json.RawMessage `json:"resourceTypes"`
}

// Schemas gives the tenant's schemas and resource types, the built-in ones too.
func (t *Tenant) Schemas(ctx context.Context) (*Schemas, error) {
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		return C.scimdb_schema_list(t.store.db, tenantPtr, tenantLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	return decode[Schemas](text)
}

// TenantOptions are the settings of a tenant.
type TenantOptions struct {
	// Profile is what the tenant's clients send and expect: the name of a built-in one ("strict", "entra", "okta"), or a
	// document. Nil: strict.
	Profile any `json:"profile,omitempty"`
}

// TenantInfo tells of a tenant.
type TenantInfo struct {
	// Name is the tenant's name.
	Name string `json:"name"`
	// Profile is the name of its profile.
	Profile string `json:"profile"`
}

// CreateTenant creates a tenant. [ErrAlreadyExists] if there is one of that name.
func (s *Store) CreateTenant(ctx context.Context, name string, opts *TenantOptions) error {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return err
	}
	return s.do(ctx, func(f *frame) C.scimdb_code {
		namePtr, nameLen := text(name)
		optionsPtr, optionsLen := options(encoded)
		return C.scimdb_tenant_create(s.db, namePtr, nameLen, optionsPtr, optionsLen, &f.c.err)
	})
}

// ConfigureTenant changes the settings of a tenant.
func (s *Store) ConfigureTenant(ctx context.Context, name string, opts *TenantOptions) error {
	encoded, err := encodeOptions(opts)
	if err != nil {
		return err
	}
	return s.do(ctx, func(f *frame) C.scimdb_code {
		namePtr, nameLen := text(name)
		optionsPtr, optionsLen := options(encoded)
		return C.scimdb_tenant_configure(s.db, namePtr, nameLen, optionsPtr, optionsLen, &f.c.err)
	})
}

// DropTenant removes a tenant with everything in it.
func (s *Store) DropTenant(ctx context.Context, name string) error {
	return s.do(ctx, func(f *frame) C.scimdb_code {
		namePtr, nameLen := text(name)
		return C.scimdb_tenant_drop(s.db, namePtr, nameLen, &f.c.err)
	})
}

// Tenants tells of all tenants.
func (s *Store) Tenants(ctx context.Context) ([]TenantInfo, error) {
	text, err := s.call(ctx, func(f *frame) C.scimdb_code {
		return C.scimdb_tenant_list(s.db, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	list, err := decode[struct {
		Tenants []TenantInfo `json:"tenants"`
	}](text)
	if err != nil {
		return nil, err
	}
	return list.Tenants, nil
}

// TokenOptions say what a token allows.
type TokenOptions struct {
	// Scope is "read", "write", which is the default, or "admin".
	Scope string
	// Lifetime is how long it is valid; 0: until it is revoked.
	Lifetime time.Duration
	// Subject is the id of the resource that /Me is for its bearer.
	Subject string
}

// encode is the JSON that scimdb_token_create takes.
func (o *TokenOptions) encode() ([]byte, error) {
	if o == nil {
		return nil, nil
	}
	return json.Marshal(struct {
		Scope    string  `json:"scope,omitempty"`
		Lifetime float64 `json:"lifetimeSeconds,omitempty"`
		Subject  string  `json:"subject,omitempty"`
	}{o.Scope, o.Lifetime.Seconds(), o.Subject})
}

// A Token is a bearer token (RFC 6750) as the store keeps it: without its secret.
type Token struct {
	// Name is its name, and the actor of what is written with it.
	Name string `json:"name"`
	// Scope is "read", "write" or "admin".
	Scope string `json:"scope"`
	// Subject is the id of the resource that /Me is for its bearer, or empty.
	Subject string `json:"subject,omitempty"`
	// Created is when it was created.
	Created time.Time `json:"created"`
	// Expires is when it becomes invalid; nil: never.
	Expires *time.Time `json:"expires,omitempty"`
}

// A NewToken is a token that was just created.
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
