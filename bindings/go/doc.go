// Package scimdb is an embedded SCIM 2.0 store: users, groups and whatever else an identity provider provisions
// (RFC 7643, RFC 7644), kept in one directory, in your own process.
//
// A [Store] is opened once and used by any number of goroutines. A [Tenant] of it has the verbs: Get, Create, Replace,
// Patch, Delete, Search, Iterate, Bulk, Import, Changes. [Tenant.Handler] is the whole SCIM endpoint as an
// [net/http.Handler].
//
//	store, err := scimdb.Open("identities", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	http.Handle("/scim/v2/", http.StripPrefix("/scim/v2", store.Tenant("default").Handler(nil)))
//
// # Resources
//
// What goes in is JSON text (a string, a []byte or a [json.RawMessage]), or any value that encoding/json makes JSON of.
// What comes out of SCIM is [json.RawMessage]; [As] decodes it:
//
//	ann, err := scimdb.As[User](tenant.Get(ctx, "User", id, nil))
//
// What is scimdb's own rather than SCIM's (changes, tokens, reports) comes out as Go structs.
//
// # Errors
//
// Every error of the store is an [*Error]. Its kind is found by [errors.Is]:
//
//	if errors.Is(err, scimdb.ErrNotFound) { … }
//
// # Contexts
//
// A call whose context is done before it begins returns the context's error. A call that has begun runs to its end, but for
// Changes, Watch, Job, Iterate and imports, which look at the context again and again. [Store.Interrupt] ends the
// reads of the whole store early; nothing ends a single one.
//
// # Linking
//
// The package is cgo over the C library, which pkg-config finds under the name scimdb. With the build tag scimdb_static the
// library becomes a part of the program.
package scimdb
