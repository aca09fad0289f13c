package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
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
	// Profile is what the tenant's clients send and expect: the name of a built-in one ("strict", "entra", "okta", "activid",
	// "absorb", "activtrak"), or a document. Nil: strict.
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

// A ProfileReport tells which resources a profile would refuse.
type ProfileReport struct {
	// Profile is the profile's name.
	Profile string `json:"profile"`
	// Resources is how many resources were read.
	Resources uint64 `json:"resources"`
	// Refused is how many of them would be refused.
	Refused uint64 `json:"refused"`
	// Counts are how many, by what refuses them.
	Counts []ProfileCount `json:"counts"`
	// Findings are a hundred of them at most.
	Findings []ProfileFinding `json:"findings"`
}

// A ProfileCount is how many resources a rule refuses.
type ProfileCount struct {
	// ResourceType is the resource type's name.
	ResourceType string `json:"resourceType"`
	// Attribute is the attribute that is to blame, or empty.
	Attribute string `json:"attribute"`
	// Rule is a word for what refuses.
	Rule string `json:"rule"`
	// Count is how many resources.
	Count uint64 `json:"count"`
}

// A ProfileFinding is a resource that a profile would refuse.
type ProfileFinding struct {
	// ResourceType is the resource type's name.
	ResourceType string `json:"resourceType"`
	// ID is the resource's id.
	ID string `json:"id"`
	// Attribute is the attribute that is to blame, or empty.
	Attribute string `json:"attribute"`
	// Rule is a word for what refuses.
	Rule string `json:"rule"`
	// Detail tells people what is wrong.
	Detail string `json:"detail"`
}

// CheckProfile reads every resource of the tenant, and tells which of them a profile would refuse if they were written as they
// are. The profile is a name or a document, as in [TenantOptions]; nil is the tenant's own. Nothing is changed.
func (t *Tenant) CheckProfile(ctx context.Context, profile any) (*ProfileReport, error) {
	var encoded []byte
	var err error
	if profile != nil {
		if encoded, err = encode(profile); err != nil {
			return nil, err
		}
	}
	text, err := t.store.call(ctx, func(f *frame) C.scimdb_code {
		tenantPtr, tenantLen := optional(t.name)
		profilePtr, profileLen := options(encoded)
		return C.scimdb_profile_check(t.store.db, tenantPtr, tenantLen, profilePtr, profileLen, &f.c.out, &f.c.err)
	})
	if err != nil {
		return nil, err
	}
	return decode[ProfileReport](text)
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
